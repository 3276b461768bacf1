/** What user code may do to the balancer from the inside: while it sends, cancels, opens, and waits. */
import { expect } from 'chai';
import {
  BehaviorSubject,
  concatMap,
  config,
  EMPTY,
  NEVER,
  Observable,
  of,
  Subject,
  timer,
  type Subscriber,
} from 'rxjs';
import {
  isDropped,
  loadBalance,
  TemporaryError,
  type BalancerActivity,
  type Connection,
  type ConnectionState,
  type ItemResult,
  type Outcome,
} from '../../src/index.js';
import { fakeConnection } from '../../src/testing/index.js';
import { drawn, inShort, run } from '../marbles.js';

/** The outcomes of events that are sent one by one, in short. */
function outcomesOf(source$: Observable<string>, connections: Connection<string, string>[]): string[] {
  const seen: string[] = [];
  source$
    .pipe(loadBalance(connections, { maxAttempts: 1 }), inShort)
    .subscribe((outcome) => seen.push(outcome));
  return seen;
}

describe('user code inside the balancer', () => {
  it('should give each event its own outcome when cancelling one send fails the others', () => {
    const state$ = new BehaviorSubject<ConnectionState>('up');
    const session = new Set<Subscriber<string>>();
    const send = () =>
      new Observable<string>((subscriber) => {
        session.add(subscriber);
        return () => {
          session.delete(subscriber);
          session.forEach((other) => {
            other.error(new Error('the session is gone'));
          });
        };
      });
    const source$ = new Subject<string>();
    const seen = outcomesOf(source$, [{ name: 'shared', state$, window: 3, send }]);
    source$.next('a');
    source$.next('b');
    source$.next('c');
    state$.next('down');
    expect(seen).to.deep.equal(['a attempts 1', 'b attempts 1', 'c attempts 1']);
  });

  it('should not take the answer of a send that was cancelled inside itself for that of another event', async () => {
    const state$ = new BehaviorSubject<ConnectionState>('up');
    let answerLate: (value: string) => void = () => undefined;
    const answers = [
      () => {
        state$.next('down');
        return new Promise<string>((resolve) => {
          answerLate = resolve;
        });
      },
      () => NEVER,
    ];
    const source$ = new Subject<string>();
    const seen: Outcome<string>[] = [];
    const subscription = source$
      .pipe(loadBalance([{ name: 'one', state$, send: () => answers.shift()?.() ?? NEVER }]))
      .subscribe((outcome) => seen.push(outcome));
    source$.next('a');
    state$.next('up');
    answerLate('too late');
    await Promise.resolve();
    expect(seen).to.deep.equal([]);
    subscription.unsubscribe();
  });

  it('should swallow the rejection of a promise whose send was cancelled inside itself', async () => {
    const state$ = new BehaviorSubject<ConnectionState>('up');
    const send = (): Promise<string> => {
      state$.next('down');
      return Promise.reject(new Error('nobody listens'));
    };
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => {
      unhandled.push(error);
    };
    process.on('unhandledRejection', note);
    const source$ = new Subject<string>();
    const seen = outcomesOf(source$, [{ name: 'one', state$, send }]);
    source$.next('a');
    // Node tells of it when all promises of this moment are through.
    await new Promise(setImmediate);
    process.off('unhandledRejection', note);
    expect(seen).to.deep.equal(['a attempts 1']);
    expect(unhandled).to.deep.equal([]);
  });

  it('should report a teardown that throws as unhandled, and lose no event', async () => {
    const { onUnhandledError } = config;
    const reported: unknown[] = [];
    config.onUnhandledError = (error) => reported.push(error);
    const teardownError = new Error('in the teardown');
    const state$ = new BehaviorSubject<ConnectionState>('up');
    const send = () =>
      new Observable<string>(() => () => {
        throw teardownError;
      });
    const source$ = new Subject<string>();
    const seen = outcomesOf(source$, [{ name: 'one', state$, send }]);
    source$.next('a');
    state$.next('down');
    source$.next('b');
    state$.next('up');
    state$.next('down');
    await new Promise((resolve) => setTimeout(resolve, 5));
    config.onUnhandledError = onUnhandledError;
    expect(seen).to.deep.equal(['a attempts 1', 'b attempts 1']);
    expect(reported).to.have.length(2);
  });

  it('should join what is listed inside an opening, also when the list completes there', () => {
    const lists$ = new Subject<readonly Connection<string, string>[]>();
    const second: Connection<string, string> = {
      name: 'second',
      state$: new BehaviorSubject<ConnectionState>('up'),
      send: () => of('r'),
    };
    const first: Connection<string, string> = {
      name: 'first',
      state$: new Observable((subscriber) => {
        subscriber.next('down');
        lists$.next([first, second]);
        lists$.complete();
      }),
      send: () => NEVER,
    };
    const seen: string[] = [];
    const source$ = new Subject<string>();
    const subscription = source$
      .pipe(loadBalance(lists$), inShort)
      .subscribe((outcome) => seen.push(outcome));
    lists$.next([first]);
    source$.next('a');
    expect(seen).to.deep.equal(['a@second 1']);
    subscription.unsubscribe();
  });

  it('should give no event an answer that comes because another send was cancelled', () => {
    const state$ = new BehaviorSubject<ConnectionState>('up');
    const session = new Set<Subscriber<string>>();
    const send = () =>
      new Observable<string>((subscriber) => {
        session.add(subscriber);
        return () => {
          session.delete(subscriber);
          session.forEach((other) => {
            other.next('flushed');
            other.complete();
          });
        };
      });
    const source$ = new Subject<string>();
    const seen = outcomesOf(source$, [{ name: 'shared', state$, window: 3, send }]);
    source$.next('a');
    source$.next('b');
    state$.next('down');
    expect(seen).to.deep.equal(['a attempts 1', 'b attempts 1']);
  });

  it('should not subscribe to the stream of a send that was cancelled inside itself', () => {
    const state$ = new BehaviorSubject<ConnectionState>('up');
    let subscriptions = 0;
    const send = () => {
      state$.next('down');
      return new Observable<string>(() => {
        subscriptions++;
      });
    };
    const source$ = new Subject<string>();
    const seen = outcomesOf(source$, [{ name: 'one', state$, send }]);
    source$.next('a');
    expect(seen).to.deep.equal(['a attempts 1']);
    expect(subscriptions).to.equal(0);
  });

  it('should send nothing on a connection that goes down inside the report of the attempt, or of being up', () => {
    for (const type of ['attempt', 'state'] as const) {
      const state$ = new Subject<ConnectionState>();
      const sends: string[] = [];
      let isDown = false;
      const next = (activity: BalancerActivity): void => {
        const comesUp = activity.type === 'state' && activity.state === 'up';
        if (!isDown && activity.type === type && (type === 'attempt' || comesUp)) {
          isDown = true;
          state$.next('down');
        }
      };
      const send = (event: string) => {
        sends.push(event);
        return NEVER;
      };
      const source$ = new Subject<string>();
      const subscription = source$
        .pipe(loadBalance([{ name: 'one', state$, send }], { monitor: { next } }))
        .subscribe();
      source$.next('a');
      state$.next('up');
      expect([isDown, sends]).to.deep.equal([true, []]);
      subscription.unsubscribe();
    }
  });

  it('should take one answer of a promise that gives two, although its seat is used again', () => {
    let again: () => void = () => undefined;
    const twice = Object.assign(new Promise<string>(() => undefined), {
      then: (fulfilled: (value: string) => void) => {
        again = () => {
          fulfilled('again');
        };
        fulfilled('first');
        return Promise.resolve();
      },
    }) as unknown as Promise<string>;
    const source$ = new Subject<string>();
    const state$ = new BehaviorSubject<ConnectionState>('up');
    const send = (event: string) => (event === 'a' ? twice : NEVER);
    const seen = outcomesOf(source$, [{ name: 'one', state$, send }]);
    source$.next('a');
    source$.next('b');
    again();
    expect(seen).to.deep.equal(['a@one 1']);
    state$.complete();
  });
});

