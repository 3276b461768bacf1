/** The balancer over an iterable: when it asks, how much it holds, and how both of them end. */
import { expect } from 'chai';
import fc from 'fast-check';
import {
  asyncScheduler,
  BehaviorSubject,
  count,
  EMPTY,
  map,
  mergeMap,
  NEVER,
  of,
  Subject,
  take,
  timer,
  type Observable,
} from 'rxjs';
import { useFakeTimers } from 'sinon';
import {
  isDelivered,
  loadBalanceFrom,
  TemporaryError,
  type BatchConnection,
  type Connection,
  type ConnectionState,
  type Outcome,
} from '../../src/index.js';
import { fakeConnection } from '../../src/testing/index.js';
import { run } from '../marbles.js';

/** `a` was delivered; `a closed` was dropped, and why. */
const inShort = map((outcome: Outcome<unknown>) =>
  isDelivered(outcome) ? String(outcome.event) : `${String(outcome.event)} ${outcome.reason}`,
);

/** An iterable that says what was done to it, and when. */
class Watched<T> implements Iterable<T> {
  opened = 0;
  returned = 0;
  /** When it was asked, in milliseconds. */
  readonly asked: number[] = [];

  constructor(private readonly events: Iterable<T>) {}

  [Symbol.iterator](): Iterator<T, unknown> {
    this.opened++;
    const iterator = this.events[Symbol.iterator]();
    return {
      next: () => {
        this.asked.push(asyncScheduler.now());
        return iterator.next();
      },
      return: () => {
        this.returned++;
        return { done: true, value: undefined };
      },
    };
  }
}

