/** The balancer as an async iteration: bounded from end to end, and ended from either. */
import { getEventListeners } from 'node:events';
import { expect } from 'chai';
import { finalize, NEVER, Observable, of, Subject, throwError } from 'rxjs';
import {
  eachOutcomeFrom,
  isDelivered,
  RejectedError,
  type Connection,
  type ConnectionState,
  type Outcome,
} from '../../src/index.js';

/** `a` was delivered; `a closed` was dropped, and why. */
const inShort = (outcome: Outcome<unknown>): string =>
  isDelivered(outcome) ? String(outcome.event) : `${String(outcome.event)} ${outcome.reason}`;

/** When all that promises lead to has happened. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) {
    await Promise.resolve();
  }
}

/** Numbers, without end unless it is told the last, which count what is done to them. */
class Numbers implements Iterable<number> {
  opened = 0;
  asked = 0;
  returned = 0;

  constructor(private readonly last = Infinity) {}

  [Symbol.iterator](): Iterator<number, undefined> {
    this.opened++;
    return {
      next: () =>
        this.asked++ < this.last ? { done: false, value: this.asked } : { done: true, value: undefined },
      return: () => {
        this.returned++;
        return { done: true, value: undefined };
      },
    };
  }
}

/** A connection that is answered by hand, and counts what is done to it. */
class Steered implements Connection<unknown, string> {
  readonly name = 'steered';
  /** How often it is open. */
  open = 0;
  /** The sends that are in flight, oldest first. */
  readonly inFlight: Subject<string>[] = [];

  constructor(readonly window = 1) {}

  readonly state$ = new Observable<ConnectionState>((subscriber) => {
    this.open++;
    subscriber.next('up');
    return () => {
      this.open--;
    };
  });

  readonly send = (): Observable<string> => {
    const answer$ = new Subject<string>();
    this.inFlight.push(answer$);
    return answer$.pipe(finalize(() => this.inFlight.splice(this.inFlight.indexOf(answer$), 1)));
  };

  /** Acknowledges the oldest send. */
  async acknowledge(): Promise<void> {
    this.inFlight[0]?.complete();
    await settled();
  }
}

const double = (event: number): Observable<number> => of(event * 2);

