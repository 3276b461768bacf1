/** Iterables that break the protocol: a clear end, one outcome for each event that was given, and no wait without bound. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { from, type Observable } from 'rxjs';
import { eachOutcomeFrom, loadBalanceFrom, type Outcome } from '../../src/index.js';
import { until } from '../until.js';
import { expectNothingUnhandled } from './unhandled.js';
import { oddValues } from './values.js';

type Next = () => unknown;

/** What an iterator may have beside `next`. */
interface Rest {
  readonly return?: unknown;
}

const syncOf = (next: Next, rest: Rest = {}): Iterable<string> =>
  ({ [Symbol.iterator]: () => ({ next, ...rest }) }) as Iterable<string>;

const asyncOf = (next: Next, rest: Rest = {}): AsyncIterable<string> =>
  ({ [Symbol.asyncIterator]: () => ({ next, ...rest }) }) as AsyncIterable<string>;

/** Gives a, b, c, and then whatever `then` says. */
const abcThen = (then: Next, wrap: (result: unknown) => unknown): Next => {
  const events = ['a', 'b', 'c'];
  return () => {
    const value = events.shift();
    return value === undefined ? then() : wrap({ done: false, value });
  };
};

const asIs = (result: unknown): unknown => result;
const promised = async (result: unknown): Promise<unknown> => Promise.resolve(result);

/** What came out, and how it ended. */
interface Story {
  readonly events: string[];
  end: string;
  error?: unknown;
}

function storyOf(outcomes$: Observable<Outcome<string>>): Story {
  const story: Story = { events: [], end: 'none' };
  outcomes$.subscribe({
    next: ({ event }) => story.events.push(event),
    error: (error: unknown) => {
      story.end = 'error';
      story.error = error;
    },
    complete: () => {
      story.end = 'complete';
    },
  });
  return story;
}

const send = async (event: string): Promise<string> => Promise.resolve(event);

const isResult = (value: unknown): boolean => typeof value === 'object' && value !== null;

describe('an iterator', () => {
  expectNothingUnhandled();

  const broken = oddValues.filter(({ make }) => !isResult(make()));

  describe('whose next gives', () => {
    for (const { what, make } of broken) {
      it(`${what} should fail the output with a TypeError, after the outcomes of what it gave before`, async () => {
        let asked = 0;
        const next = abcThen(() => (asked++, make()), asIs);

        const story = storyOf(loadBalanceFrom(syncOf(next), [send]));
        await until('the end', () => story.end !== 'none');

        expect(story).to.deep.include({ events: ['a', 'b', 'c'], end: 'error' });
        expect(story.error).to.be.instanceOf(TypeError);
        expect(asked).to.equal(1);
      });
    }

    it('an object of nothing should give undefined, as the protocol has it', async () => {
      let asked = 0;
      const next: Next = () => (++asked > 3 ? { done: true } : {});

      const story = storyOf(loadBalanceFrom(syncOf(next), [send]));
      await until('the end', () => story.end !== 'none');

      expect(story).to.deep.include({ events: [undefined, undefined, undefined], end: 'complete' });
    });

    it('a rejection with undefined should fail the output with undefined', async () => {
      const next = abcThen(
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- that is the point
        () => Promise.reject(undefined),
        promised,
      );

      const story = storyOf(loadBalanceFrom(asyncOf(next), [send]));
      await until('the end', () => story.end !== 'none');

      expect(story).to.deep.equal({ events: ['a', 'b', 'c'], end: 'error', error: undefined });
    });

    it('a result at once, of an iterable that is said to be asynchronous, should be taken', async () => {
      const next = abcThen(() => ({ done: true }), asIs);

      const story = storyOf(loadBalanceFrom(asyncOf(next), [send]));
      await until('the end', () => story.end !== 'none');

      expect(story).to.deep.include({ events: ['a', 'b', 'c'], end: 'complete' });
    });

    it('a promise that never resolves should be left behind when the loop is', async () => {
      const never = new Promise(() => undefined);
      const outcomes = eachOutcomeFrom(asyncOf(abcThen(() => never, promised)), [send]);
      const seen: string[] = [];

      for await (const { event } of outcomes) {
        seen.push(event);
        if (event === 'c') {
          break;
        }
      }

      expect(seen).to.deep.equal(['a', 'b', 'c']);
    });
  });

  describe('that has no next, or is none,', () => {
    for (const { what, make } of oddValues) {
      it(`but ${what}, should fail the output`, async () => {
        const iterable = { [Symbol.iterator]: () => make() } as Iterable<string>;

        const story = storyOf(loadBalanceFrom(iterable, [send]));
        await until('the end', () => story.end !== 'none');

        expect(story).to.deep.include({ events: [], end: 'error' });
        expect(story.error).to.be.an('error');
      });
    }
  });

  const refuse = (): never => {
    throw new Error('no return');
  };

  const returns: Readonly<Record<string, Rest>> = {
    throws: { return: refuse },
    rejects: { return: async () => Promise.resolve().then(refuse) },
    'never resolves': { return: async () => new Promise(() => undefined) },
    'gives nothing': { return: () => undefined },
    'gives null': { return: () => null },
    'gives a number': { return: () => 7 },
    'gives what claims to be a promise': { return: () => ({ then: 7 }) },
    'gives a thenable that throws': { return: () => ({ then: refuse }) },
    'gives an object whose getters throw': { return: () => new Proxy({}, { get: refuse }) },
    'is missing': {},
    'is null': { return: null },
    'is no function': { return: 7 },
  };

  for (const [what, rest] of Object.entries(returns)) {
    describe(`whose return ${what}`, () => {
      const sources: readonly (readonly [string, () => Iterable<string> | AsyncIterable<string>])[] = [
        [
          'sync',
          () =>
            syncOf(
              abcThen(() => ({ done: true }), asIs),
              rest,
            ),
        ],
        [
          'async',
          () =>
            asyncOf(
              abcThen(() => promised({ done: true }), promised),
              rest,
            ),
        ],
      ];

      for (const [kind, source] of sources) {
        it(`should be left by break all the same (${kind})`, async () => {
          const seen: string[] = [];
          for await (const { event } of eachOutcomeFrom(source(), [send])) {
            seen.push(event);
            if (event === 'b') {
              break;
            }
          }
          expect(seen).to.deep.equal(['a', 'b']);
        });

        it(`should be left by a throw in the loop, which is passed on (${kind})`, async () => {
          const error = new Error('mine');
          const loop = async (): Promise<void> => {
            for await (const { status } of eachOutcomeFrom(source(), [send])) {
              expect(status).to.equal('delivered');
              throw error;
            }
          };
          expect(await loop().catch((thrown: unknown) => thrown)).to.equal(error);
        });

        it(`should be left by a close, with an outcome for what was given (${kind})`, async () => {
          const story = storyOf(
            loadBalanceFrom(source(), [async () => new Promise<string>(() => undefined)], {
              closeOn: from(sleep(5)),
            }),
          );
          await until('the end', () => story.end !== 'none');

          expect(story).to.deep.equal({ events: ['a'], end: 'complete' });
        });
      }
    });
  }
});
