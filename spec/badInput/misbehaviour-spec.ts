/** R17, R23: what users' code can do at run time must not lose an event, hang, or end the process. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import {
  BehaviorSubject,
  concat,
  mergeMap,
  NEVER,
  Observable,
  of,
  Subject,
  Subscription,
  throwError,
  timer,
  type ObservableInput,
} from 'rxjs';
import {
  connection,
  exponentialBackoff,
  loadBalance,
  LoadBalancer,
  loadBalanceFrom,
  type ConnectionInput,
  type Outcome,
} from '../../src/index.js';
import { failover } from '../../src/libbeat/index.js';
import { Secrets } from '../../src/connections/secrets.js';
import { commandFrom } from '../../examples/ship/commandLine.js';
import { retryAfterOf } from '../../src/connections/http/retryAfter.js';
import { inShort, outcomesOf } from './outcomes.js';
import { unhandledErrors } from './unhandled.js';
import { oddValues, revoked } from './values.js';

const one = async (): Promise<number> => Promise.resolve(1);

const up$ = concat(of('up' as const), NEVER);

/** Outcomes, and the end, or that there was none within 5 s. */
async function storyOf(outcomes$: Observable<Outcome<unknown>>): Promise<{ events: unknown[]; end: string }> {
  const events: unknown[] = [];
  let end = 'none';
  const subscription = new Subscription();
  subscription.add(
    outcomes$.subscribe({
      next: ({ event }) => {
        if (events.push(event) > 20) {
          subscription.unsubscribe();
          end = 'endless';
        }
      },
      error: (error: unknown) => (end = `error: ${String(error)}`),
      complete: () => (end = 'complete'),
    }),
  );
  for (let wait = 0; wait < 1_000 && end === 'none'; wait++) {
    await sleep(5);
  }
  subscription.unsubscribe();
  return { events, end };
}

