/** Answers to a batch that make no sense: the batch has failed by a clear error, and each event has one outcome (R16, R17). */
import { expect } from 'chai';
import fc from 'fast-check';
import { concat, from, NEVER, of, type ObservableInput } from 'rxjs';
import { isDropped, type BatchConnection, type Outcome } from '../../src/index.js';
import { runs } from '../properties/runs.js';
import { inShort, outcomesOf } from './outcomes.js';
import { expectNothingUnhandled } from './unhandled.js';
import { closedObjects, functions, oddValues } from './values.js';

const up$ = concat(of('up' as const), NEVER);

type Results = ObservableInput<undefined>;

/** A connection for batches of three, whose first answer is this one; every further one delivers all. */
function once(answer: () => unknown): BatchConnection<string, undefined> {
  let sends = 0;
  const send = (): Results => (sends++ === 0 ? (answer() as Results) : of(undefined));
  return { name: 'bulk', state$: up$, batch: { size: 3, linger: 1_000, send } };
}

/** A connection that always answers so. */
const always = (answer: () => unknown): BatchConnection<string, undefined> => ({
  name: 'bulk',
  state$: up$,
  batch: { size: 3, linger: 1_000, send: answer as () => Results },
});

const events = ['a', 'b', 'c'];

/** What becomes of three events in one batch when every answer is this one. */
const failuresOf = (answer: () => unknown): Promise<Outcome<string>[]> =>
  outcomesOf(events, [always(answer)], { maxAttempts: 1 });

const errorOf = (outcome: Outcome<string> | undefined): unknown =>
  outcome !== undefined && isDropped(outcome) ? outcome.error : undefined;

const odd = [...oddValues, ...functions];