/** An async iterable that is handed its events one by one. */
class Handed<T> implements AsyncIterable<T> {
  asked = 0;
  returned = 0;
  private pending = noAnswer<T>();

  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return {
      next: () => {
        this.asked++;
        return new Promise((resolve, reject) => {
          this.pending = { resolve, reject };
        });
      },
      return: () => {
        this.returned++;
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  async give(value: T): Promise<void> {
    this.pending.resolve({ done: false, value });
    await settled();
  }

  async end(): Promise<void> {
    this.pending.resolve({ done: true, value: undefined });
    await settled();
  }

  async fail(error: unknown): Promise<void> {
    this.pending.reject(error);
    await settled();
  }
}

interface Answer<T> {
  resolve(result: IteratorResult<T, undefined>): void;
  reject(error: unknown): void;
}

function noAnswer<T>(): Answer<T> {
  const resolve = (): never => expect.fail('expected a next() to be pending');
  return { resolve, reject: resolve };
}

/** When all that promises lead to has happened. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) {
    await Promise.resolve();
  }
}

/** Subscribes, and writes down what it hears: outcomes, `|`, or `#` and the error. */
function listen(outcomes$: Observable<Outcome<unknown>>): { heard: string[]; leave: () => void } {
  const heard: string[] = [];
  const subscription = outcomes$.pipe(inShort).subscribe({
    next: (outcome) => heard.push(outcome),
    error: (error: unknown) => heard.push(`# ${String(error)}`),
    complete: () => heard.push('|'),
  });
  const leave = (): void => {
    subscription.unsubscribe();
  };
  return { heard, leave };
}

/** As `listen`, each with its virtual time. */
function listenInTime(outcomes$: Observable<Outcome<unknown>>): string[] {
  const heard: string[] = [];
  const hear = (what: string): void => {
    heard.push(`${what} ${asyncScheduler.now()}`);
  };
  outcomes$.pipe(inShort).subscribe({
    next: hear,
    complete: () => {
      hear('|');
    },
  });
  return heard;
}

/** A connection whose states and answers are given by hand. */
class Steered implements Connection<unknown, string> {
  readonly name = 'steered';
  readonly state$: Observable<ConnectionState>;
  readonly answers: Subject<string>[] = [];
  private readonly states$: BehaviorSubject<ConnectionState>;

  constructor(readonly window = 1) {
    this.states$ = new BehaviorSubject<ConnectionState>('up');
    this.state$ = this.states$.asObservable();
  }

  readonly send = (): Observable<string> => {
    const answer$ = new Subject<string>();
    this.answers.push(answer$);
    return answer$;
  };

  report(state: ConnectionState): void {
    this.states$.next(state);
  }

  retire(): void {
    this.states$.complete();
  }

  acknowledge(index: number): void {
    this.answers[index]?.complete();
  }
}

describe('loadBalanceFrom', () => {
  describe('asks', () => {
    it('for one event after the other, each when the connection is ready for it', () => {
      run(({ expectObservable, flush }) => {
        const source = new Watched('abc');
        const send = '              --(r|)';
        const expected = '          --a-b-(c|)';
        const here = fakeConnection('u', send);
        expectObservable(loadBalanceFrom(source, [here]).pipe(inShort)).toBe(expected);
        flush();
        expect(source.asked).to.deep.equal([0, 2, 4, 6]);
        expect(here.sent.map(({ frame }) => frame)).to.deep.equal([0, 2, 4]);
      });
    });

    it('for as many as the window takes', () => {
      run(({ flush }) => {
        const source = new Watched('abcde');
        const here = fakeConnection('u', '--(r|)', { window: 2 });
        const heard = listenInTime(loadBalanceFrom(source, [here]));
        flush();
        expect(source.asked).to.deep.equal([0, 0, 2, 2, 4, 4]);
        expect(heard).to.deep.equal(['a 2', 'b 2', 'c 4', 'd 4', 'e 6', '| 6']);
      });
    });

    it('the faster for the faster connection', () => {
      run(({ flush }) => {
        const source = new Watched([1, 2, 3, 4, 5, 6]);
        const slow = fakeConnection('u', '----(r|)');
        const fast = fakeConnection('u', '-(r|)');
        loadBalanceFrom(source, [slow, fast]).subscribe();
        flush();
        expect(source.asked).to.deep.equal([0, 0, 1, 2, 3, 4, 4]);
        expect(slow.sent.map(({ event }) => event)).to.deep.equal([1, 6]);
        expect(fast.sent.map(({ event }) => event)).to.deep.equal([2, 3, 4, 5]);
      });
    });

    it('nothing while no connection is up', () => {
      run(({ expectObservable, flush }) => {
        const source = new Watched('ab');
        const states = '            c--d-u';
        const send = '                   -(r|)';
        const expected = '          ------a(b|)';
        const here = fakeConnection(states, send);
        expectObservable(loadBalanceFrom(source, [here]).pipe(inShort)).toBe(expected);
        flush();
        expect(source.asked).to.deep.equal([5, 6, 7]);
      });
    });

    it('nothing more when the connection has gone down, until it is up again', () => {
      run(({ cold, expectObservable, flush }) => {
        const source = new Watched('abc');
        const states = '            u-d---u';
        const cutOff = cold('        ---(r|)');
        const expected = '          -a-----b(c|)';
        const here = fakeConnection(states, (event, { attempt }) =>
          event === 'b' && attempt === 1 ? cutOff : cold('-(r|)'),
        );
        expectObservable(loadBalanceFrom(source, [here]).pipe(inShort)).toBe(expected);
        flush();
        expect(source.asked).to.deep.equal([0, 1, 7, 8]);
      });
    });

    it('nothing while a window is 0', () => {
      run(({ cold, expectObservable, flush }) => {
        const source = new Watched('ab');
        const window = cold('       z---o', { z: 0, o: 1 });
        const send = '                  -(r|)';
        const expected = '          -----a(b|)';
        const here = fakeConnection('u', send, { window });
        expectObservable(loadBalanceFrom(source, [here]).pipe(inShort)).toBe(expected);
        flush();
        expect(source.asked).to.deep.equal([4, 5, 6]);
      });
    });

    it('nothing while what has failed waits', () => {
      run(({ cold, expectObservable, flush }) => {
        const source = new Watched('ab');
        const failing = cold('      -#');
        const delivering = cold('       -(r|)');
        const expected = '          -----a(b|)';
        const flaky = fakeConnection('u', (event, { attempt }) =>
          event === 'a' && attempt === 1 ? failing : delivering,
        );
        const result$ = loadBalanceFrom(source, [flaky], { reconnectDelay: 3 }).pipe(inShort);
        expectObservable(result$).toBe(expected);
        flush();
        expect(source.asked).to.deep.equal([0, 5, 6]);
      });
    });

    it('nothing before it is subscribed, and anew for each subscription', () => {
      const source = new Watched('ab');
      const outcomes$ = loadBalanceFrom(source, [() => of(1)]);
      expect(source).to.deep.include({ opened: 0, asked: [] });
      expect(listen(outcomes$).heard).to.deep.equal(['a', 'b', '|']);
      expect(listen(outcomes$).heard).to.deep.equal(['a', 'b', '|']);
      expect(source.opened).to.equal(2);
    });

    it('one at a time, also for a window of many, of an async iterable', async () => {
      const source = new Handed<string>();
      const here = new Steered(3);
      const { heard } = listen(loadBalanceFrom(source, [here]));
      expect(source.asked).to.equal(1);
      await source.give('a');
      expect(source.asked).to.equal(2);
      await source.give('b');
      await source.give('c');
      expect(source.asked).to.equal(3);
      expect(here.answers).to.have.length(3);
      here.acknowledge(1);
      expect(source.asked).to.equal(4);
      expect(heard).to.deep.equal(['b']);
    });

    it('and keeps an event for later that comes when the connection is no longer ready', async () => {
      const source = new Handed<string>();
      const here = new Steered();
      const { heard } = listen(loadBalanceFrom(source, [here]));
      here.report('down');
      await source.give('a');
      expect(here.answers).to.have.length(0);
      expect(source.asked).to.equal(1);
      here.report('up');
      expect(here.answers).to.have.length(1);
      here.acknowledge(0);
      expect(heard).to.deep.equal(['a']);
      expect(source.asked).to.equal(2);
    });

    it('by the protocol: the iterator is asked as its method', () => {
      class Numbers implements Iterator<number, undefined> {
        private last = 0;
        [Symbol.iterator](): this {
          return this;
        }
        next(): IteratorResult<number, undefined> {
          return this.last < 2 ? { done: false, value: ++this.last } : { done: true, value: undefined };
        }
      }
      expect(listen(loadBalanceFrom(new Numbers(), [() => of(1)])).heard).to.deep.equal(['1', '2', '|']);
    });

    it('for no more than a batch takes', () => {
      run(({ expectObservable, flush }) => {
        const source = new Watched('abcdef');
        const bulk = fakeConnection<string, string>('u', '-', { batch: { size: 3 } });
        expectObservable(loadBalanceFrom(source, [bulk]), '-----!').toBe('');
        flush();
        expect(source.asked).to.have.length(3);
      });
    });

    it('for a new one while what waits is kept for another connection (R4), and then for no more', () => {
      run(({ cold, expectObservable, flush }) => {
        const source = new Watched('abcdef');
        const error = new TemporaryError('again', { retryAfter: 0 });
        const failing = cold('-#', {}, error);
        const bad = fakeConnection<string>('u', () => failing, { name: 'bad' });
        const busy = fakeConnection<string>('u', '-', { name: 'busy' });
        const options = { maxAttempts: Infinity };
        expectObservable(loadBalanceFrom(source, [bad, busy], options), '----!').toBe('');
        flush();
        // a and c wait, b is in flight: that is all there is room for, so the bad one has to take what it failed with.
        expect(bad.sent.map(({ frame, event }) => `${frame}${event}`)).to.deep.equal([
          '0a',
          '1c',
          '2a',
          '3c',
        ]);
        expect(source.asked).to.have.length(3);
      });
    });
  });

  describe('takes', () => {
    const here = (): Observable<number> => of(1);

    for (const [name, source] of [
      ['an array', ['a', 'b']],
      ['a string', 'ab'],
      ['a set', new Set(['a', 'b'])],
    ] as const) {
      it(name, () => {
        expect(listen(loadBalanceFrom(source, [here])).heard).to.deep.equal(['a', 'b', '|']);
      });
    }

    it('the keys of a map', () => {
      const keys = new Map(Object.entries({ a: 1, b: 2 })).keys();
      expect(listen(loadBalanceFrom(keys, [here])).heard).to.deep.equal(['a', 'b', '|']);
    });

    it('an async generator', async () => {
      async function* events(): AsyncGenerator<string> {
        yield await Promise.resolve('a');
        yield 'b';
      }
      const { heard } = listen(loadBalanceFrom(events(), [here]));
      await settled();
      expect(heard).to.deep.equal(['a', 'b', '|']);
    });

    it('the async side of what is both', async () => {
      const both = {
        [Symbol.iterator]: () => ['sync'].values(),
        [Symbol.asyncIterator]: () => asyncOf('async'),
      };
      const { heard } = listen(loadBalanceFrom(both, [here]));
      await settled();
      expect(heard).to.deep.equal(['async', '|']);
    });

    it('events that are undefined', () => {
      expect(listen(loadBalanceFrom([undefined, null], [here])).heard).to.deep.equal([
        'undefined',
        'null',
        '|',
      ]);
    });

    it('1,000,000 events with synchronous sends, without growing the stack', function () {
      this.timeout(30_000);
      function* events(): Generator<number> {
        for (let event = 0; event < 1_000_000; event++) {
          yield event;
        }
      }
      let total = 0;
      loadBalanceFrom(events(), [() => EMPTY, () => EMPTY])
        .pipe(count())
        .subscribe((outcomes) => (total = outcomes));
      expect(total).to.equal(1_000_000);
    });

    it('10,000 events of an async generator with promises', async () => {
      async function* events(): AsyncGenerator<number> {
        for (let event = 0; event < 10_000; event++) {
          yield await Promise.resolve(event);
        }
      }
      const total = await new Promise<number>((resolve) => {
        loadBalanceFrom(events(), [() => Promise.resolve(), () => Promise.resolve()])
          .pipe(count())
          .subscribe(resolve);
      });
      expect(total).to.equal(10_000);
    });

    async function* asyncOf<T>(...events: T[]): AsyncGenerator<T> {
      await Promise.resolve();
      yield* events;
    }
  });

  describe('holds no more than the windows allow, and one more', () => {
    /** An endless source; `most` is how many events were read and had no outcome at the same time. */
    function endless(): { source: Iterable<number>; settle: () => void; most: () => number } {
      let read = 0;
      let outcomes = 0;
      let most = 0;
      function* source(): Generator<number> {
        for (;;) {
          read++;
          most = Math.max(most, read - outcomes);
          yield read;
        }
      }
      const settle = (): void => {
        outcomes++;
      };
      return { source: source(), settle, most: () => most };
    }

    it('when every send takes for ever', () => {
      run(({ flush }) => {
        const { source, settle, most } = endless();
        const connections = [2, 3].map((window) => fakeConnection('u', '', { window }));
        loadBalanceFrom(source, connections, { closeOn: timer(100) }).subscribe(settle);
        flush();
        expect(most()).to.equal(5);
      });
    });

    it('when a connection takes batches', () => {
      run(({ flush }) => {
        const { source, settle, most } = endless();
        const batches = fakeConnection<number, string>('u', '--|', { batch: { size: 4 }, window: 2 });
        loadBalanceFrom(source, [batches], { closeOn: timer(100) }).subscribe(settle);
        flush();
        expect(most()).to.be.within(8, 9);
      });
    });

    it('when connections come and go', () => {
      run(({ flush }) => {
        const { source, settle, most } = endless();
        const flapping = fakeConnection('u---d--', '-------(r|)', { window: 3 });
        const steady = fakeConnection('u', '--(r|)', { window: 2 });
        const options = { maxAttempts: Infinity, closeOn: timer(100) };
        loadBalanceFrom(source, [flapping, steady], options).subscribe(settle);
        flush();
        expect(most()).to.be.within(5, 6);
      });
    });

    it('when one connection never answers and the other always fails', () => {
      run(({ cold, flush }) => {
        const { source, settle, most } = endless();
        const blackHole = fakeConnection('u', '');
        const failing = fakeConnection('u', () =>
          cold('-#', undefined, new TemporaryError('full', { retryAfter: 0 })),
        );
        loadBalanceFrom(source, [blackHole, failing], { closeOn: timer(100) }).subscribe(settle);
        flush();
        expect(most()).to.be.within(2, 3);
      });
    });

    it('when a window has shrunk, once what was in flight has ended', () => {
      run(({ cold, flush }) => {
        let [read, settled, most] = [0, 0, 0];
        function* source(): Generator<number> {
          for (;;) {
            read++;
            if (asyncScheduler.now() >= 8) {
              most = Math.max(most, read - settled);
            }
            yield read;
          }
        }
        let sends = 0;
        const shrinking = fakeConnection<number>('u', () => (++sends <= 4 ? cold('--------(r|)') : NEVER), {
          window: cold('4----1', { 4: 4, 1: 1 }),
        });
        const failing = fakeConnection('u', () =>
          cold('-#', undefined, new TemporaryError('full', { retryAfter: 0 })),
        );
        loadBalanceFrom(source(), [shrinking, failing], {
          maxAttempts: Infinity,
          closeOn: timer(100),
        }).subscribe(() => settled++);
        flush();
        expect(most).to.be.within(2, 3);
      });
    });

    it('when sends take any time and fail in any way', () => {
      const connection = fc.record({
        window: fc.integer({ min: 1, max: 4 }),
        times: fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 5 }),
        fails: fc.array(fc.constantFrom('no', 'no', 'temporary', 'connection'), {
          minLength: 1,
          maxLength: 5,
        }),
      });
      const bounded = fc.property(fc.array(connection, { minLength: 1, maxLength: 3 }), (connections) => {
        run(({ flush }) => {
          const { source, settle, most } = endless();
          const fakes = connections.map(({ window, times, fails }, index) => {
            let sends = 0;
            const send = (): Observable<unknown> => {
              const nth = sends++;
              const time$ = timer(1 + (times[nth % times.length] ?? 0));
              const failure = fails[nth % fails.length];
              return failure === 'no' ? time$ : time$.pipe(mergeMap(() => failWith(failure)));
            };
            return fakeConnection('u', send, { name: `connection ${index}`, window });
          });
          const options = { reconnectDelay: 2, timeout: { send: 3 }, closeOn: timer(60) };
          loadBalanceFrom(source, fakes, options).subscribe(settle);
          flush();
          const windows = connections.reduce((sum, { window }) => sum + window, 0);
          expect(most()).to.be.at.most(windows + 1);
        });
      });
      fc.assert(bounded, { numRuns: 200 });
    });

    const failWith = (failure: string | undefined): Observable<never> => {
      const error =
        failure === 'temporary' ? new TemporaryError(failure, { retryAfter: 1 }) : new Error(failure);
      return timer(0).pipe(
        map(() => {
          throw error;
        }),
      );
    };
  });

  describe('with a batch that lingers', () => {
    function batching(): { connection: BatchConnection<string, number>; batches: (readonly string[])[] } {
      const batches: (readonly string[])[] = [];
      const send = (events: readonly string[]): Observable<never> => {
        batches.push(events);
        return EMPTY;
      };
      const connection = {
        name: 'batching',
        state$: new BehaviorSubject('up' as const),
        batch: { size: 3, linger: 10, send },
      };
      return { connection, batches };
    }

    it('goes on asking an async iterable, until the time is over', async () => {
      const clock = useFakeTimers({ shouldClearNativeTimers: true });
      try {
        const source = new Handed<string>();
        const { connection, batches } = batching();
        const { heard, leave } = listen(loadBalanceFrom(source, [connection]));
        await source.give('a');
        await clock.tickAsync(4);
        await source.give('b');
        expect(source.asked).to.equal(3);
        await clock.tickAsync(5);
        expect(batches).to.deep.equal([]);
        await clock.tickAsync(1);
        expect(batches).to.deep.equal([['a', 'b']]);
        expect(heard).to.deep.equal(['a', 'b']);
        leave();
      } finally {
        clock.restore();
      }
    });

    it('sends a full batch at once', async () => {
      const source = new Handed<string>();
      const { connection, batches } = batching();
      const { leave } = listen(loadBalanceFrom(source, [connection]));
      await source.give('a');
      await source.give('b');
      expect(batches).to.deep.equal([]);
      await source.give('c');
      expect(batches).to.deep.equal([['a', 'b', 'c']]);
      leave();
    });

    it('does not wait beyond the end of the source', async () => {
      const source = new Handed<string>();
      const { connection, batches } = batching();
      const { heard } = listen(loadBalanceFrom(source, [connection]));
      await source.give('a');
      expect(batches).to.deep.equal([]);
      await source.end();
      expect(batches).to.deep.equal([['a']]);
      expect(heard).to.deep.equal(['a', '|']);
    });

    it('takes what a sync iterable has without waiting', () => {
      const { connection, batches } = batching();
      const { heard } = listen(loadBalanceFrom(['a', 'b', 'c', 'd'], [connection]));
      expect(batches).to.deep.equal([['a', 'b', 'c'], ['d']]);
      expect(heard).to.deep.equal(['a', 'b', 'c', 'd', '|']);
    });
  });

  describe('when the iterable ends', () => {
    it('completes after the last outcome, and does not return the iterator, which has ended by itself', () => {
      run(({ expectObservable, flush }) => {
        const source = new Watched('ab');
        const send = '              ---(r|)';
        const expected = '          ---(ab|)';
        const here = fakeConnection('u', send, { window: 2 });
        expectObservable(loadBalanceFrom(source, [here]).pipe(inShort)).toBe(expected);
        flush();
        expect(source.returned).to.equal(0);
        expect(here.closed).to.deep.equal([3]);
      });
    });

    it('completes when it is empty, once that is known', () => {
      run(({ expectObservable }) => {
        const states = '            c-u';
        const expected = '          --|';
        expectObservable(loadBalanceFrom([], [fakeConnection(states, '')])).toBe(expected);
      });
    });

    it('asks no more after the end', () => {
      run(({ flush }) => {
        const source = new Watched('a');
        loadBalanceFrom(source, [
          fakeConnection('u', '-(r|)', { window: 5 }),
          fakeConnection('u', ''),
        ]).subscribe();
        flush();
        expect(source.asked).to.have.length(2);
      });
    });

    it('closes after drainTimeout', () => {
      run(({ expectObservable }) => {
        const send = '              -------(r|)';
        const expected = '          ---(x|)';
        const result$ = loadBalanceFrom(['a'], [fakeConnection('u', send, { window: 2 })], {
          drainTimeout: 3,
        });
        expectObservable(result$.pipe(inShort)).toBe(expected, { x: 'a closed' });
      });
    });
  });

  describe('when the iterable fails', () => {
    /** Gives `a` and `b`, and then throws. */
    function* failing(): Generator<string> {
      yield 'a';
      yield 'b';
      throw new Error('torn');
    }

    it('settles what is outstanding, and then passes on what next() threw', () => {
      run(({ expectObservable, flush }) => {
        const send = '              ---(r|)';
        const expected = '          ---(ab#)';
        const here = fakeConnection('u', send, { window: 3 });
        const result$ = loadBalanceFrom(failing(), [here]).pipe(inShort);
        expectObservable(result$).toBe(expected, undefined, new Error('torn'));
        flush();
        expect(here.closed).to.deep.equal([3]);
      });
    });

    it('settles what is outstanding, and then passes on that with which next() rejected', async () => {
      const source = new Handed<string>();
      const here = new Steered(2);
      const { heard } = listen(loadBalanceFrom(source, [here]));
      await source.give('a');
      await source.fail(new Error('torn'));
      expect(heard).to.deep.equal([]);
      here.acknowledge(0);
      expect(heard).to.deep.equal(['a', '# Error: torn']);
      expect(source.returned).to.equal(0);
      expect(source.asked).to.equal(2);
    });

    it('does not return the iterator, which has ended by itself', () => {
      let returned = 0;
      const source = {
        [Symbol.iterator]: () => ({
          next: (): IteratorResult<string> => {
            throw new Error('torn');
          },
          return: (): IteratorResult<string> => {
            returned++;
            return { done: true, value: undefined };
          },
        }),
      };
      expect(listen(loadBalanceFrom(source, [() => of(1)])).heard).to.deep.equal(['# Error: torn']);
      expect(returned).to.equal(0);
    });

    for (const symbol of [Symbol.iterator, Symbol.asyncIterator]) {
      it(`passes on what [${String(symbol)}]() throws`, () => {
        const source = {
          [symbol]: () => {
            throw new Error('gone');
          },
        } as unknown as Iterable<string>;
        expect(listen(loadBalanceFrom(source, [() => of(1)])).heard).to.deep.equal(['# Error: gone']);
      });
    }

    it('passes on what it throws at its opening, also when there is no connection', () => {
      const source: Iterable<string> = {
        [Symbol.iterator]: () => {
          throw new Error('closed');
        },
      };
      expect(listen(loadBalanceFrom(source, [])).heard).to.deep.equal(['# Error: closed']);
    });
  });

  describe('returns the iterator once', () => {
    it('when the subscriber leaves', () => {
      run(({ expectObservable, flush }) => {
        const source = new Watched('abcdef');
        const send = '              --(r|)';
        const expected = '          --a-b-';
        const unsub = '             -----!';
        const here = fakeConnection('u', send);
        expectObservable(loadBalanceFrom(source, [here]).pipe(inShort), unsub).toBe(expected);
        flush();
        expect(source).to.deep.include({ returned: 1, asked: [0, 2, 4] });
        expect(here.closed).to.deep.equal([5]);
      });
    });

    it('when the subscriber leaves before anything was asked for', () => {
      run(({ expectObservable, flush }) => {
        const source = new Watched('a');
        const unsub = '             -!';
        expectObservable(loadBalanceFrom(source, [fakeConnection('c', '')]), unsub).toBe('');
        flush();
        expect(source).to.deep.include({ returned: 1, asked: [] });
      });
    });

    it('when it is closed, with an outcome for what was asked for', () => {
      run(({ cold, expectObservable, flush }) => {
        const source = new Watched('abcdef');
        const send = '              ---(r|)';
        const closeOn = cold('      -----x');
        const expected = '          ---a-(x|)';
        const here = fakeConnection('u', send);
        const result$ = loadBalanceFrom(source, [here], { closeOn }).pipe(inShort);
        expectObservable(result$).toBe(expected, { a: 'a', x: 'b closed' });
        flush();
        expect(source).to.deep.include({ returned: 1, asked: [0, 3] });
      });
    });

    it('when an option throws', () => {
      run(({ cold, expectObservable, flush }) => {
        const source = new Watched('abc');
        const send = cold('         --#');
        const expected = '          --(x#)';
        const guaranteed = (): never => {
          throw new Error('thrown');
        };
        const result$ = loadBalanceFrom(source, [fakeConnection('u', () => send)], { guaranteed });
        expectObservable(result$.pipe(inShort)).toBe(expected, { x: 'a closed' }, new Error('thrown'));
        flush();
        expect(source.returned).to.equal(1);
      });
    });

    it('when all connections have retired; what was not asked for has no outcome', () => {
      run(({ expectObservable, flush }) => {
        const source = new Watched('abcdef');
        const states = '            u--|';
        const send = '              --(r|)';
        const expected = '          --a-(b|)';
        const here = fakeConnection(states, send);
        expectObservable(loadBalanceFrom(source, [here]).pipe(inShort)).toBe(expected);
        flush();
        expect(source).to.deep.include({ returned: 1, asked: [0, 2] });
      });
    });

    it('when all connections have retired and what was asked for has failed', () => {
      run(({ cold, expectObservable, flush }) => {
        const source = new Watched('abcdef');
        const states = '            u--|';
        const send = cold('         ----#');
        const expected = '          ----(x|)';
        const here = fakeConnection(states, () => send);
        expectObservable(loadBalanceFrom(source, [here]).pipe(inShort)).toBe(expected, {
          x: 'a no-connection',
        });
        flush();
        expect(source).to.deep.include({ returned: 1, asked: [0] });
      });
    });

    it('when a reconnectDelay retires the last connection', () => {
      run(({ cold, expectObservable, flush }) => {
        const source = new Watched('abcdef');
        const send = cold('         --#');
        const expected = '          --(x|)';
        const options = { reconnectDelay: () => EMPTY };
        const result$ = loadBalanceFrom(source, [fakeConnection('u', () => send)], options);
        expectObservable(result$.pipe(inShort)).toBe(expected, { x: 'a no-connection' });
        flush();
        expect(source).to.deep.include({ returned: 1, asked: [0] });
      });
    });

    it('when the list of connections is empty', () => {
      const source = new Watched('abc');
      expect(listen(loadBalanceFrom(source, [])).heard).to.deep.equal(['|']);
      expect(source.asked).to.deep.equal([]);
      expect(source.returned).to.equal(source.opened);
    });

    it('when all connections were removed for good', () => {
      run(({ cold, expectObservable, flush }) => {
        const source = new Watched('abcdef');
        const here = fakeConnection('u', '--(r|)');
        const lists = cold('        l----(e|)', { l: [here], e: [] });
        const expected = '          --a-b-(c|)';
        expectObservable(loadBalanceFrom(source, lists).pipe(inShort)).toBe(expected);
        flush();
        expect(source).to.deep.include({ returned: 1, asked: [0, 2, 4] });
      });
    });

    it('not when all connections were removed and others may come', () => {
      run(({ cold, expectObservable, flush }) => {
        const source = new Watched('ab');
        const here = fakeConnection('u', '--(r|)');
        const there = fakeConnection('u', '-(r|)');
        const lists = cold('        h-e---t', { h: [here], e: [], t: [there] });
        const expected = '          --a----(b|)';
        expectObservable(loadBalanceFrom(source, lists).pipe(inShort)).toBe(expected);
        flush();
        expect(source.returned).to.equal(0);
      });
    });
  });

  describe('with a next() pending', () => {
    it('drops its event when all connections have retired meanwhile, then returns the iterator', async () => {
      const source = new Handed<string>();
      const here = new Steered();
      const { heard } = listen(loadBalanceFrom(source, [here]));
      here.retire();
      await settled();
      expect(heard).to.deep.equal([]);
      expect(source.returned).to.equal(0);
      await source.give('a');
      expect(heard).to.deep.equal(['a no-connection', '|']);
      expect(source).to.include({ asked: 1, returned: 1 });
    });

    it('completes when the source ends and all connections have retired meanwhile', async () => {
      const source = new Handed<string>();
      const here = new Steered();
      const { heard } = listen(loadBalanceFrom(source, [here]));
      here.retire();
      await source.end();
      expect(heard).to.deep.equal(['|']);
      expect(source).to.include({ asked: 1, returned: 0 });
    });

    it('passes on its error when all connections have retired meanwhile', async () => {
      const source = new Handed<string>();
      const here = new Steered();
      const { heard } = listen(loadBalanceFrom(source, [here]));
      here.retire();
      await source.fail(new Error('torn'));
      expect(heard).to.deep.equal(['# Error: torn']);
    });

    it('returns the iterator at once when the subscriber leaves, and ignores the late event', async () => {
      const source = new Handed<string>();
      const here = new Steered();
      const { heard, leave } = listen(loadBalanceFrom(source, [here]));
      leave();
      expect(source.returned).to.equal(1);
      await source.give('a');
      expect(heard).to.deep.equal([]);
      expect(here.answers).to.have.length(0);
    });

    it('ignores a late error as well', async () => {
      const source = new Handed<string>();
      const { heard, leave } = listen(loadBalanceFrom(source, [new Steered()]));
      leave();
      await source.fail(new Error('late'));
      expect(heard).to.deep.equal([]);
    });

    it('ignores a late end as well', async () => {
      const source = new Handed<string>();
      const { heard, leave } = listen(loadBalanceFrom(source, [new Steered()]));
      leave();
      await source.end();
      expect(heard).to.deep.equal([]);
      expect(source.returned).to.equal(1);
    });

    it('closes at once, and returns the iterator', async () => {
      const source = new Handed<string>();
      const closeOn = new Subject<void>();
      const { heard } = listen(loadBalanceFrom(source, [new Steered()], { closeOn }));
      closeOn.next();
      expect(heard).to.deep.equal(['|']);
      expect(source.returned).to.equal(1);
      await source.give('a');
      expect(heard).to.deep.equal(['|']);
    });
  });

  describe('with an iterator', () => {
    function returning(returned?: () => unknown): Iterable<string> {
      const iterator = { next: () => ({ done: false, value: 'a' }), ...(returned && { return: returned }) };
      return { [Symbol.iterator]: () => iterator as Iterator<string> };
    }
    const close = { closeOn: of(1) };

    it('that has no return', () => {
      const { heard, leave } = listen(loadBalanceFrom(returning(), [() => NEVER]));
      leave();
      expect(heard).to.deep.equal([]);
    });

    it('whose return throws: nobody is left to hear of it', () => {
      let returned = 0;
      const source = returning(() => {
        returned++;
        throw new Error('return');
      });
      const closeOn = new Subject<void>();
      const { heard } = listen(loadBalanceFrom(source, [() => NEVER], { closeOn }));
      closeOn.next();
      expect(returned).to.equal(1);
      expect(heard).to.deep.equal(['a closed', '|']);
    });

    it('whose return rejects: nobody is left to hear of it', async () => {
      const source: AsyncIterable<string> = {
        [Symbol.asyncIterator]: () => ({
          next: () => new Promise<never>(() => undefined),
          return: () => Promise.reject(new Error('return')),
        }),
      };
      const unhandled: unknown[] = [];
      const hear = (error: unknown): void => {
        unhandled.push(error);
      };
      process.on('unhandledRejection', hear);
      try {
        const { heard, leave } = listen(loadBalanceFrom(source, [() => of(1)]));
        leave();
        await new Promise((resolve) => setImmediate(resolve));
        expect(heard).to.deep.equal([]);
        expect(unhandled).to.deep.equal([]);
      } finally {
        process.off('unhandledRejection', hear);
      }
    });

    it('that is never opened when it is closed from the start', () => {
      const source = new Watched('a');
      expect(listen(loadBalanceFrom(source, [() => of(1)], close)).heard).to.deep.equal(['|']);
      expect(source.opened).to.equal(0);
    });
  });

  describe('refuses at the call', () => {
    const cases: [name: string, call: () => unknown, type: typeof TypeError, message: string][] = [
      [
        'a source that cannot be iterated',
        () => loadBalanceFrom(5 as never, []),
        TypeError,
        'loadBalanceFrom: expected `source` to be an Iterable or an AsyncIterable, got `5` (number)',
      ],
      [
        'no source',
        () => loadBalanceFrom(null as never, []),
        TypeError,
        'loadBalanceFrom: expected `source` to be an Iterable or an AsyncIterable, got `null` (null)',
      ],
      [
        'an Observable as source',
        () => loadBalanceFrom(of(1) as never, []),
        TypeError,
        'loadBalanceFrom: expected `source` to be an Iterable',
      ],
      [
        'a queue',
        () => loadBalanceFrom([], [], { queue: {} } as never),
        TypeError,
        'loadBalanceFrom: expected `queue` to be absent',
      ],
      [
        'a bad option',
        () => loadBalanceFrom([], [], { maxAttempts: 0 }),
        RangeError,
        'loadBalanceFrom: expected `maxAttempts` to be a positive integer or Infinity, got `0` (number)',
      ],
      [
        'options that are no object',
        () => loadBalanceFrom([], [], null as never),
        TypeError,
        'loadBalanceFrom: expected `options` to be an object, got `null` (null)',
      ],
      [
        'a bad connection',
        () => loadBalanceFrom([], [5 as never]),
        TypeError,
        'loadBalanceFrom: expected `connections[0]` to be a connection or a function, got `5` (number)',
      ],
    ];
    for (const [name, call, type, message] of cases) {
      it(name, () => {
        expect(call).to.throw(type, message);
      });
    }

    it('but not a queue that is undefined', () => {
      expect(() => loadBalanceFrom([], [], { queue: undefined } as never)).to.not.throw();
    });
  });

  describe('as any operator', () => {
    it('never ends when no connection comes up', () => {
      run(({ expectObservable }) => {
        expectObservable(loadBalanceFrom(['a', 'b'], [fakeConnection('d', '')])).toBe('');
      });
    });

    it('should not break unsubscription chains when result is unsubscribed explicitly', () => {
      run(({ expectObservable, flush }) => {
        const source = new Watched('abcdef');
        const send = '              --(r|)';
        const unsub = '             -----!';
        const expected = '          --a-b-';
        const here = fakeConnection('u', send);
        const result$ = loadBalanceFrom(source, [here]).pipe(
          mergeMap((outcome) => of(outcome)),
          inShort,
        );
        expectObservable(result$, unsub).toBe(expected);
        flush();
        expect(source.returned).to.equal(1);
        expect(here.closed).to.deep.equal([5]);
      });
    });

    it('should stop listening to a synchronous observable when unsubscribed', () => {
      const source = new Watched([1, 2, 3, 4, 5, 6, 7, 8]);
      const heard: unknown[] = [];
      loadBalanceFrom(source, [(event) => of(event * 2)])
        .pipe(take(3), inShort)
        .subscribe((outcome) => heard.push(outcome));
      expect(heard).to.deep.equal(['1', '2', '3']);
      expect(source.asked).to.have.length(3);
      expect(source.returned).to.equal(1);
    });
  });
});