describe('at run time', () => {
  const unhandled = unhandledErrors();

  describe('a state$ or window whose teardown throws', () => {
    const leaking = <V>(value: V): Observable<V> =>
      new Observable<V>((subscriber) => {
        subscriber.next(value);
        return () => {
          throw new Error('teardown');
        };
      });

    for (const [what, streams] of [
      ['state$', { state$: leaking('up' as const) }],
      ['window', { state$: up$, window: leaking(1) }],
    ] as const) {
      for (const [how, fail] of [
        ['rejects', async () => Promise.reject(new Error('no'))],
        ['fails a moment later', () => timer(1).pipe(mergeMap(() => throwError(() => new Error('no'))))],
        [
          'throws',
          (): never => {
            throw new Error('no');
          },
        ],
      ] as const) {
        it(`should lose no event, and not fail the output (${what}, when a send ${how})`, async () => {
          let sends = 0;
          const send = (): ObservableInput<string> => (sends++ === 0 ? fail() : of('r'));
          const rejections: unknown[] = [];
          const note = (error: unknown): void => {
            rejections.push(error);
          };
          process.on('unhandledRejection', note);
          const { events, end } = await storyOf(
            of('a', 'b', 'c').pipe(loadBalance([{ name: 'place', ...streams, send }], { reconnectDelay: 1 })),
          );
          await sleep(5);
          process.off('unhandledRejection', note);
          expect(rejections).to.deep.equal([]);
          expect(end).to.equal('complete');
          expect(events).to.have.members(['a', 'b', 'c']);
          expect(unhandled.map(String).join()).to.include('teardown');
        });
      }
    }
  });

  describe('an async iterator that resolves with what is no result', () => {
    for (const [what, make] of [
      ['undefined', () => undefined],
      ['null', () => null],
      ['7', () => 7],
      ['a function', () => () => 1],
      [
        'an object whose done throws',
        () => ({
          get done() {
            throw new Error('done');
          },
        }),
      ],
      [
        'an object whose value throws',
        () => ({
          done: false,
          get value() {
            throw new Error('value');
          },
        }),
      ],
    ] as const) {
      it(`such as ${what}, should fail the output, and reject nothing that nobody handles`, async () => {
        const source = { [Symbol.asyncIterator]: () => ({ next: async () => Promise.resolve(make()) }) };
        const { end } = await storyOf(loadBalanceFrom(source as unknown as AsyncIterable<string>, [one]));
        expect(end).to.match(/^error: /);
        expect(unhandled).to.deep.equal([]);
      });
    }

    it('a sync iterator that gives a function should fail the output', async () => {
      const source = { [Symbol.iterator]: () => ({ next: () => () => 1 }) };
      const { end } = await storyOf(loadBalanceFrom(source as unknown as Iterable<string>, [one]));
      expect(end).to.match(/^error: TypeError/);
    });
  });

  describe('an async iterator with thenables of its own', () => {
    type Then = (fulfilled: (result: unknown) => void) => unknown;
    const sourceOf = (thens: (n: number) => Then): AsyncIterable<string> => {
      let n = 0;
      return {
        [Symbol.asyncIterator]: () => ({ next: () => ({ then: thens(++n) }) }),
      } as unknown as AsyncIterable<string>;
    };

    it('that answer at once should be asked on', async () => {
      const source = sourceOf((n) => (fulfilled) => {
        fulfilled({ done: n > 3, value: `e${n}` });
      });
      expect(await storyOf(loadBalanceFrom(source, [one]))).to.deep.equal({
        events: ['e1', 'e2', 'e3'],
        end: 'complete',
      });
    });

    it('that answer twice should be believed the first time', async () => {
      const source = sourceOf((n) => (fulfilled) => {
        setTimeout(() => {
          fulfilled({ done: n > 2, value: `e${n}` });
          fulfilled({ done: n > 2, value: 'again' });
        });
      });
      expect(await storyOf(loadBalanceFrom(source, [one]))).to.deep.equal({
        events: ['e1', 'e2'],
        end: 'complete',
      });
    });
  });

  describe('LoadBalancer', () => {
    it('should take a connection whose batch is undefined, as loadBalance does', async () => {
      const place = { name: 'place', state$: up$, send: () => of('r'), batch: undefined };
      const balancer = new LoadBalancer([place]);
      expect(await balancer.publish('a')).to.include({ status: 'delivered' });
      await balancer.close();
    });

    it('should give the holes of publishAll an outcome, or refuse them', async () => {
      const balancer = new LoadBalancer([one]);
      const sparse = new Array<string>(3);
      sparse[1] = 'b';
      let refusal: unknown;
      const outcomes = await Promise.resolve()
        .then(async () => balancer.publishAll(sparse))
        .catch((error: unknown) => {
          refusal = error;
          return [];
        });
      expect(refusal !== undefined || outcomes.every((outcome) => typeof outcome === 'object')).to.equal(
        true,
      );
      await balancer.close();
    });
  });

  describe('a function as a connection whose name is no text', () => {
    it('should not end the process when its send is too late', async () => {
      const send = Object.defineProperty(async () => new Promise<string>(() => undefined), 'name', {
        value: Symbol('odd'),
      });
      const [outcome] = await Promise.race([
        outcomesOf(['a'], [send], { maxAttempts: 1, timeout: { send: 5 } }),
        sleep(5_000, [], { ref: false }),
      ]);
      expect(outcome).to.include({ status: 'dropped' });
    });

    it('should be named by its place', async () => {
      const send = Object.defineProperty(async () => Promise.resolve('r'), 'name', { value: 7 });
      expect((await outcomesOf(['a'], [send])).map(inShort)).to.deep.equal(['a@connection 1 1']);
    });
  });

  describe('the answer to a batch', () => {
    const errorsOf = async (answer: () => unknown): Promise<unknown[]> => {
      const bulk = {
        name: 'bulk',
        state$: up$,
        batch: { size: 2, send: answer as () => ObservableInput<undefined> },
      };
      const outcomes = await outcomesOf(['a'], [bulk], { maxAttempts: 1 });
      return outcomes.map((outcome) => (outcome.status === 'dropped' ? outcome.error : undefined));
    };

    for (const value of [null, 7, true, {}, Symbol('odd'), () => 1]) {
      it(`that is ${typeof value} ${value === null ? 'null' : ''} should be refused by an error that says whose and what`, async () => {
        const [error] = await errorsOf(() => of(value));
        expect(String(error)).to.match(/^TypeError: bulk: expected .* to be .*, got /);
      });
    }

    for (const value of [null, undefined]) {
      it(`that has ${String(value)} for a result should be refused by an error that says whose and what`, async () => {
        const [error] = await errorsOf(() => of([value]));
        expect(String(error)).to.match(/^TypeError: bulk: expected .* to be .*, got /);
      });
    }

    it('that is an iterable without end should be refused, and end', async () => {
      let taken = 0;
      const endless = function* (): Generator {
        for (;;) {
          // So that this test ends also where the loop does not.
          if (++taken > 100_000) {
            throw new Error('endless');
          }
          yield { index: 0, status: 'failed', error: 'no' };
        }
      };
      await errorsOf(() => of(endless()));
      expect(taken).to.be.below(100);
    });
  });

  describe('the answer to a batch with a getter that throws', () => {
    for (const part of ['value', 'error'] as const) {
      it(`should be a failed attempt (${part})`, async () => {
        const status = part === 'value' ? 'delivered' : 'failed';
        const odd = Object.defineProperty({ index: 0, status }, part, {
          get: () => {
            throw new Error('not to be read');
          },
        });
        let sends = 0;
        const send = () => of(sends++ === 0 ? [odd, { index: 1, status: 'delivered' }] : undefined);
        const bulk = { name: 'bulk', state$: up$, batch: { size: 2, linger: 1, send } };
        const outcomes = await outcomesOf(['a', 'b'], [bulk as unknown as ConnectionInput<string>]);
        expect(outcomes.map(({ event, status: became }) => `${event} ${became}`)).to.have.members([
          'a delivered',
          'b delivered',
        ]);
      });
    }
  });

  describe('the answer to a batch with a getter that takes the connection down', () => {
    it('should not count any more', () => {
      const state$ = new BehaviorSubject<'up' | 'down'>('up');
      const odd = {
        index: 0,
        status: 'delivered',
        get value(): string {
          state$.next('down');
          return 'r';
        },
      };
      let sends = 0;
      const send = () => of(sends++ === 0 ? [odd] : undefined);
      const bulk = { name: 'bulk', state$, batch: { size: 1, send } } as unknown as ConnectionInput<string>;
      const seen: number[] = [];
      const subscription = new BehaviorSubject('a')
        .pipe(loadBalance([bulk]))
        .subscribe(({ attempts }) => seen.push(attempts));
      state$.next('up');
      expect(seen).to.deep.equal([2]);
      subscription.unsubscribe();
    });
  });

  describe('an iterator whose end is not true but truthy', () => {
    it('should end', async () => {
      let asked = 0;
      const next = () => (asked++ < 2 ? { done: 0, value: `e${asked}` } : { done: 1, value: 'the end' });
      const source = { [Symbol.iterator]: () => ({ next }) } as unknown as Iterable<string>;
      expect(await storyOf(loadBalanceFrom(source, [async () => Promise.resolve(1)]))).to.deep.equal({
        events: ['e1', 'e2'],
        end: 'complete',
      });
    });
  });

  describe('a connection that cannot be looked into again after it was checked', () => {
    it('should close the balancer, and fail its output', async () => {
      let looks = 0;
      const odd = {
        name: 'odd',
        state$: up$,
        send: () => of('r'),
        get window(): number {
          if (++looks > 1) {
            throw new Error('once only');
          }
          return 1;
        },
      };
      const { end } = await storyOf(of('a').pipe(loadBalance(concat(of([odd]), NEVER))));
      expect(end).to.equal('error: Error: once only');
    });
  });

  describe('a promise of a class of its own', () => {
    it('should not be left unhandled when its send is cancelled inside itself', async () => {
      class Own<V> extends Promise<V> {
        override then: Promise<V>['then'] = (...heard) => super.then(...heard);
      }
      const state$ = new BehaviorSubject<'up' | 'down'>('up');
      const send = (): Promise<string> => {
        state$.next('down');
        return Own.reject(new Error('late'));
      };
      const place = { name: 'place', state$, send };
      const { events } = await storyOf(of('a').pipe(loadBalance([place], { maxAttempts: 1 })));
      await sleep(5);
      expect(events).to.deep.equal(['a']);
      expect(unhandled).to.deep.equal([]);
    });
  });

  describe('a client', () => {
    it('should be opened once by a thenable that answers twice', async () => {
      const log: string[] = [];
      const open = () => ({
        then: (fulfilled: (client: string) => void) => {
          fulfilled('A');
          fulfilled('B');
        },
      });
      const place = connection({
        name: 'place',
        open: open as unknown as () => PromiseLike<string>,
        send: async (client: string) => Promise.resolve(client),
        close: (client) => log.push(`close ${client}`),
      });
      expect((await outcomesOf(['a'], [place])).map(inShort)).to.deep.equal(['a@place 1']);
      expect(log).to.deep.equal(['close A']);
    });

    it('should be opened again when it is lost with something that cannot be looked into', async () => {
      let opened = 0;
      const lost$ = new Subject<unknown>();
      const place = connection({
        name: 'place',
        open: () => ++opened,
        send: async () => Promise.resolve('r'),
        lost: () => lost$,
      });
      const subscription = NEVER.pipe(loadBalance([place], { reconnectDelay: 1 })).subscribe();
      lost$.next(revoked());
      for (let wait = 0; wait < 60 && opened < 2; wait++) {
        await sleep(5);
      }
      subscription.unsubscribe();
      expect(opened).to.equal(2);
      expect(unhandled).to.deep.equal([]);
    });
  });

  describe('an error that cannot be looked into', () => {
    it('should pause its connection when it is said to be temporary', async () => {
      let sends = 0;
      const place = {
        name: 'place',
        state$: up$,
        classify: () => 'temporary' as const,
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- that is the point
        send: async () => (sends++ === 0 ? Promise.reject(revoked()) : Promise.resolve('r')),
      };
      const outcomes = await outcomesOf(['a'], [place], { reconnectDelay: 1 });
      await sleep(5);
      expect(outcomes.map(inShort)).to.deep.equal(['a@place 2']);
      expect(unhandled).to.deep.equal([]);
    });

    it('should be a failed attempt when a send throws it (R23)', async () => {
      let sends = 0;
      const send = (): ObservableInput<string> => {
        if (sends++ === 0) {
          throw revoked();
        }
        return of('r');
      };
      expect((await outcomesOf(['a'], [{ name: 'place', state$: up$, send }])).map(inShort)).to.deep.equal([
        'a@place 2',
      ]);
    });
  });

  describe('the random of exponentialBackoff', () => {
    for (const { what, make } of oddValues.filter((odd) => typeof odd.make() === 'number')) {
      it(`that gives ${what} should never make a delay that no timer waits`, () => {
        const random = make() as number;
        const delay = exponentialBackoff({ initialDelay: 1_000, random: () => random })(
          undefined,
          3,
        ).milliseconds;
        expect(delay).to.be.within(0, 60_000);
      });
    }
  });

  describe('a send that gives a thenable whose then gives nothing', () => {
    it('should be delivered once, not failed and sent again', async () => {
      let sends = 0;
      const place = {
        name: 'place',
        state$: up$,
        send: () => {
          sends++;
          return { then: (fulfilled: (value: string) => void) => void setTimeout(fulfilled, 1, 'r') };
        },
      } as unknown as ConnectionInput<string>;
      const [outcome] = await outcomesOf(['a'], [place], { maxAttempts: 2 });
      expect(outcome).to.include({ status: 'delivered' });
      expect(sends).to.equal(1);
    });
  });

  describe('secrets', () => {
    it('should not be shown by a text that has other spaces in them', () => {
      for (const [secret, said] of [
        ['pass word', 'pass\nword'],
        ['pass word', 'pass\u00a0word'],
        ['pass word', 'pass \t word'],
        ['a b c', 'a\0b\x1bc'],
      ] as const) {
        expect(new Secrets([secret]).shown(said)).to.not.include(secret);
      }
    });

    it('should not be shown by the shipper when the value of a flag is missing', () => {
      for (const flag of [
        '--events',
        '--window',
        '--batch',
        '--rate',
        '--timeout',
        '--max-attempts',
        '--format',
        '--health',
      ]) {
        const url = 'https://user:hunter2@host/in';
        expect(() => commandFrom(['--to', 'http://host/', flag, url]), flag)
          .to.throw()
          .with.property('message')
          .that.not.includes('hunter2');
      }
    });
  });

  describe('Retry-After with seconds that there are not', () => {
    it('should be no time, or a minute later; not none at all', () => {
      const date = 'Sun, 06 Nov 1994 08:49:37 GMT';
      // V8 reads :60, which is a leap second, and :99, as :00: in the past, so the pause is 0.
      expect(retryAfterOf('Sun, 06 Nov 1994 08:49:60 GMT', date, 0)).to.be.oneOf([undefined, 23_000]);
      expect(retryAfterOf('Sun, 06 Nov 1994 08:49:99 GMT', date, 0)).to.equal(undefined);
    });
  });

  describe('the random of failover', () => {
    for (const value of [1, 2, -1, NaN, Infinity, undefined, 'odd']) {
      it(`that gives ${String(value)} should choose one of the connections`, async () => {
        const send = (): ObservableInput<string> => of('r');
        const place = failover([send, send], { name: 'place', random: () => value as number });
        const outcomes = await Promise.race([
          outcomesOf(['a'], [place], { timeout: { wait: 50 }, maxAttempts: 1 }),
          sleep(5_000, [], { ref: false }),
        ]);
        expect(outcomes.map(inShort)).to.deep.equal(['a@place 1']);
      });
    }
  });
});
