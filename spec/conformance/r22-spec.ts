/** Proves R22: a queue at its capacity drops by its policy, and never what has been put back. */
import { expect } from 'chai';
import { BehaviorSubject, concat, firstValueFrom, map, NEVER, of, Subject, type ObservableInput } from 'rxjs';
import {
  isDelivered,
  isDropped,
  loadBalance,
  TemporaryError,
  type BalancerActivity,
  type ConnectionState,
  type Outcome,
} from '../../src/index.js';
import { fakeConnection } from '../../src/testing/index.js';
import { run } from '../marbles.js';

const brief = (outcome: Outcome<string>): string =>
  isDelivered(outcome) ? `${outcome.event} delivered` : `${outcome.event} ${outcome.reason}`;

describe('R22: the capacity of the queue', () => {
  it('should drop the event that arrives at a full queue, by default', () => {
    run(({ cold, expectObservable }) => {
      const e1 = '      abcd---e|       ';
      const states = '  d-----u         ';
      const send = '    -(r|)           ';
      const expected = '--cd---ab(e|)   ';

      const result = cold(e1).pipe(
        loadBalance([fakeConnection<string>(states, send)], { queue: { capacity: 2 } }),
        map(brief),
      );

      expectObservable(result).toBe(expected, {
        a: 'a delivered',
        b: 'b delivered',
        c: 'c overflow',
        d: 'd overflow',
        e: 'e delivered',
      });
    });
  });

  it('should drop the event that waits longest with drop-oldest', () => {
    run(({ cold, expectObservable }) => {
      const e1 = '      abcd---e|       ';
      const states = '  d-----u         ';
      const send = '    -(r|)           ';
      const expected = '--ab---cd(e|)   ';

      const result = cold(e1).pipe(
        loadBalance([fakeConnection<string>(states, send)], {
          queue: { capacity: 2, overflow: 'drop-oldest' },
        }),
        map(brief),
      );

      expectObservable(result).toBe(expected, {
        a: 'a overflow',
        b: 'b overflow',
        c: 'c delivered',
        d: 'd delivered',
        e: 'e delivered',
      });
    });
  });

  it('should not count what is in flight', () => {
    run(({ cold, expectObservable }) => {
      const e1 = '      (abcd|)      ';
      const send = '    ----(r|)     ';
      const expected = 'd---(ab)(c|) ';

      const result = cold(e1).pipe(
        loadBalance([fakeConnection<string>('u', send, { window: 2 })], { queue: { capacity: 1 } }),
        map(brief),
      );

      expectObservable(result).toBe(expected, {
        a: 'a delivered',
        b: 'b delivered',
        c: 'c delivered',
        d: 'd overflow',
      });
    });
  });

  it('should take events again when there is room', () => {
    run(({ cold, expectObservable }) => {
      const e1 = '      abcd---e|       ';
      const send = '    ----(r|)        ';
      //                a---b---e---
      const expected = '--cda---b---(e|)';

      const result = cold(e1).pipe(
        loadBalance([fakeConnection<string>('u', send)], { queue: { capacity: 1 } }),
        map(brief),
      );

      expectObservable(result).toBe(expected, {
        a: 'a delivered',
        b: 'b delivered',
        c: 'c overflow',
        d: 'd overflow',
        e: 'e delivered',
      });
    });
  });

  it('should say that the queue was full, and that nothing was tried', () => {
    run(({ cold, expectObservable }) => {
      const e1 = '      ab--';
      const states = '  d---';
      const unsub = '   ---!';
      const expected = '-b--';

      const result = cold(e1).pipe(
        loadBalance([fakeConnection<string>(states, '(r|)')], { queue: { capacity: 1 } }),
        map((outcome) => (isDropped(outcome) ? { ...outcome, error: String(outcome.error) } : outcome)),
      );

      expectObservable(result, unsub).toBe(expected, {
        b: {
          status: 'dropped',
          event: 'b',
          reason: 'overflow',
          error: 'Error: the queue is full',
          attempts: 0,
          failures: [],
        },
      });
    });
  });

  for (const overflow of ['drop-newest', 'drop-oldest'] as const) {
    it(`should count an event that has been put back, and drop the new one, with ${overflow}`, () => {
      run(({ cold, expectObservable }) => {
        const place = fakeConnection<string>('u', (_event, { attempt }) =>
          attempt === 1 ? cold('-#') : cold('-(r|)'),
        );

        const e1 = '      a-b--------|';
        //                -#---        the send, and the backoff
        //                     a-      the retry
        const expected = '--b---a----|';

        const result = cold(e1).pipe(
          loadBalance([place], { queue: { capacity: 1, overflow }, reconnectDelay: 4 }),
          map(brief),
        );

        expectObservable(result).toBe(expected, { a: 'a delivered', b: 'b overflow' });
      });
    });

    it(`should drop nothing because an event is put back, with ${overflow}`, () => {
      run(({ cold, expectObservable }) => {
        const place = fakeConnection<string>('u', (event, { attempt }) =>
          event === 'a' && attempt === 1 ? cold('-#') : cold('-(r|)'),
        );

        const e1 = '      (ab)-------|';
        //                -#---        the send of a, and the backoff
        //                     ba      on probation, the new event goes first
        const expected = '------ba---|';

        const result = cold(e1).pipe(
          loadBalance([place], { queue: { capacity: 1, overflow }, reconnectDelay: 4 }),
          map(brief),
        );

        expectObservable(result).toBe(expected, { a: 'a delivered', b: 'b delivered' });
      });
    });

    it(`should drop guaranteed events too, with ${overflow}`, () => {
      run(({ cold, expectObservable }) => {
        const e1 = '      ab----';
        const states = '  d-----';
        const unsub = '   -----!';
        const expected = '-x----';

        const result = cold(e1).pipe(
          loadBalance([fakeConnection<string>(states, '(r|)')], {
            guaranteed: true,
            queue: { capacity: 1, overflow },
          }),
          map(brief),
        );

        const dropped = overflow === 'drop-newest' ? 'b' : 'a';
        expectObservable(result, unsub).toBe(expected, { x: `${dropped} overflow` });
      });
    });
  }

  describe('of 0', () => {
    for (const overflow of ['drop-newest', 'drop-oldest'] as const) {
      it(`should drop an event that no connection is ready for, with ${overflow}`, () => {
        run(({ cold, expectObservable }) => {
          const e1 = '      ab--c---d|     ';
          const send = '    ---(r|)        ';
          const expected = '-b-a---c---(d|)';

          const result = cold(e1).pipe(
            loadBalance([fakeConnection<string>('u', send)], { queue: { capacity: 0, overflow } }),
            map(brief),
          );

          expectObservable(result).toBe(expected, {
            a: 'a delivered',
            b: 'b overflow',
            c: 'c delivered',
            d: 'd delivered',
          });
        });
      });
    }

    it('should drop every event while no connection is up', () => {
      run(({ cold, expectObservable }) => {
        const e1 = '      ab---c|    ';
        const states = '  c---u      ';
        const send = '    -(r|)      ';
        const expected = 'ab----(c|) ';

        const result = cold(e1).pipe(
          loadBalance([fakeConnection<string>(states, send)], { queue: { capacity: 0 } }),
          map(brief),
        );

        expectObservable(result).toBe(expected, { a: 'a overflow', b: 'b overflow', c: 'c delivered' });
      });
    });

    it('should drop none of a synchronous source whose sends are synchronous', () => {
      const outcomes: string[] = [];

      of('a', 'b', 'c')
        .pipe(loadBalance([() => of('r')], { queue: { capacity: 0 } }), map(brief))
        .subscribe((outcome) => outcomes.push(outcome));

      expect(outcomes).to.deep.equal(['a delivered', 'b delivered', 'c delivered']);
    });

    for (const [kind, answered] of [
      ['an Observable', (answer$: Subject<string>) => answer$],
      ['a promise', (answer$: Subject<string>) => firstValueFrom(answer$, { defaultValue: '' })],
    ] as const) {
      describe(`an event that is fed back inside an outcome, after ${kind}`, () => {
        const fedBack = async (
          fed: string,
          overflow: 'drop-newest' | 'drop-oldest',
          act: (down: Subject<ConnectionState>) => void = () => undefined,
        ): Promise<{ readonly sent: string; readonly outcomes: string[] }> => {
          const source$ = new Subject<string>();
          const state$ = new BehaviorSubject<ConnectionState>('up');
          const answers: Subject<string>[] = [];
          const outcomes: string[] = [];
          let sent = '';
          const send = (event: string): ObservableInput<string> => {
            sent += event;
            const answer$ = new Subject<string>();
            answers.push(answer$);
            return answered(answer$);
          };
          const subscription = source$
            .pipe(
              loadBalance([{ name: 'one', state$, send }], { queue: { capacity: 0, overflow } }),
              map(brief),
            )
            .subscribe((outcome) => {
              outcomes.push(outcome);
              if (outcome === 'a delivered') {
                act(state$);
                Array.from(fed).forEach((event) => {
                  source$.next(event);
                });
              }
            });
          source$.next('a');
          for (let answer$ = answers.shift(); answer$ !== undefined; answer$ = answers.shift()) {
            answer$.next('r');
            answer$.complete();
            await new Promise(setImmediate);
          }
          subscription.unsubscribe();
          return { sent, outcomes };
        };

        it('should be taken by the connection that this has freed', async () => {
          for (const overflow of ['drop-newest', 'drop-oldest'] as const) {
            expect(await fedBack('b', overflow)).to.deep.equal({
              sent: 'ab',
              outcomes: ['a delivered', 'b delivered'],
            });
          }
        });

        it('should be dropped when it is one too many', async () => {
          const { sent, outcomes } = await fedBack('bc', 'drop-newest');
          expect(sent).to.equal('ab');
          expect(outcomes.slice().sort()).to.deep.equal(['a delivered', 'b delivered', 'c overflow']);
        });

        it('should be dropped when the connection has gone down there', async () => {
          for (const overflow of ['drop-newest', 'drop-oldest'] as const) {
            const down = (state$: Subject<ConnectionState>): void => {
              state$.next('down');
            };
            expect(await fedBack('b', overflow, down)).to.deep.equal({
              sent: 'a',
              outcomes: ['a delivered', 'b overflow'],
            });
          }
        });
      });
    }

    it('should keep what has been put back', () => {
      run(({ cold, expectObservable }) => {
        const place = fakeConnection<string>('u', (_event, { attempt }) =>
          attempt === 1 ? cold('-#', {}, new TemporaryError()) : cold('-(r|)'),
        );

        const e1 = '      a--b-----|';
        //                -#----     the send, and the pause
        //                      a-   the retry
        const expected = '---b---a-|';

        const result = cold(e1).pipe(
          loadBalance([place], { queue: { capacity: 0 }, reconnectDelay: 5 }),
          map(brief),
        );

        expectObservable(result).toBe(expected, { a: 'a delivered', b: 'b overflow' });
      });
    });

    it('should not let a batch linger', () => {
      run(({ cold, expectObservable }) => {
        const bulk = fakeConnection<string, string>('u', '-|', { batch: { size: 3, linger: 5 } });

        const e1 = '      a-b----|';
        const expected = '-a-b---|';

        const result = cold(e1).pipe(loadBalance([bulk], { queue: { capacity: 0 } }), map(brief));

        expectObservable(result).toBe(expected, { a: 'a delivered', b: 'b delivered' });
      });
    });
  });

  it('should end the linger of a batch that cannot fill any further', () => {
    run(({ cold, expectObservable }) => {
      const bulk = fakeConnection<string, string>('u', '-|', { batch: { size: 3, linger: 8 } });

      const e1 = '      a-b-----c-d----|   ';
      //                --|     --|        full in frames 2 and 10
      const expected = '---(ab)----(cd)|   ';

      const result = cold(e1).pipe(loadBalance([bulk], { queue: { capacity: 2 } }), map(brief));

      expectObservable(result).toBe(expected, {
        a: 'a delivered',
        b: 'b delivered',
        c: 'c delivered',
        d: 'd delivered',
      });
    });
  });

  it('should drop nothing without a capacity', () => {
    const outcomes: unknown[] = [];
    const many = Array.from({ length: 10_000 }, (_, index) => index);

    const subscription = concat(of(...many), NEVER)
      .pipe(loadBalance([{ name: 'down', state$: concat(of('down' as const), NEVER), send: () => of('r') }]))
      .subscribe((outcome) => outcomes.push(outcome));
    subscription.unsubscribe();

    expect(outcomes).to.be.empty;
  });

  it('should drop what comes inside an outcome while no connection is ready, although one is right afterwards', () => {
    const state$ = new BehaviorSubject<ConnectionState>('up');
    const source$ = new Subject<string>();
    const outcomes: string[] = [];
    const send = (event: string): ObservableInput<string> => (event === 'first' ? of('r') : NEVER);
    const subscription = source$
      .pipe(
        loadBalance([{ name: 'place', state$, send }], { maxAttempts: 1, queue: { capacity: 0 } }),
        map(brief),
      )
      .subscribe((outcome) => {
        outcomes.push(outcome);
        if (outcome === 'a attempts') {
          source$.next('b');
          state$.next('up');
        }
      });
    source$.next('first');
    source$.next('a');

    state$.next('down');

    expect(outcomes).to.deep.equal(['first delivered', 'a attempts', 'b overflow']);
    subscription.unsubscribe();
  });

  it('should drop no more events than have come, when those put back take their room', () => {
    run(({ cold, expectObservable, flush }) => {
      const place = fakeConnection<string>('u--d', '-');

      const e1 = '      abc-d        ';
      //                ---|         a is put back
      const expected = '----d        ';

      const result = cold(e1).pipe(loadBalance([place], { queue: { capacity: 2 } }), map(brief));

      expectObservable(result, '----------!').toBe(expected, { d: 'd overflow' });
      flush();
    });
  });

  it('should drop nothing when what came was taken at once, and only those put back are too many', () => {
    run(({ cold, expectObservable, flush }) => {
      const again = new TemporaryError('again', { retryAfter: 0 });
      const failing = cold('-#', {}, again);
      const wide = fakeConnection<string>('u', (event) => (event === 'c' ? NEVER : failing), {
        name: 'wide',
        window: 2,
      });
      const busy = fakeConnection<string>('u', '-', { name: 'busy' });

      const e1 = '      (axb)-c      ';
      const expected = '-------------';
      //                -|           a and b wait for the busy one
      const result = cold(e1).pipe(loadBalance([wide, busy], { queue: { capacity: 0 } }), map(brief));

      expectObservable(result, '------------!').toBe(expected);
      flush();
      expect(wide.sent.map(({ event }) => event)).to.deep.equal(['a', 'b', 'c']);
    });
  });

  it('should let a connection that comes up inside an overflow take what waits', () => {
    const state$ = new BehaviorSubject<ConnectionState>('down');
    const source$ = new Subject<string>();
    const sends: string[] = [];
    const late = { name: 'late', state$, send: (event: string) => of(sends.push(event)) };
    const busy = (event: string): ObservableInput<string> => (event === 'a' ? of('r') : NEVER);
    const subscription = source$
      .pipe(loadBalance([busy, late], { queue: { capacity: 1 } }))
      .subscribe((outcome) => {
        if (outcome.event === 'a') {
          source$.next('b');
          source$.next('c');
          source$.next('d');
        } else if (outcome.event === 'd') {
          state$.next('up');
        }
      });

    source$.next('a');

    expect(sends).to.deep.equal(['c']);
    subscription.unsubscribe();
  });

  it('should tell a monitor how many wait, as they come, also while no connection is up', () => {
    run(({ cold, expectObservable, flush }) => {
      const waiting: number[] = [];
      const next = (activity: BalancerActivity): void => {
        if (activity.type === 'queue') {
          waiting.push(activity.waiting);
        }
      };
      const e1 = cold('a 149ms b 149ms c');
      const result = e1.pipe(loadBalance([fakeConnection<string>('d', '-')], { monitor: { next } }));

      expectObservable(result, '400ms !').toBe('');
      flush();
      expect(waiting.filter((count) => count > 0)).to.deep.equal([1, 2, 3]);
    });
  });
});
