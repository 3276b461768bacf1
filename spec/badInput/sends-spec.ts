/** Sends that answer with anything, in any way: each is one failed attempt or one delivery, and nothing is left unhandled (R17, R23). */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { concat, NEVER, Observable, of, throwError, type ObservableInput } from 'rxjs';
import { isDropped, type Connection } from '../../src/index.js';
import { anObservableInput } from './kinds.js';
import { inShort, outcomesOf } from './outcomes.js';
import { expectNothingUnhandled } from './unhandled.js';
import { closedObjects, functions, oddValues } from './values.js';

const up$ = concat(of('up' as const), NEVER);

/** A connection whose first send answers so, and each further one well. */
function once(answer: () => unknown): Connection<string, string> {
  let sends = 0;
  const send = (): ObservableInput<string> =>
    sends++ === 0 ? (answer() as ObservableInput<string>) : of('well');
  return { name: 'place', state$: up$, send };
}

/** A connection that always answers so. */
const always = (answer: () => unknown): Connection<string, string> => ({
  name: 'place',
  state$: up$,
  send: answer as () => ObservableInput<string>,
});

/** By what RxJS knows the Observable of another library, as the platform has no such symbol. */
const interop = '@@observable';

const thrown = (value: unknown): never => {
  throw value;
};

interface Told {
  next: (value: string) => void;
  error: (error: unknown) => void;
  complete: () => void;
}

/** An Observable of a library that guards nothing. */
const foreign = (tell: (told: Told) => void): unknown => ({
  [interop]: () => ({ subscribe: tell }),
});

const values = [...oddValues, ...functions];