describe('connections beside each other', () => {
  it('should not let one that lingers hold back one that is ready', () => {
    run(({ cold, expectObservable }) => {
      const source = cold(' --a--|');
      const answer = '        -(r|)';
      const expected = '    ---a-|';
      const bulk = fakeConnection<string, string>('u', '-|', {
        name: 'bulk',
        batch: { size: 9, linger: 50 },
      });
      const single = fakeConnection<string>('u', answer, { name: 'single' });
      expectObservable(source.pipe(loadBalance([bulk, single]), drawn)).toBe(expected);
    });
  });

  it('should wait once for a connection that broke, whatever its other sends say after that', () => {
    run(({ cold, flush }) => {
      const told: number[] = [];
      const answers = [cold('--#'), cold('----#', undefined, new TemporaryError('busy', { retryAfter: 90 }))];
      const one = fakeConnection<string>('u', () => answers.shift() ?? of('r'), { window: 2 });
      const reconnectDelay = (_error: unknown, nth: number) => {
        told.push(nth);
        return timer(10);
      };
      cold('(ab|)')
        .pipe(loadBalance([one], { reconnectDelay }))
        .subscribe();
      flush();
      expect(told).to.deep.equal([1]);
      expect(one.opened).to.deep.equal([0, 14]);
    });
  });

  it('should drop in an outage what a full queue has kept, each in its own time', () => {
    run(({ cold, expectObservable }) => {
      const source = cold('  abcdef 94ms |');
      const down = fakeConnection<string>('d', '(r|)');
      const options = {
        maxAttempts: 1,
        timeout: { wait: 20 },
        queue: { capacity: 2, overflow: 'drop-oldest' },
      } as const;
      expectObservable(source.pipe(loadBalance([down], options), drawn)).toBe('--ABCD 18ms EF 74ms |');
    });
  });

  it('should go on counting the wait of what a full queue has kept', () => {
    run(({ cold, expectObservable }) => {
      const sends = '       u--d';
      const source = cold(' ----(ab)c 93ms |');
      const expected = '    ----B---C 15ms A 77ms |';
      const down = fakeConnection<string>(sends, '(r|)');
      const options = { maxAttempts: 1, timeout: { wait: 20 }, queue: { capacity: 1 } } as const;
      expectObservable(source.pipe(loadBalance([down], options), drawn)).toBe(expected);
    });
  });

  it('should drop every event of one moment when there is no time to wait', () => {
    run(({ flush }) => {
      const source$ = new Subject<string>();
      const seen: string[] = [];
      const down = fakeConnection<string>('d', '(r|)');
      source$
        .pipe(loadBalance([down], { timeout: { wait: 0 } }))
        .subscribe((outcome) => seen.push(isDropped(outcome) ? outcome.event : ''));
      source$.next('a');
      timer(0)
        .pipe(concatMap(() => timer(0)))
        .subscribe(() => {
          source$.next('b');
        });
      timer(10).subscribe(() => {
        source$.complete();
      });
      flush();
      expect(seen).to.deep.equal(['a', 'b']);
    });
  });

  it('should fail a batch whose results make no sense', () => {
    run(({ cold, expectObservable }) => {
      const nonsense = [{ index: 0, status: 'perhaps' }] as unknown as ItemResult<string>[];
      const source = cold(' a|');
      const answer = cold(' -(r|)', { r: nonsense });
      const bulk = fakeConnection<string, string>('u', () => answer, { batch: { size: 2 } });
      const options = { maxAttempts: 1, reconnectDelay: () => EMPTY };
      expectObservable(source.pipe(loadBalance([bulk], options), inShort)).toBe('-(a|)', {
        a: 'a attempts 1',
      });
    });
  });
});