describe('eachOutcomeFrom', () => {
  describe('gives', () => {
    it('every outcome to the loop, and ends with the source', async () => {
      const source = new Numbers(3);
      const values: unknown[] = [];
      for await (const outcome of eachOutcomeFrom(source, [double])) {
        values.push(isDelivered(outcome) && outcome.value);
      }
      expect(values).to.deep.equal([2, 4, 6]);
      expect(source.returned).to.equal(0);
    });

    it('dropped events as well', async () => {
      const heard: string[] = [];
      const reject = (event: number): Observable<number> =>
        event === 2 ? throwError(() => new RejectedError('never')) : of(event);
      for await (const outcome of eachOutcomeFrom([1, 2, 3], [reject])) {
        heard.push(inShort(outcome));
      }
      expect(heard).to.deep.equal(['1', '2 rejected', '3']);
    });

    it('the outcomes of an async iterable', async () => {
      async function* events(): AsyncGenerator<string> {
        yield await Promise.resolve('a');
        yield 'b';
      }
      const heard: string[] = [];
      for await (const outcome of eachOutcomeFrom(events(), [(event) => Promise.resolve(event)])) {
        heard.push(inShort(outcome));
      }
      expect(heard).to.deep.equal(['a', 'b']);
    });

    it('nothing when the source is empty, or there is no connection', async () => {
      expect(await eachOutcomeFrom([], [double]).next()).to.deep.equal({ done: true, value: undefined });
      expect(await eachOutcomeFrom([1], []).next()).to.deep.equal({ done: true, value: undefined });
    });

    it('the outcomes to many that wait, in order', async () => {
      const outcomes = eachOutcomeFrom([1, 2], [double]);
      const results = await Promise.all([outcomes.next(), outcomes.next(), outcomes.next()]);
      const events = results.map((result) => (result.done === true ? 'done' : inShort(result.value)));
      expect(events).to.deep.equal(['1', '2', 'done']);
    });

    it('the outcomes of closeOn, and then ends', async () => {
      const closeOn = new Subject<void>();
      const source = new Numbers();
      const outcomes = eachOutcomeFrom(source, [() => NEVER], { closeOn });
      const pending = outcomes.next();
      closeOn.next();
      const { value } = await pending;
      expect(value && inShort(value)).to.equal('1 closed');
      expect(await outcomes.next()).to.deep.equal({ done: true, value: undefined });
      expect(source.returned).to.equal(1);
    });

    it('10,000 outcomes', async () => {
      let outcomes = 0;
      for await (const outcome of eachOutcomeFrom(new Numbers(10_000), [double, double])) {
        outcomes += isDelivered(outcome) ? 1 : 0;
      }
      expect(outcomes).to.equal(10_000);
    });

    it('itself, being a generator', () => {
      const outcomes = eachOutcomeFrom([1], [double]);
      expect(outcomes[Symbol.asyncIterator]()).to.equal(outcomes);
    });
  });

  describe('passes on', () => {
    it('the error of the source, after the outcomes', async () => {
      function* events(): Generator<number> {
        yield 1;
        throw new Error('torn');
      }
      const outcomes = eachOutcomeFrom(events(), [double]);
      const { value } = await outcomes.next();
      expect(value && inShort(value)).to.equal('1');
      expect(await errorOf(outcomes.next())).to.have.property('message', 'torn');
      expect(await outcomes.next()).to.deep.equal({ done: true, value: undefined });
    });

    it('the error of the source to a next() that is pending', async () => {
      const source: AsyncIterable<number> = {
        [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('torn')) }),
      };
      expect(await errorOf(eachOutcomeFrom(source, [double]).next())).to.have.property('message', 'torn');
    });

    it('what an option throws', async () => {
      const guaranteed = (): never => {
        throw new Error('thrown');
      };
      const source = new Numbers();
      const outcomes = eachOutcomeFrom(source, [() => throwError(() => new Error('refused'))], {
        guaranteed,
      });
      const { value } = await outcomes.next();
      expect(value && inShort(value)).to.equal('1 closed');
      expect(await errorOf(outcomes.next())).to.have.property('message', 'thrown');
      expect(source.returned).to.equal(1);
    });
  });

  describe('begins', () => {
    it('with the first next(): before that nothing is opened', async () => {
      const source = new Numbers(1);
      const here = new Steered();
      const outcomes = eachOutcomeFrom(source, [here]);
      await settled();
      expect([source.opened, here.open]).to.deep.equal([0, 0]);
      void outcomes.next();
      expect([source.opened, here.open]).to.deep.equal([1, 1]);
      await outcomes.return();
    });

    for (const end of ['return', 'throw'] as const) {
      it(`never after ${end}()`, async () => {
        const source = new Numbers();
        const outcomes = eachOutcomeFrom(source, [double]);
        if (end === 'return') {
          expect(await outcomes.return()).to.deep.equal({ done: true, value: undefined });
        } else {
          expect(await errorOf(outcomes.throw(new Error('mine')))).to.have.property('message', 'mine');
        }
        expect(await outcomes.next()).to.deep.equal({ done: true, value: undefined });
        expect(source.opened).to.equal(0);
      });
    }

    it('never with a signal that has been aborted', async () => {
      const source = new Numbers();
      const here = new Steered();
      const outcomes = eachOutcomeFrom(source, [here], { signal: AbortSignal.abort() });
      expect(await outcomes.next()).to.deep.equal({ done: true, value: undefined });
      expect(source).to.include({ opened: 0, asked: 0 });
      expect(here.open).to.equal(0);
    });

    it('never with a signal that is aborted before the first next()', async () => {
      const source = new Numbers();
      const controller = new AbortController();
      const outcomes = eachOutcomeFrom(source, [double], { signal: controller.signal });
      controller.abort();
      expect(await outcomes.next()).to.deep.equal({ done: true, value: undefined });
      expect(source.opened).to.equal(0);
    });
  });

  describe('is bounded', () => {
    it('by highWaterMark, which counts outcomes that were not read', async () => {
      const source = new Numbers();
      const outcomes = eachOutcomeFrom(source, [double], { highWaterMark: 3 });
      await outcomes.next();
      await settled();
      expect(source.asked).to.equal(1 + 3);
      await outcomes.next();
      await outcomes.next();
      await settled();
      expect(source.asked).to.equal(3 + 3);
      await outcomes.return();
    });

    it('by 16 outcomes that were not read by default', async () => {
      const source = new Numbers();
      const outcomes = eachOutcomeFrom(source, [double]);
      await outcomes.next();
      await settled();
      expect(source.asked).to.equal(1 + 16);
      await outcomes.return();
    });

    it('with sends in flight on top', async () => {
      const source = new Numbers();
      const here = new Steered(4);
      const outcomes = eachOutcomeFrom(source, [here], { highWaterMark: 1 });
      void outcomes.next();
      expect(source.asked).to.equal(4);
      for (const answer$ of [...here.inFlight]) {
        answer$.complete();
      }
      await settled();
      expect(source.asked).to.be.at.most(1 + 1 + 4);
      const { asked } = source;
      await settled();
      expect(source.asked).to.equal(asked);
      await outcomes.return();
    });

    it('until somebody reads on', async () => {
      const source = new Numbers();
      const here = new Steered(2);
      const outcomes = eachOutcomeFrom(source, [here], { highWaterMark: 1 });
      void outcomes.next();
      await here.acknowledge();
      expect(source.asked).to.equal(3);
      await here.acknowledge();
      await here.acknowledge();
      expect(source.asked).to.equal(3);
      expect(here.inFlight).to.have.length(0);
      await outcomes.next();
      expect(source.asked).to.equal(3);
      await outcomes.next();
      expect(source.asked).to.equal(5);
      await outcomes.return();
    });

    it('not at all with Infinity', async () => {
      const source = new Numbers(1_000);
      const outcomes = eachOutcomeFrom(source, [double], { highWaterMark: Infinity });
      await outcomes.next();
      expect(source.asked).to.equal(1_001);
      await outcomes.return();
    });

    it('by the pace of the loop', async () => {
      const source = new Numbers(100);
      let read = 0;
      let most = 0;
      for await (const outcome of eachOutcomeFrom(source, [double, double], { highWaterMark: 2 })) {
        await settled();
        read += isDelivered(outcome) ? 1 : 0;
        most = Math.max(most, source.asked - read);
      }
      expect(read).to.equal(100);
      expect(most).to.be.within(2, 2 + 2);
    });
  });

  describe('ends the sends, the connections and the source', () => {
    const run = (signal?: AbortSignal) => {
      const source = new Numbers();
      const here = new Steered(2);
      const outcomes = eachOutcomeFrom(source, [here], signal && { signal });
      const isOver = (): void => {
        expect(source.returned, 'the source returned').to.equal(1);
        expect(here.inFlight, 'in flight').to.have.length(0);
        expect(here.open, 'open connections').to.equal(0);
      };
      return { source, here, outcomes, isOver };
    };

    it('with break', async () => {
      const { here, outcomes, isOver } = run();
      setImmediate(() => void here.acknowledge());
      for await (const outcome of outcomes) {
        expect(inShort(outcome)).to.equal('1');
        expect(here.inFlight).to.have.length(2);
        break;
      }
      isOver();
    });

    it('with a throw in the loop', async () => {
      const { here, outcomes, isOver } = run();
      setImmediate(() => void here.acknowledge());
      const loop = async (): Promise<void> => {
        for await (const outcome of outcomes) {
          throw new Error(inShort(outcome));
        }
      };
      expect(await errorOf(loop())).to.have.property('message', '1');
      isOver();
    });

    it('with return() while a next() is pending, at once', async () => {
      const { outcomes, isOver } = run();
      const pending = outcomes.next();
      await settled();
      const returned = outcomes.return();
      isOver();
      expect(await pending).to.deep.equal({ done: true, value: undefined });
      expect(await returned).to.deep.equal({ done: true, value: undefined });
      expect(await outcomes.next()).to.deep.equal({ done: true, value: undefined });
    });

    it('with return() while no next() is pending, at once', async () => {
      const { here, outcomes, isOver } = run();
      const first = outcomes.next();
      await here.acknowledge();
      await first;
      const returned = outcomes.return();
      isOver();
      expect(await returned).to.deep.equal({ done: true, value: undefined });
    });

    it('with throw() while a next() is pending, at once', async () => {
      const { outcomes, isOver } = run();
      const pending = outcomes.next();
      await settled();
      const thrown = errorOf(outcomes.throw(new Error('mine')));
      isOver();
      expect(await pending).to.deep.equal({ done: true, value: undefined });
      expect(await thrown).to.have.property('message', 'mine');
      expect(await outcomes.next()).to.deep.equal({ done: true, value: undefined });
    });

    it('with throw() while no next() is pending, at once', async () => {
      const { here, outcomes, isOver } = run();
      const first = outcomes.next();
      await here.acknowledge();
      await first;
      const thrown = errorOf(outcomes.throw(new Error('mine')));
      isOver();
      expect(await thrown).to.have.property('message', 'mine');
    });

    it('with the signal while a next() is pending, at once', async () => {
      const controller = new AbortController();
      const { outcomes, isOver } = run(controller.signal);
      const pending = outcomes.next();
      await settled();
      controller.abort();
      isOver();
      expect(await pending).to.deep.equal({ done: true, value: undefined });
    });

    it('with the signal while no next() is pending, at once', async () => {
      const controller = new AbortController();
      const { here, outcomes, isOver } = run(controller.signal);
      const first = outcomes.next();
      await here.acknowledge();
      await first;
      controller.abort();
      isOver();
      expect(await outcomes.next()).to.deep.equal({ done: true, value: undefined });
    });

    it('also while the next() of an async source is pending', async () => {
      let returned = 0;
      const source: AsyncIterable<number> = {
        [Symbol.asyncIterator]: () => ({
          next: () => new Promise<never>(() => undefined),
          return: () => {
            returned++;
            return Promise.resolve({ done: true, value: undefined });
          },
        }),
      };
      const here = new Steered();
      const outcomes = eachOutcomeFrom(source, [here]);
      const pending = outcomes.next();
      await settled();
      await outcomes.return();
      expect(await pending).to.deep.equal({ done: true, value: undefined });
      expect(returned).to.equal(1);
      expect(here.open).to.equal(0);
    });

    it('with the signal, and still gives the outcomes that were there', async () => {
      const controller = new AbortController();
      const { signal } = controller;
      const outcomes = eachOutcomeFrom(new Numbers(), [double], { highWaterMark: 2, signal });
      await outcomes.next();
      await settled();
      controller.abort();
      const rest: string[] = [];
      for await (const outcome of outcomes) {
        rest.push(inShort(outcome));
      }
      expect(rest).to.deep.equal(['2', '3']);
    });

    it('and ends the loop without an error', async () => {
      const controller = new AbortController();
      const { outcomes } = run(controller.signal);
      setImmediate(() => {
        controller.abort(new Error('enough'));
      });
      let read = 0;
      for await (const outcome of outcomes) {
        read += outcome.attempts;
      }
      expect(read).to.equal(0);
    });

    it('once, however often it is told', async () => {
      const { source, outcomes } = run();
      void outcomes.next();
      await outcomes.return();
      await outcomes.return();
      await errorOf(outcomes.throw(new Error('mine')));
      expect(source.returned).to.equal(1);
    });

    it('and leaves no listener at the signal', async () => {
      const { signal } = new AbortController();
      const loop = eachOutcomeFrom(new Numbers(2), [double], { signal });
      await loop.next();
      expect(getEventListeners(signal, 'abort')).to.have.length.at.most(1);
      await loop.next();
      expect(await loop.next()).to.have.property('done', true);
      expect(getEventListeners(signal, 'abort')).to.have.length(0);
    });
  });

  describe('refuses at the call', () => {
    const cases: [name: string, call: () => unknown, type: typeof TypeError, message: string][] = [
      [
        'a source that cannot be iterated',
        () => eachOutcomeFrom(5 as never, []),
        TypeError,
        'eachOutcomeFrom: expected `source` to be an Iterable or an AsyncIterable, got `5` (number)',
      ],
      [
        'a queue',
        () => eachOutcomeFrom([], [], { queue: {} } as never),
        TypeError,
        'eachOutcomeFrom: expected `queue` to be absent',
      ],
      [
        'a highWaterMark of 0',
        () => eachOutcomeFrom([], [], { highWaterMark: 0 }),
        RangeError,
        'eachOutcomeFrom: expected `highWaterMark` to be a positive integer or Infinity, got `0` (number)',
      ],
      [
        'a highWaterMark that is no number',
        () => eachOutcomeFrom([], [], { highWaterMark: '5' as never }),
        TypeError,
        'eachOutcomeFrom: expected `highWaterMark` to be a positive integer or Infinity, got `"5"` (string)',
      ],
      [
        'a signal that is none',
        () => eachOutcomeFrom([], [], { signal: new AbortController() as never }),
        TypeError,
        'eachOutcomeFrom: expected `signal` to be an AbortSignal',
      ],
      [
        'options that are no object',
        () => eachOutcomeFrom([], [], null as never),
        TypeError,
        'eachOutcomeFrom: expected `options` to be an object, got `null` (null)',
      ],
      [
        'a bad option',
        () => eachOutcomeFrom([], [], { maxAttempts: 0 }),
        RangeError,
        'eachOutcomeFrom: expected `maxAttempts` to be a positive integer or Infinity, got `0` (number)',
      ],
      [
        'a bad connection',
        () => eachOutcomeFrom([], [5 as never]),
        TypeError,
        'eachOutcomeFrom: expected `connections[0]` to be a connection or a function, got `5` (number)',
      ],
    ];
    for (const [name, call, type, message] of cases) {
      it(name, () => {
        expect(call).to.throw(type, message);
      });
    }
  });
});

/** The error with which a promise rejects. */
async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return expect.fail('expected it to reject');
}