describe('a send that', () => {
  expectNothingUnhandled();

  describe('returns', () => {
    for (const { what, make } of values.filter((odd) => !anObservableInput(odd.make()))) {
      it(`${what} should be a failed attempt, and no more`, async () => {
        const outcomes = await outcomesOf(['a', 'b'], [once(make)]);

        expect(outcomes.map(inShort)).to.have.members(['a@place 2', 'b@place 1']);
      });
    }

    for (const { what, make } of values.filter((odd) => anObservableInput(odd.make()))) {
      it(`${what} should be a delivery, as it is something that RxJS subscribes to`, async () => {
        const outcomes = await outcomesOf(['a', 'b'], [once(make)]);

        expect(outcomes.map(inShort)).to.have.members(['a@place 1', 'b@place 1']);
      });
    }

    for (const { what, make } of closedObjects) {
      it(`${what} should be a failed attempt`, async () => {
        const outcomes = await outcomesOf(['a'], [once(make)]);

        expect(outcomes.map(inShort)).to.deep.equal(['a@place 2']);
      });
    }
  });

  const ways: Readonly<Record<string, (value: unknown) => unknown>> = {
    throws: thrown,
    'rejects with': (value) => Promise.resolve().then(() => thrown(value)),
    'gives a stream that fails with': (value) => throwError(() => value),
    'gives a stream that emits and then fails with': (value) =>
      concat(
        of('r'),
        throwError(() => value),
      ),
    'gives a stream that cannot be subscribed to, for': (value) => new Observable(() => thrown(value)),
    'gives an iterable that throws': (value) => ({ [Symbol.iterator]: () => thrown(value) }),
    'gives an async iterable that throws': (value) => ({ [Symbol.asyncIterator]: () => thrown(value) }),
    'gives a thenable that throws': (value) => ({ then: () => thrown(value) }),
    'gives something of which `then` throws': (value) =>
      Object.defineProperty({}, 'then', { get: () => thrown(value) }),
  };

  for (const [how, fail] of Object.entries(ways)) {
    describe(how, () => {
      for (const { what, make } of values) {
        it(`${what} should be a failed attempt with that very error`, async () => {
          const error = make();
          const [first, ...more] = await outcomesOf(['a'], [always(() => fail(error))], { maxAttempts: 2 });

          expect(more).to.deep.equal([]);
          expect(first).to.include({ status: 'dropped', reason: 'attempts', attempts: 2 });
          expect(first !== undefined && isDropped(first) && Object.is(first.error, error)).to.equal(true);
        });
      }
    });
  }

  describe('answers more than once,', () => {
    type Then = (fulfilled: (value: string) => void, rejected: (error: unknown) => void) => unknown;

    const thenables: Readonly<Record<string, readonly [then: Then, expected: string]>> = {
      'fulfilled twice': [
        (fulfilled) => {
          fulfilled('r');
          fulfilled('s');
          return Promise.resolve();
        },
        'a@place 1',
      ],
      'fulfilled and then rejected': [
        (fulfilled, rejected) => {
          fulfilled('r');
          rejected(new Error('late'));
          return Promise.resolve();
        },
        'a@place 1',
      ],
      'fulfilled before it throws': [
        (fulfilled) => {
          fulfilled('r');
          throw new Error('late');
        },
        'a@place 1',
      ],
      'fulfilled again a moment later': [
        async (fulfilled) => {
          fulfilled('r');
          await sleep(1);
          fulfilled('s');
        },
        'a@place 1',
      ],
      'rejected and then fulfilled': [
        (fulfilled, rejected) => {
          rejected(new Error('no'));
          fulfilled('r');
          return Promise.resolve();
        },
        'a@place 2',
      ],
      'rejected twice': [
        (_fulfilled, rejected) => {
          rejected(new Error('no'));
          rejected(new Error('no again'));
          return Promise.resolve();
        },
        'a@place 2',
      ],
    };

    for (const [how, [then, expected]] of Object.entries(thenables)) {
      it(`${how}, should be believed the first time`, async () => {
        const outcomes = await outcomesOf(['a', 'b'], [once(() => ({ then }))]);

        expect(outcomes.map(inShort)).to.have.members([expected, 'b@place 1']);
      });
    }

    const streams: Readonly<Record<string, readonly [tell: (told: Told) => void, expected: string]>> = {
      'completed twice': [
        (told) => {
          told.complete();
          told.complete();
        },
        'a@place 1',
      ],
      'completed before it fails': [
        (told) => {
          told.complete();
          told.error(new Error('late'));
        },
        'a@place 1',
      ],
      'completed before it emits': [
        (told) => {
          told.complete();
          told.next('late');
        },
        'a@place 1',
      ],
      'completed before it throws': [
        (told) => {
          told.complete();
          throw new Error('late');
        },
        'a@place 1',
      ],
      'failed before it completes': [
        (told) => {
          told.error(new Error('no'));
          told.complete();
        },
        'a@place 2',
      ],
      'failed twice': [
        (told) => {
          told.error(new Error('no'));
          told.error(new Error('no again'));
        },
        'a@place 2',
      ],
    };

    for (const [how, [tell, expected]] of Object.entries(streams)) {
      it(`${how}, should be believed the first time`, async () => {
        const outcomes = await outcomesOf(['a', 'b'], [once(() => foreign(tell))]);

        expect(outcomes.map(inShort)).to.have.members([expected, 'b@place 1']);
      });
    }
  });

  it('keeps answering after it was cancelled should not be heard', async () => {
    let tell: ((value: string) => void) | undefined;
    const deaf = foreign((told) => {
      tell = (value) => {
        told.next(value);
        told.complete();
      };
    });

    const outcomes = await outcomesOf(['a', 'b'], [once(() => deaf)], { timeout: { send: 5 } });
    tell?.('late');

    expect(outcomes.map(inShort)).to.have.members(['a@place 2', 'b@place 1']);
  });

  it('gives a million values should deliver the last one', async () => {
    const many = new Observable<string>((subscriber) => {
      for (let index = 1; index <= 1_000_000; index++) {
        subscriber.next(`value ${index}`);
      }
      subscriber.complete();
    });

    const [outcome] = await outcomesOf(['a'], [once(() => many)]);

    expect(outcome).to.include({ status: 'delivered', value: 'value 1000000' });
  });
});
