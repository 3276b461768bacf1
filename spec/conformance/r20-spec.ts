/** Proves R20: whoever unsubscribes leaves nothing behind: no send, no connection, no subscription, no timer. */
import { expect } from 'chai';
import {
  concat,
  defer,
  NEVER,
  Observable,
  of,
  Subject,
  take,
  takeUntil,
  tap,
  throwError,
  type ObservableInput,
} from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { useFakeTimers, type SinonFakeTimers } from 'sinon';
import {
  loadBalance,
  TemporaryError,
  type BalancerActivity,
  type ConnectionInput,
  type ConnectionState,
  type LoadBalanceOptions,
} from '../../src/index.js';
import { fakeConnection } from '../../src/testing/index.js';
import { run } from '../marbles.js';

const staying = (state: ConnectionState): Observable<ConnectionState> => concat(of(state), NEVER);
const never = (): ObservableInput<string> => NEVER;

describe('R20: unsubscribing', () => {
  it('should unsubscribe from the source, the sends, and everything else that was given', () => {
    run(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const e1 = cold('    abc-------');
      const window$ = cold('2---------');
      const closeOn = hot('----------x');
      const answer$ = cold('----------');
      const state$ = cold<ConnectionState>('u---------', { u: 'up' });
      const place = { name: 'place', state$, window: window$.pipe(toNumber), send: () => answer$ };
      const lists$ = cold('x---------', { x: [place] });
      const unsub = '      -----!    ';
      const subs = '       ^----!    ';
      const expected = '   ----------';

      expectObservable(e1.pipe(loadBalance(lists$, { closeOn })), unsub).toBe(expected);

      for (const used of [e1, window$, closeOn, state$, lists$]) {
        expectSubscriptions(used.subscriptions).toBe(subs);
      }
      expectSubscriptions(answer$.subscriptions).toBe([subs, '-^---!']);
    });
  });

  it('should cancel every send on every connection, and abort their signals', () => {
    const signals: AbortSignal[] = [];
    const cancelled: string[] = [];
    const send = (event: string, { signal }: { signal: AbortSignal }): Observable<string> => {
      signals.push(signal);
      return new Observable<string>(() => () => cancelled.push(event));
    };
    const pipelined = { name: 'pipelined', state$: staying('up'), window: 2, send };
    const subscription = concat(of('a', 'b', 'c'), NEVER)
      .pipe(loadBalance([pipelined, send]))
      .subscribe();
    expect(signals.map(({ aborted }) => aborted)).to.deep.equal([false, false, false]);

    subscription.unsubscribe();

    expect(cancelled).to.have.members(['a', 'b', 'c']);
    expect(signals.map(({ aborted }) => aborted)).to.deep.equal([true, true, true]);
  });

  it('should close a connection in whatever state it is', () => {
    run(({ cold, expectObservable, flush }) => {
      const places = ['c', 'u', 'd', 'ud', ''].map((states) => fakeConnection<string>(states, '-'));

      const e1 = '      ab--      ';
      const unsub = '   ---!      ';
      const expected = '----------';

      expectObservable(cold(e1).pipe(loadBalance(places)), unsub).toBe(expected);
      flush();

      expect(places.map(({ closed }) => closed)).to.deep.equal([[3], [3], [3], [3], [3]]);
    });
  });

  it('should not open a connection again that waits for its next try', () => {
    run(({ cold, expectObservable, flush }) => {
      const place = fakeConnection<string>('-#', '-');

      const e1 = '      a---------';
      //                -#----      the first try, and the backoff
      const unsub = '   ---!      ';
      const expected = '----------';

      expectObservable(cold(e1).pipe(loadBalance([place], { reconnectDelay: 4 })), unsub).toBe(expected);
      flush();

      expect(place.opened).to.deep.equal([0]);
    });
  });

  describe('and timers', () => {
    let clock: SinonFakeTimers;

    beforeEach(() => {
      clock = useFakeTimers({ shouldClearNativeTimers: true });
    });

    afterEach(() => {
      clock.restore();
    });

    interface Case {
      readonly when: string;
      readonly connections: readonly ConnectionInput<string>[];
      readonly options: LoadBalanceOptions<string>;
      readonly ended?: boolean;
    }

    const busy = (): ObservableInput<string> => throwError(() => new TemporaryError());
    const broken = (): ObservableInput<string> => throwError(() => new Error());
    const firstBroken = (event: string): ObservableInput<string> => (event === 'a' ? broken() : NEVER);
    const none = { connect: Infinity, send: Infinity, wait: Infinity };

    const cases: readonly Case[] = [
      {
        when: 'a connection is connecting',
        connections: [{ name: 'slow', state$: NEVER, send: never }],
        options: { timeout: { ...none, connect: 500 } },
      },
      {
        when: 'a send has an exact deadline',
        connections: [never],
        options: { timeout: { ...none, send: 500 } },
      },
      {
        when: 'a send has a coarse deadline',
        connections: [never],
        options: { timeout: { ...none, send: 5_000 } },
      },
      {
        when: 'a connection waits for its backoff',
        connections: [broken],
        options: { timeout: none, reconnectDelay: 500 },
      },
      {
        when: 'a failed connection lets its other sends finish',
        connections: [{ name: 'wide', state$: staying('up'), window: 2, send: firstBroken }],
        options: { timeout: none, reconnectDelay: 500 },
      },
      {
        when: 'a connection pauses for a temporary failure',
        connections: [busy],
        options: { timeout: none, reconnectDelay: 500 },
      },
      {
        when: 'a connection pauses for as long as it was asked to',
        connections: [() => throwError(() => new TemporaryError('', { retryAfter: 500 }))],
        options: { timeout: none },
      },
      {
        when: 'events wait while no connection is up',
        connections: [{ name: 'down', state$: staying('down'), send: never }],
        options: { timeout: { ...none, wait: 500 } },
      },
      {
        when: 'a source that has ended is drained',
        connections: [never],
        options: { timeout: none, drainTimeout: 500 },
        ended: true,
      },
      {
        when: 'a batch lingers',
        connections: [
          { name: 'bulk', state$: staying('up'), batch: { size: 5, linger: 500, send: () => NEVER } },
        ],
        options: { timeout: none },
      },
      {
        when: 'a report of the queue is due',
        connections: [never],
        options: { timeout: none, monitor: { next: () => undefined } },
      },
    ];

    for (const { when, connections, options, ended = false } of cases) {
      it(`should leave none behind when ${when}`, () => {
        const source = ended ? of('a', 'b') : concat(of('a', 'b'), NEVER);
        const subscription = source.pipe(loadBalance(connections, options)).subscribe();
        expect(clock.countTimers()).to.be.above(0);

        subscription.unsubscribe();

        expect(clock.countTimers()).to.equal(0);
      });

      it(`should leave none behind when it is closed while ${when}`, () => {
        const closeOn = new Subject<void>();
        const source = ended ? of('a', 'b') : concat(of('a', 'b'), NEVER);
        source.pipe(loadBalance(connections, { ...options, closeOn })).subscribe();
        expect(clock.countTimers()).to.be.above(0);

        closeOn.next();

        expect(clock.countTimers()).to.equal(0);
      });
    }

    it('should leave none behind when the output has completed', () => {
      const source = new Subject<string>();
      source
        .pipe(
          loadBalance([() => of('r'), { name: 'slow', state$: NEVER, send: never }], {
            timeout: 500,
            monitor: { next: () => undefined },
            drainTimeout: 500,
          }),
        )
        .subscribe();
      source.next('a');
      source.next('b');
      expect(clock.countTimers()).to.be.above(0);

      source.complete();

      expect(clock.countTimers()).to.equal(0);
    });

    it('should leave none behind when a retry was held back for another connection', async () => {
      const quick = {
        name: 'quick',
        state$: staying('up'),
        classify: () => 'temporary' as const,
        send: broken,
      };
      const subscription = concat(of('a', 'b'), NEVER)
        .pipe(loadBalance([quick, never], { timeout: { ...none, send: 500 }, reconnectDelay: 10 }))
        .subscribe();
      await clock.tickAsync(50);
      expect(clock.countTimers()).to.be.above(0);

      subscription.unsubscribe();

      expect(clock.countTimers()).to.equal(0);
    });

    it("should leave none behind in a scheduler of one's own", () => {
      const scheduler = new TestScheduler(() => undefined);
      const subscription = concat(of('a', 'b'), NEVER)
        .pipe(loadBalance([never, { name: 'slow', state$: NEVER, send: never }], { scheduler, timeout: 500 }))
        .subscribe();
      expect(scheduler.actions).to.not.be.empty;
      expect(clock.countTimers()).to.equal(0);

      subscription.unsubscribe();

      expect(scheduler.actions).to.be.empty;
    });

    it('leaves none behind when it happens inside an outcome, and other sends would have timed out later', () => {
      const source$ = new Subject<string>();
      const outcomes: unknown[] = [];
      const place = {
        name: 'place',
        state$: staying('up'),
        window: 2,
        classify: () => 'rejected' as const,
        send: never,
      };
      source$.pipe(loadBalance([place], { timeout: { send: 500 } }), take(1)).subscribe((outcome) => {
        outcomes.push(outcome.event);
      });
      source$.next('a');
      clock.tick(100);
      source$.next('b');

      clock.tick(400);

      expect(outcomes).to.deep.equal(['a']);
      expect(clock.countTimers()).to.equal(0);
    });

    it('leaves none behind when it happens inside an outcome, and other events would have waited longer', () => {
      const source$ = new Subject<string>();
      const outcomes: unknown[] = [];
      const place = { name: 'place', state$: staying('down'), send: never };
      source$
        .pipe(loadBalance([place], { maxAttempts: 1, timeout: { wait: 500 } }), take(1))
        .subscribe((outcome) => {
          outcomes.push(outcome.event);
        });
      source$.next('a');
      clock.tick(100);
      source$.next('b');

      clock.tick(400);

      expect(outcomes).to.deep.equal(['a']);
      expect(clock.countTimers()).to.equal(0);
    });

    it("should wait by default in a scheduler of one's own as well", () => {
      const scheduler = new TestScheduler(() => undefined);
      const subscription = concat(of('a'), NEVER)
        .pipe(loadBalance([broken], { scheduler }))
        .subscribe();
      expect(scheduler.actions).to.not.be.empty;
      expect(clock.countTimers()).to.equal(0);
      subscription.unsubscribe();
    });
  });

  it('should not open a connection inside the report of whose opening it happens', () => {
    const left$ = new Subject<void>();
    let opened = 0;
    const state$ = defer(() => {
      opened++;
      return staying('up');
    });
    const next = (): void => {
      left$.next();
    };

    NEVER.pipe(
      loadBalance([{ name: 'place', state$, send: never }], { monitor: { next } }),
      takeUntil(left$),
    ).subscribe();

    expect(opened).to.equal(0);
  });

  it('should ask no function about the events that it cancels', () => {
    const asked: string[] = [];
    const guaranteed = (event: string): boolean => {
      asked.push(event);
      return true;
    };
    const subscription = concat(of('a'), NEVER)
      .pipe(loadBalance([never], { guaranteed }))
      .subscribe();

    subscription.unsubscribe();

    expect(asked).to.deep.equal([]);
  });

  it('should tell the monitor of no more outcomes, when it happens inside one', () => {
    const closeOn = new Subject<void>();
    const told: string[] = [];
    const next = ({ type }: BalancerActivity): void => {
      told.push(type);
    };
    concat(of('a', 'b', 'c'), NEVER)
      .pipe(
        loadBalance([{ name: 'down', state$: staying('down'), send: never }], { closeOn, monitor: { next } }),
        take(1),
      )
      .subscribe();
    told.length = 0;

    closeOn.next();

    expect(told.filter((type) => type === 'outcome')).to.deep.equal(['outcome']);
  });

  it('should not tell the monitor of an end, when it happens inside the last outcome', () => {
    const source$ = new Subject<string>();
    let completed = false;
    const complete = (): void => {
      completed = true;
    };
    source$
      .pipe(
        loadBalance([() => of('r')], { monitor: { complete } }),
        tap(() => {
          source$.complete();
        }),
        take(1),
      )
      .subscribe();

    source$.next('a');

    expect(completed).to.equal(false);
  });
});

/** The digits of a diagram as numbers. */
function toNumber(digits$: Observable<string>): Observable<number> {
  return new Observable((subscriber) =>
    digits$.subscribe({
      next: (digit) => {
        subscriber.next(Number(digit));
      },
    }),
  );
}