describe('an answer to a batch that', () => {
  expectNothingUnhandled();

  describe('is', () => {
    // Nothing and an empty list name no event: all are delivered.
    const namesNone = (value: unknown): boolean =>
      value === undefined || (Array.isArray(value) && value.length === 0);
    // What is no list and yet can be iterated is nobody's business.
    const isEmpty = (value: unknown): boolean => value === '' || value instanceof Set;

    for (const { what, make } of odd.filter(({ make: made }) => !isEmpty(made()))) {
      const expected = namesNone(make()) ? '1' : '2';
      it(`${what} should ${expected === '1' ? 'deliver all' : 'have failed, and all be sent again'}`, async () => {
        for (const answer of [async () => Promise.resolve(make()), () => of(make())]) {
          // A promise in a promise is what it is fulfilled with.
          const isUnwrapped = make() instanceof Promise && answer() instanceof Promise;
          const outcomes = await outcomesOf(events, [once(answer)]);

          const attempts = isUnwrapped ? '1' : expected;
          expect(outcomes.map(inShort)).to.deep.equal(events.map((event) => `${event}@bulk ${attempts}`));
        }
      });
    }
  });

  describe('names as an event', () => {
    for (const { what, make } of [...odd, ...closedObjects]) {
      it(`${what} should have failed`, async () => {
        const outcomes = await outcomesOf(events, [once(() => of([make()]))]);

        expect(outcomes.map(inShort)).to.deep.equal(['a@bulk 2', 'b@bulk 2', 'c@bulk 2']);
      });

      it(`${what} should have failed for those that it has not named before`, async () => {
        const results = (): unknown => of([{ index: 1, status: 'delivered' }, make()]);
        const outcomes = await outcomesOf(events, [once(results)]);

        // A batch that makes progress has used no attempt of the others, but they were sent twice.
        expect(outcomes.map(inShort)).to.deep.equal(['b@bulk 1', 'a@bulk 2', 'c@bulk 2']);
      });
    }
  });

  describe('has as an index', () => {
    const isIndex = (value: unknown): boolean => value === 0 || value === 1;

    for (const { what, make } of odd.filter(({ make: made }) => !isIndex(made()))) {
      it(`${what} should have failed, and say so`, async () => {
        const outcomes = await failuresOf(() => of([{ index: make(), status: 'delivered' }]));

        expect(outcomes.map(inShort)).to.deep.equal(['a attempts 1', 'b attempts 1', 'c attempts 1']);
        expect(errorOf(outcomes[0]))
          .to.be.instanceOf(RangeError)
          .with.property('message')
          .that.matches(/^bulk: expected `index of a result` to be an integer from 0 to 2, got .+$/);
      });
    }
  });

  describe('has as a status', () => {
    for (const { what, make } of odd) {
      it(`${what} should have failed, and say so`, async () => {
        const outcomes = await failuresOf(() => of([{ index: 0, status: make() }]));

        expect(outcomes.map(inShort)).to.deep.equal(['a attempts 1', 'b attempts 1', 'c attempts 1']);
        expect(errorOf(outcomes[2]))
          .to.be.instanceOf(RangeError)
          .with.property('message')
          .that.matches(/^bulk: expected `status of a result` to be 'delivered' or 'failed', got .+$/);
      });
    }
  });

  describe('has as the error of an event', () => {
    for (const { what, make } of odd) {
      it(`${what} should give it as it is`, async () => {
        const error = make();
        const outcomes = await failuresOf(() => of([{ index: 0, status: 'failed', error }]));

        expect(outcomes.map(inShort)).to.have.members(['a attempts 1', 'b attempts 1', 'c attempts 1']);
        const first = outcomes.find(({ event }) => event === 'a');
        expect(Object.is(errorOf(first), error)).to.equal(true);
      });
    }
  });

  it('throws half-way, while it is read, should keep what it has said', async () => {
    const results: unknown[] = [{ index: 2, status: 'delivered' }];
    Object.defineProperty(results, 1, {
      get: () => {
        throw new Error('half-way');
      },
    });

    const outcomes = await outcomesOf(events, [once(() => of(results))]);

    expect(outcomes.map(inShort)).to.deep.equal(['c@bulk 1', 'a@bulk 2', 'b@bulk 2']);
  });

  it('names every event a thousand times should count the first', async () => {
    const results = Array.from({ length: 3_000 }, (_, index) => ({
      index: index % 3,
      status: index < 3 ? 'delivered' : 'failed',
      error: new Error('late'),
    }));

    const outcomes = await outcomesOf(events, [once(() => of(results))]);

    expect(outcomes.map(inShort)).to.deep.equal(['a@bulk 1', 'b@bulk 1', 'c@bulk 1']);
  });

  it('goes on after every event was named should not be heard', async () => {
    const all = events.map((_, index) => ({ index, status: 'delivered' }));
    const answer = concat(of(all), of([{ index: 7, status: 'odd' }]), NEVER);

    const outcomes = await outcomesOf(events, [once(() => answer)], { timeout: { send: 5 } });

    expect(outcomes.map(inShort)).to.deep.equal(['a@bulk 1', 'b@bulk 1', 'c@bulk 1']);
  });

  it('is anything at all should leave each event with one outcome', async () => {
    const indices = fc.oneof(fc.nat({ max: 3 }), fc.double(), fc.string());
    const statuses = fc.constantFrom<unknown>('delivered', 'failed', 'delivered', 'failed', 'odd', undefined);
    const results = fc.record(
      { index: indices, status: statuses, error: fc.anything() },
      { requiredKeys: [] },
    );
    const lists = fc.oneof(
      fc.array(fc.oneof({ arbitrary: results, weight: 5 }, { arbitrary: fc.anything(), weight: 1 }), {
        maxLength: 5,
      }),
      fc.anything(),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(lists, { maxLength: 4 }), fc.boolean(), async (answers, fails) => {
        let sends = 0;
        const answer = (): unknown => {
          const said = from(answers.slice(sends, ++sends));
          return fails ? concat(said, from(['no'])) : said;
        };

        const outcomes = await outcomesOf(events, [always(answer)], { maxAttempts: 3, reconnectDelay: 0 });

        expect(outcomes.map(({ event }) => event)).to.have.members(events);
        expect(outcomes).to.have.length(3);
      }),
      { numRuns: Math.min(runs, 1_000) },
    );
  });
});
