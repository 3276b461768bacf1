/** Proves what happens where two things happen at once, or one inside the other. */
import { expect } from 'chai';
import {
  asyncScheduler,
  BehaviorSubject,
  concat,
  count,
  defer,
  EMPTY,
  filter,
  finalize,
  ignoreElements,
  map,
  merge,
  NEVER,
  Observable,
  of,
  range,
  Subject,
  take,
  takeUntil,
  throwError,
  type ObservableInput,
} from 'rxjs';
import { useFakeTimers, type SinonFakeTimers } from 'sinon';
import {
  connection,
  exponentialBackoff,
  isDelivered,
  isDropped,
  loadBalance,
  TemporaryError,
  type Connection,
  type ConnectionInput,
  type ConnectionState,
  type LoadBalanceOptions,
  type Outcome,
} from '../../src/index.js';
import { fakeConnection } from '../../src/testing/index.js';
import { run } from '../marbles.js';

const brief = (outcome: Outcome<string>): string =>
  isDelivered(outcome)
    ? `${outcome.event} ${outcome.connection} ${outcome.attempts}`
    : `${outcome.event} ${outcome.reason} ${outcome.attempts}`;

const staying = (state: ConnectionState): Observable<ConnectionState> => concat(of(state), NEVER);

/** A connection that counts how often it is open, and lets the test act at any of its moments. */
class Watched implements Connection<string, string> {
  open = 0;
  opened = 0;
  sending = 0;
  readonly state$: Observable<ConnectionState>;

  constructor(
    readonly name: string,
    private readonly at: {
      readonly opening?: () => void;
      readonly send?: () => ObservableInput<string>;
    } = {},
  ) {
    this.state$ = new Observable((subscriber) => {
      this.open++;
      this.opened++;
      subscriber.add(() => {
        this.open--;
      });
      this.at.opening?.();
      subscriber.next('up');
    });
  }

  readonly send = (): Observable<string> =>
    defer(() => {
      this.sending++;
      return this.at.send?.() ?? NEVER;
    }).pipe(
      finalize(() => {
        this.sending--;
      }),
    );
}

describe('corners', () => {
  let clock: SinonFakeTimers;

  // Nothing here waits for real. Virtual time must be told from the clock's, so that is not at 0.
  beforeEach(() => {
    clock = useFakeTimers({ now: Date.UTC(2020, 0), shouldClearNativeTimers: true });
  });

  afterEach(() => {
    clock.restore();
  });

  describe('inside a send', () => {
    it('should complete after the outcome when the source completes there', () => {
      const source = new Subject<string>();
      const place = new Watched('place', {
        send: () => {
          source.complete();
          return of('r');
        },
      });
      const log: string[] = [];
      source.pipe(loadBalance([place]), map(brief)).subscribe({
        next: (outcome) => log.push(outcome),
        complete: () => log.push('completed'),
      });

      source.next('a');

      expect(log).to.deep.equal(['a place 1', 'completed']);
      expect(place.open).to.equal(0);
    });

    it('should give outcomes first and the error then when the source fails there', () => {
      const source = new Subject<string>();
      const place = new Watched('place', {
        send: () => {
          source.error(new Error('broken'));
          return of('r');
        },
      });
      const log: string[] = [];
      source.pipe(loadBalance([place]), map(brief)).subscribe({
        next: (outcome) => log.push(outcome),
        error: (error: unknown) => log.push(String(error)),
      });

      source.next('a');

      expect(log).to.deep.equal(['a place 1', 'Error: broken']);
      expect(place.open).to.equal(0);
    });

    it('should cancel the send, close the connections and send nothing more when the subscriber leaves there', () => {
      const stop$ = new Subject<void>();
      const place = new Watched('place', {
        send: () => {
          stop$.next();
          return NEVER;
        },
      });
      const other = new Watched('other');
      const outcomes: string[] = [];

      of('a', 'b', 'c')
        .pipe(loadBalance([place, other]), map(brief), takeUntil(stop$))
        .subscribe((outcome) => outcomes.push(outcome));

      expect(outcomes).to.be.empty;
      expect([place.open, place.sending]).to.deep.equal([0, 0]);
      expect([other.open, other.opened, other.sending]).to.deep.equal([0, 1, 0]);
    });

    it('should ignore a send that answers after the subscriber has left in it', () => {
      const stop$ = new Subject<void>();
      const outcomes: string[] = [];
      const send = (): Observable<string> => {
        stop$.next();
        return of('r');
      };

      of('a', 'b')
        .pipe(loadBalance([send]), map(brief), takeUntil(stop$))
        .subscribe((outcome) => outcomes.push(outcome));

      expect(outcomes).to.be.empty;
    });

    it('should cancel the send and drop its event when it is closed there', () => {
      const closeOn = new Subject<void>();
      const place = new Watched('place', {
        send: () => {
          closeOn.next();
          return NEVER;
        },
      });
      const log: string[] = [];

      concat(of('a', 'b'), NEVER)
        .pipe(loadBalance([place], { closeOn }), map(brief))
        .subscribe({ next: (outcome) => log.push(outcome), complete: () => log.push('completed') });

      // The source is cut off before b.
      expect(log).to.deep.equal(['a closed 1', 'completed']);
      expect([place.open, place.sending]).to.deep.equal([0, 0]);
    });

    it('should take an event that is published there as any other', () => {
      const source = new Subject<string>();
      const sent: string[] = [];
      const send = (event: string): Observable<string> => {
        sent.push(event);
        if (event === 'a') {
          source.next('b');
        }
        return of('r');
      };
      const outcomes: string[] = [];
      source
        .pipe(
          loadBalance([send]),
          map(({ event }) => event),
        )
        .subscribe((event) => outcomes.push(event));

      source.next('a');

      expect(sent).to.deep.equal(['a', 'b']);
      expect(outcomes).to.deep.equal(['a', 'b']);
    });

    it('should cancel and put back the send during which its connection goes down', () => {
      const state$ = new BehaviorSubject<ConnectionState>('up');
      const first = {
        name: 'first',
        state$,
        send: (): Observable<string> => {
          state$.next('down');
          return of('too late');
        },
      };
      const outcomes: string[] = [];

      of('a')
        .pipe(loadBalance([first, new Watched('second', { send: () => of('r') })]), map(brief))
        .subscribe((outcome) => outcomes.push(outcome));

      expect(outcomes).to.deep.equal(['a second 2']);
    });
  });

  describe('inside an outcome', () => {
    it('should close the connections and send nothing more when the subscriber leaves there', () => {
      const places = ['first', 'second'].map((name) => new Watched(name, { send: () => of('r') }));

      of('a', 'b', 'c').pipe(loadBalance(places), take(1)).subscribe();

      expect(places.map(({ open }) => open)).to.deep.equal([0, 0]);
    });

    it('should cancel the sends of other connections when it is closed there', () => {
      const closeOn = new Subject<void>();
      const source = new Subject<string>();
      const slow = new Watched('slow');
      const log: string[] = [];
      source.pipe(loadBalance([slow, () => of('r')], { closeOn }), map(brief)).subscribe({
        next: (outcome) => {
          closeOn.next();
          log.push(outcome);
        },
        complete: () => log.push('completed'),
      });

      source.next('a');
      source.next('b');

      expect(log).to.deep.equal(['b connection 2 1', 'a closed 1', 'completed']);
      expect([slow.open, slow.sending]).to.deep.equal([0, 0]);
    });

    it('should send an event that is published there, after it', () => {
      const source = new Subject<string>();
      const log: string[] = [];
      const send = (event: string): Observable<string> => {
        log.push(`${event} sent`);
        return of('r');
      };
      source.pipe(loadBalance([send])).subscribe(({ event }) => {
        log.push(`${event} begins`);
        if (event === 'a') {
          source.next('b');
        }
        log.push(`${event} ends`);
      });

      source.next('a');

      expect(log).to.deep.equal(['a sent', 'a begins', 'a ends', 'b sent', 'b begins', 'b ends']);
    });

    it('should ignore an event that is published there when the source has completed', () => {
      const source = new Subject<string>();
      const outcomes: string[] = [];
      source.pipe(loadBalance([() => of('r')])).subscribe(({ event }) => {
        outcomes.push(event);
        source.complete();
        // eslint-disable-next-line rxjs-x/no-redundant-notify -- that is what is tried
        source.next('b');
      });

      source.next('a');

      expect(outcomes).to.deep.equal(['a']);
    });

    it('should not emit the outcome of an event that is published there and dropped at once inside it', () => {
      const source = new Subject<string>();
      const log: string[] = [];
      source.pipe(loadBalance([])).subscribe(({ event }) => {
        log.push(`${event} begins`);
        if (event === 'a') {
          source.next('b');
        }
        log.push(`${event} ends`);
      });

      source.next('a');

      expect(log).to.deep.equal(['a begins', 'a ends', 'b begins', 'b ends']);
    });

    it('should not emit the outcomes of a close inside one that the close has come in', () => {
      const closeOn = new Subject<void>();
      const depths: number[] = [];
      let depth = 0;
      concat(of('a', 'b', 'c'), NEVER)
        .pipe(loadBalance([() => NEVER], { closeOn }))
        .subscribe(() => {
          depths.push(++depth);
          closeOn.next();
          depth--;
        });

      closeOn.next();

      expect(depths).to.deep.equal([1, 1, 1]);
    });
  });

  describe('while members are being joined', () => {
    it('should leak no connection when the subscriber leaves', () => {
      const stop$ = new Subject<void>();
      const first = new Watched('first');
      const second = new Watched('second', {
        opening: () => {
          stop$.next();
        },
      });
      const third = new Watched('third');
      let subscribed = false;
      const source = defer(() => {
        subscribed = true;
        return of('a');
      });

      source.pipe(loadBalance([first, second, third]), takeUntil(stop$)).subscribe();

      expect([first.open, second.open, third.open]).to.deep.equal([0, 0, 0]);
      expect([first.opened, second.opened, third.opened]).to.deep.equal([1, 1, 0]);
      expect(subscribed).to.be.false;
    });

    it('should leak no connection when it is closed', () => {
      const closeOn = new Subject<void>();
      const first = new Watched('first');
      const second = new Watched('second', {
        opening: () => {
          closeOn.next();
        },
      });
      const third = new Watched('third');
      let completed = false;

      of('a')
        .pipe(loadBalance([first, second, third], { closeOn }))
        .subscribe({
          complete: () => {
            completed = true;
          },
        });

      expect([first.open, second.open, third.open]).to.deep.equal([0, 0, 0]);
      expect(completed).to.be.true;
    });

    it('should leak no connection when the source completes, for members that join later', () => {
      const source = new Subject<string>();
      const lists$ = new Subject<readonly Watched[]>();
      const first = new Watched('first', {
        opening: () => {
          source.complete();
        },
      });
      const second = new Watched('second');
      let completed = false;
      source.pipe(loadBalance(lists$)).subscribe({
        complete: () => {
          completed = true;
        },
      });

      lists$.next([first, second]);

      expect(completed).to.be.true;
      expect([first.open, second.open]).to.deep.equal([0, 0]);
    });

    it('should leak no connection when an outcome makes the subscriber leave, for members that join later', () => {
      const source = new Subject<string>();
      const lists$ = new Subject<readonly Watched[]>();
      const places = ['first', 'second'].map((name) => new Watched(name, { send: () => of('r') }));
      const outcomes: string[] = [];
      source.pipe(loadBalance(lists$), map(brief), take(1)).subscribe((outcome) => outcomes.push(outcome));
      source.next('a');

      lists$.next(places);

      expect(outcomes).to.deep.equal(['a first 1']);
      expect(places.map(({ open }) => open)).to.deep.equal([0, 0]);
    });

    it('should take the list that comes while one is being joined', () => {
      const lists$ = new Subject<readonly Watched[]>();
      const first = new Watched('first', {
        opening: () => {
          lists$.next([third]);
        },
      });
      const second = new Watched('second');
      const third = new Watched('third');
      const subscription = NEVER.pipe(loadBalance(lists$)).subscribe();

      lists$.next([first, second]);

      expect([first.open, second.open, third.open]).to.deep.equal([0, 0, 1]);
      subscription.unsubscribe();
      expect([first.open, second.open, third.open]).to.deep.equal([0, 0, 0]);
    });
  });

  describe('the end of the output', () => {
    it('should leave the subscription closed after completing', () => {
      const log: string[] = [];

      const subscription = of('a')
        .pipe(
          loadBalance([() => of('r')]),
          finalize(() => log.push('finalized')),
        )
        .subscribe({ complete: () => log.push('completed') });

      expect(log).to.deep.equal(['completed', 'finalized']);
      expect(subscription.closed).to.be.true;
    });

    it('should leave the subscription closed after an error', () => {
      const log: string[] = [];

      const subscription = throwError(() => new Error('broken'))
        .pipe(
          loadBalance([() => of('r')]),
          finalize(() => log.push('finalized')),
        )
        .subscribe({ error: (error: unknown) => log.push(String(error)) });

      expect(log).to.deep.equal(['Error: broken', 'finalized']);
      expect(subscription.closed).to.be.true;
    });

    it('should have closed the connections when it completes', () => {
      const place = new Watched('place', { send: () => of('r') });
      let open: number | undefined;

      of('a')
        .pipe(loadBalance([place]))
        .subscribe({
          complete: () => {
            open = place.open;
          },
        });

      expect(open).to.equal(0);
    });
  });

  describe('answers', () => {
    const after = <V>(delay: number, value: V): Promise<V> =>
      new Promise((resolve) => setTimeout(resolve, delay, value));

    /** Its one seat is used again after a failure. */
    const lenient = (send: Connection<string, string>['send']): Connection<string, string> => ({
      name: 'lenient',
      state$: staying('up'),
      classify: () => 'temporary',
      send,
    });

    it('should not take the late answer to one event for the answer to the next on the same seat', async () => {
      const values: string[] = [];
      const delays: Record<string, number> = { a: 150, b: 90 };
      concat(of('a', 'b'), NEVER)
        .pipe(
          loadBalance([lenient((event) => after(delays[event] ?? 0, `answer to ${event}`))], {
            timeout: { send: 100 },
            maxAttempts: 1,
            reconnectDelay: 10,
          }),
        )
        .subscribe((outcome) =>
          values.push(`${outcome.event}: ${isDelivered(outcome) ? outcome.value : outcome.reason}`),
        );

      await clock.tickAsync(160);
      // a has timed out at 100 and answered at 150; b was sent at 110.
      expect(values).to.deep.equal(['a: attempts']);
      await clock.tickAsync(1_000);

      expect(values).to.deep.equal(['a: attempts', 'b: answer to b']);
    });

    it('should ignore the second answer of a thenable, which comes while the next event is sent', async () => {
      const values: string[] = [];
      const send = (event: string): PromiseLike<string> =>
        ({
          then: (fulfilled: (value: string) => void, rejected: (error: unknown) => void) => {
            setTimeout(fulfilled, 10, `first to ${event}`);
            setTimeout(fulfilled, 15, `second to ${event}`);
            setTimeout(rejected, 16, new Error(`third to ${event}`));
            return Promise.resolve();
          },
        }) as unknown as PromiseLike<string>;
      concat(of('a', 'b'), NEVER)
        .pipe(loadBalance([lenient(send)]))
        .subscribe((outcome) => values.push(isDelivered(outcome) ? outcome.value : outcome.reason));

      await clock.tickAsync(100);

      expect(values).to.deep.equal(['first to a', 'first to b']);
    });

    it('should take the synchronous answers of a thenable', () => {
      const values: string[] = [];
      const send = (event: string): PromiseLike<string> =>
        ({
          then: (fulfilled: (value: string) => void) => {
            fulfilled(`first to ${event}`);
            fulfilled(`second to ${event}`);
          },
        }) as unknown as PromiseLike<string>;

      concat(of('a', 'b'), NEVER)
        .pipe(loadBalance([lenient(send)]))
        .subscribe((outcome) => values.push(isDelivered(outcome) ? outcome.value : outcome.reason));

      expect(values).to.deep.equal(['first to a', 'first to b']);
    });

    it('should not let a send time out early that was started after the event loop was blocked', async () => {
      const outcomes: string[] = [];
      const source = new Subject<string>();
      source
        .pipe(
          loadBalance([{ name: 'wide', state$: staying('up'), window: 2, send: () => NEVER }], {
            timeout: { send: 1_000 },
            maxAttempts: 1,
            reconnectDelay: 60_000,
          }),
          map(brief),
        )
        .subscribe((outcome) => outcomes.push(outcome));
      source.next('a');
      await clock.tickAsync(10);

      // The clock goes on, and no timer fires.
      clock.setSystemTime(clock.now + 900);
      source.next('b');
      const sent = clock.now;
      clock.tick(999);

      expect(outcomes).to.not.include('b attempts 1');
      clock.tick(101);
      expect(outcomes).to.include('b attempts 1');
      expect(clock.now - sent).to.equal(1_100);
    });
  });

  describe('failures that come synchronously', () => {
    for (const [what, error] of [
      ['break the connection', new Error('no')],
      ['are temporary', new TemporaryError('no')],
      ['ask for no pause', new TemporaryError('no', { retryAfter: 0 })],
    ] as const) {
      it(`should neither grow the stack nor keep others from their turns when they ${what}`, () => {
        const enough = 20_000;
        let sends = 0;
        const outcomes: Outcome<string>[] = [];
        const send = (): Observable<string> => {
          if (++sends < enough) {
            throw error;
          }
          return of('r');
        };

        concat(of('a'), NEVER)
          .pipe(loadBalance([send], { guaranteed: true, reconnectDelay: () => of(0) }))
          .subscribe((outcome) => outcomes.push(outcome));
        expect(sends, 'sends before anybody else has a turn').to.be.below(1_000);
        clock.tick(10_000);

        expect(outcomes.map(brief)).to.deep.equal([`a send ${enough}`]);
      });

      it(`should not keep the balancer from being closed when they ${what}`, () => {
        const closeOn = new Subject<void>();
        const outcomes: Outcome<string>[] = [];
        concat(of('a'), NEVER)
          .pipe(
            loadBalance([() => throwError(() => error)], {
              guaranteed: true,
              reconnectDelay: () => of(0),
              closeOn,
            }),
          )
          .subscribe((outcome) => outcomes.push(outcome));

        closeOn.next();

        expect(outcomes.map((outcome) => isDropped(outcome) && outcome.reason)).to.deep.equal(['closed']);
      });
    }

    it('should let other connections go on beside one that always fails at once', () => {
      const bad = (): never => {
        throw new Error('no');
      };
      const outcomes: string[] = [];

      concat(range(0, 100), NEVER)
        .pipe(loadBalance([bad, () => of('r')], { reconnectDelay: () => of(0) }))
        .subscribe((outcome) => outcomes.push(outcome.status));
      clock.tick(1_000);

      expect(outcomes).to.deep.equal(Array.from({ length: 100 }, () => 'delivered'));
    });
  });

  it('should pause once for eight temporary failures at once', () => {
    run(({ cold, expectObservable, flush }) => {
      const wide = fakeConnection<string>(
        'u',
        (_event, { attempt }) => cold(attempt === 1 ? '-#' : '-(r|)'),
        {
          window: 8,
          classify: () => 'temporary',
        },
      );

      const e1 = '      (abcdefgh)      ';
      //                -#--            one failure of them all, and a pause of the first length
      //                   -r           one on probation
      //                    -r          and then all of the others
      const expected = '----a(bcdefgh)  ';
      const unsub = '   --------------! ';

      const result = cold(e1).pipe(
        loadBalance([wide], { reconnectDelay: exponentialBackoff({ initialDelay: 2, jitter: 0 }) }),
        map(({ event }) => event),
      );

      expectObservable(result, unsub).toBe(expected);
      flush();
      expect(wide.opened).to.deep.equal([0]);
    });
  });

  describe('a retry that is held back for another connection', () => {
    const failing = { error: new TemporaryError('', { retryAfter: 0 }) };

    it('should go to the connection that it has failed on when the last other one goes down', () => {
      run(({ cold, expectObservable, flush }) => {
        const first = fakeConnection<string>(
          'u',
          (_event, { attempt }) => (attempt === 1 ? cold('-#', {}, failing.error) : cold('-(r|)')),
          { name: 'first' },
        );
        const other = fakeConnection<string>('u----d', '---------(r|)', { name: 'other' });

        const e1 = '      (ab)-----------';
        //                -#              a on the first; it waits for the other
        //                -----d          b on the other; cancelled
        //                     -r         a on the first again
        const unsub = '   -------!        ';
        const expected = '------a---------';

        const result = cold(e1).pipe(loadBalance([first, other]), map(brief));

        expectObservable(result, unsub).toBe(expected, { a: 'a first 2' });
        flush();
        expect(first.sent.map(({ frame, event }) => `${event} ${frame}`)).to.deep.equal([
          'a 0',
          'a 5',
          'b 6',
        ]);
      });
    });

    it('should go to the connection that it has failed on when the last other one pauses', () => {
      run(({ cold, expectObservable, flush }) => {
        const first = fakeConnection<string>(
          'u',
          (_event, { attempt }) => (attempt === 1 ? cold('-#', {}, failing.error) : cold('-(r|)')),
          { name: 'first' },
        );
        const other = fakeConnection<string>('u', '-----#', {
          name: 'other',
          error: new TemporaryError('', { retryAfter: 100 }),
        });

        const e1 = '      (ab)-----------';
        //                -#              a on the first; it waits for the other
        //                -----#          b on the other, which pauses
        //                     -r         a on the first again
        const unsub = '   -------!        ';
        const expected = '------a---------';

        const result = cold(e1).pipe(loadBalance([first, other]), map(brief));

        expectObservable(result, unsub).toBe(expected, { a: 'a first 2' });
        flush();
        expect(first.sent[1]?.frame).to.equal(5);
      });
    });

    it('should go to the connection that it has failed on when the window of the last other one is 0', () => {
      run(({ cold, expectObservable }) => {
        const first = fakeConnection<string>(
          'u',
          (_event, { attempt }) => (attempt === 1 ? cold('-#', {}, failing.error) : cold('-(r|)')),
          { name: 'first' },
        );
        const window = concat(of(1), cold('---x').pipe(map(() => 0)), NEVER);
        const other = fakeConnection<string>('u', '---------(r|)', { name: 'other', window });

        const e1 = '      (ab)-----------';
        //                -#              a on the first; it waits for the other
        //                ---0            which pulls no more
        //                   -r           a on the first again
        const unsub = '   -------!        ';
        const expected = '----a-----------';

        const result = cold(e1).pipe(loadBalance([first, other]), map(brief));

        expectObservable(result, unsub).toBe(expected, { a: 'a first 2' });
      });
    });

    it('should go to the connection that it has failed on when the last other one is removed', () => {
      run(({ cold, expectObservable }) => {
        const first = fakeConnection<string>(
          'u',
          (_event, { attempt }) => (attempt === 1 ? cold('-#', {}, failing.error) : cold('-(r|)')),
          { name: 'first' },
        );
        const other = fakeConnection<string>('u', '---------(r|)', { name: 'other' });

        const e1 = '      (ab)-----------';
        const lists = '   x--y-----------';
        //                -#              a on the first; it waits for the other
        //                   -r           a on the first again, while the other drains
        const unsub = '   -------!        ';
        const expected = '----a-----------';

        const lists$ = cold(lists, { x: [first, other], y: [first] });
        const result = cold(e1).pipe(loadBalance(lists$), map(brief));

        expectObservable(result, unsub).toBe(expected, { a: 'a first 2' });
      });
    });
  });

  describe('a function that throws while events are outstanding', () => {
    const bad = (): never => {
      throw new Error('bad function');
    };

    const cases: readonly [string, { classify?: () => 'temporary' }, LoadBalanceOptions<string>][] = [
      ['classify', { classify: bad }, {}],
      ['guaranteed', {}, { guaranteed: bad }],
      ['reconnectDelay', {}, { reconnectDelay: bad }],
    ];

    for (const [what, part, options] of cases) {
      it(`should give all of them their outcomes, and cancel the sends of other connections: ${what}`, () => {
        const failing = new Watched('failing', { send: () => throwError(() => new Error('failed')) });
        const slow = new Watched('slow');
        const source = new Subject<string>();
        const log: string[] = [];
        source
          .pipe(
            loadBalance(
              [slow, { name: 'failing', state$: failing.state$, send: failing.send, ...part }],
              options,
            ),
            map(brief),
          )
          .subscribe({
            next: (outcome) => log.push(outcome),
            error: (error: unknown) => log.push(String(error)),
          });

        source.next('a');
        source.next('b');
        source.next('c');

        expect(log).to.have.members(['a closed 1', 'b closed 1', 'Error: bad function']);
        expect(log.at(-1)).to.equal('Error: bad function');
        expect([slow.open, slow.sending, failing.open]).to.deep.equal([0, 0, 0]);
      });
    }
  });

  describe('states', () => {
    it('should send nothing when a state stream says up and completes in the same breath', () => {
      const sent: string[] = [];
      const outcomes: string[] = [];
      const send = (event: string): Observable<string> => {
        sent.push(event);
        return of('r');
      };

      of('a', 'b')
        .pipe(loadBalance([{ name: 'brief', state$: of('up' as const), send }]), map(brief))
        .subscribe((outcome) => outcomes.push(outcome));

      expect(sent).to.be.empty;
      expect(outcomes).to.deep.equal(['a no-connection 0', 'b no-connection 0']);
    });

    it('should put back what fails on a connection that has completed, and not open it again', () => {
      run(({ cold, expectObservable, flush }) => {
        const done = fakeConnection<string>('u-|', '----#', { name: 'done' });
        const other = fakeConnection<string>('d-----u', '-(r|)', { name: 'other' });

        const e1 = '      a--------|';
        const expected = '-------a-|';

        expectObservable(cold(e1).pipe(loadBalance([done, other]), map(brief))).toBe(expected, {
          a: 'a other 2',
        });
        flush();
        expect(done.opened).to.deep.equal([0]);
      });
    });

    it('should drop what fails on the last connection when that has completed', () => {
      run(({ cold, expectObservable, flush }) => {
        const done = fakeConnection<string>('u-|', (event) => cold(event === 'a' ? '----#' : '------(r|)'), {
          name: 'done',
          window: 2,
        });

        const e1 = '      (abc|)    ';
        //                ----#     a fails; b may finish
        const expected = '------(bac|)';

        expectObservable(cold(e1).pipe(loadBalance([done]), map(brief))).toBe(expected, {
          a: 'a no-connection 1',
          b: 'b done 1',
          c: 'c no-connection 0',
        });
        flush();
        expect(done.opened).to.deep.equal([0]);
      });
    });

    it('should wait out a down, and not leave it for a backoff', () => {
      run(({ hot, cold, expectObservable, expectSubscriptions }) => {
        const state$ = hot<ConnectionState>('d--------u----', { d: 'down', u: 'up' });
        const e1 = '                         a---------|   ';
        const subs = '                       ^---------!   ';
        const expected = '                   ---------a|   ';

        const place = { name: 'hot', state$, send: () => of('r') };
        const result = cold(e1).pipe(loadBalance([place], { timeout: { connect: 3 } }), map(brief));

        expectObservable(result).toBe(expected, { a: 'a hot 1' });
        expectSubscriptions(state$.subscriptions).toBe(subs);
      });
    });

    it('should have failed by nothing when it flaps within a frame', () => {
      run(({ cold, expectObservable, flush }) => {
        const place = fakeConnection<string>('-(udud)-(uduu)', '-(r|)');

        const e1 = '      a---------b---|';
        //                -(udud)-(uduu)    the answer is cancelled in frame 1, and not in frame 8
        const expected = '---------a-b--|';

        const result = cold(e1).pipe(loadBalance([place], { maxAttempts: 4 }), map(brief));

        expectObservable(result).toBe(expected, { a: 'a fake 4', b: 'b fake 1' });
        flush();
        expect(place.opened).to.deep.equal([0]);
      });
    });

    it('should change nothing when up is repeated', () => {
      run(({ cold, expectObservable, flush }) => {
        const place = fakeConnection<string>('uu-u--uu', '---(r|)');

        const e1 = '      (ab|)       ';
        const expected = '---a--(b|)  ';

        expectObservable(cold(e1).pipe(loadBalance([place]), map(brief))).toBe(expected, {
          a: 'a fake 1',
          b: 'b fake 1',
        });
        flush();
        expect(place.sent).to.have.length(2);
      });
    });

    it('should let a proxy cut an idle connection every five minutes without ever longer backoffs', () => {
      run(({ cold, expectObservable, flush }) => {
        const place = fakeConnection<string>('u 299999ms #', '(r|)');

        const unsub = '3600s !';
        const result = cold('-').pipe(
          loadBalance([place], { reconnectDelay: exponentialBackoff({ jitter: 0 }) }),
        );

        expectObservable(result, unsub).toBe('-');
        flush();
        expect(place.opened).to.deep.equal(Array.from({ length: 12 }, (_, index) => index * 301_000));
      });
    });
  });

  describe('membership', () => {
    it('should open a completed connection anew that is listed again while its sends drain, once they have', () => {
      run(({ cold, expectObservable, flush }) => {
        const place = fakeConnection<string>('u-|', '------(r|)');

        const e1 = '      a------b--------|';
        const lists = '   x--y-x           ';
        //                ------r           drains
        //                      u-|         opened anew; completes again
        //                       ------r
        const expected = '------a------b--|';

        const lists$ = cold(lists, { x: [place], y: [] });
        expectObservable(cold(e1).pipe(loadBalance(lists$), map(brief))).toBe(expected, {
          a: 'a fake 1',
          b: 'b fake 1',
        });
        flush();
        expect(place.opened).to.deep.equal([0, 6]);
      });
    });

    it('should not open a completed connection anew that has left the list again while its sends drain', () => {
      run(({ cold, expectObservable, flush }) => {
        const place = fakeConnection<string>('u-|', '------(r|)');

        const e1 = '      a---------------|';
        const lists = '   x--yxy           ';
        const expected = '------a---------|';

        const lists$ = cold(lists, { x: [place], y: [] });
        expectObservable(cold(e1).pipe(loadBalance(lists$), map(brief))).toBe(expected, { a: 'a fake 1' });
        flush();
        expect(place.opened).to.deep.equal([0]);
      });
    });

    it('should wait for one that is to return when the stream of lists has completed', () => {
      run(({ cold, expectObservable }) => {
        const place = fakeConnection<string>('u-|', '------(r|)');

        const e1 = '      ab|              ';
        const lists = '   x--y-(x|)        ';
        const expected = '------a-----(b|) ';

        const lists$ = cold(lists, { x: [place], y: [] });
        expectObservable(cold(e1).pipe(loadBalance(lists$), map(brief))).toBe(expected, {
          a: 'a fake 1',
          b: 'b fake 1',
        });
      });
    });

    it('should leave nothing open of a connection that is added and removed in the same frame, whatever it sends', () => {
      const lists$ = new Subject<readonly Watched[]>();
      const place = new Watched('place');
      const subscription = concat(of('a'), NEVER).pipe(loadBalance(lists$)).subscribe();

      lists$.next([place]);
      expect([place.open, place.sending]).to.deep.equal([1, 1]);
      lists$.next([]);
      expect([place.open, place.sending], 'while it drains').to.deep.equal([1, 1]);
      subscription.unsubscribe();

      expect([place.open, place.sending]).to.deep.equal([0, 0]);
    });
  });

  it('should shrink a window below what is in flight, down to 0 and back', () => {
    run(({ cold, expectObservable, flush }) => {
      const e1 = '    (abcdefg|)      ';
      const sizes = ' 31---0---2      ';
      //              ---r            three at once
      //                 ---r         one at a time; none from frame 5 on
      //                       ---r   two at once: e and f in frame 9
      //                          ---r
      const end = '   ---------------|';

      const window = merge(cold(sizes).pipe(map((digit) => Number(digit))), NEVER);
      const place = fakeConnection<string>('u', '---(r|)', { window });
      const end$ = cold(e1).pipe(loadBalance([place]), ignoreElements());
      expectObservable(end$).toBe(end);
      flush();
      expect(place.sent.map(({ event, frame }) => `${event} ${frame}`)).to.deep.equal([
        'a 0',
        'b 0',
        'c 0',
        'd 3',
        'e 9',
        'f 9',
        'g 12',
      ]);
    });
  });

  describe('two subscriptions to one piped Observable', () => {
    const client = (name: string, log: string[]): Connection<string, string> =>
      connection({
        name,
        open: () => {
          log.push(`${name} opened`);
          return {};
        },
        close: () => {
          log.push(`${name} closed`);
        },
        send: () => of('r'),
      });

    it('should fail the second one, by the name of the connection, when the connections are in a list', () => {
      const log: string[] = [];
      const source = new Subject<string>();
      const piped$ = source.pipe(loadBalance([client('collector', log)]), map(brief));
      piped$.subscribe((outcome) => log.push(`first: ${outcome}`));

      piped$.subscribe({ error: (error: unknown) => log.push(`second: ${String(error)}`) });
      source.next('a');

      expect(log).to.deep.equal([
        'collector opened',
        'second: Error: connection "collector" serves one subscription at a time: ' +
          'give loadBalance a function that makes its connections',
        'first: a collector 1',
      ]);
    });

    it('should be two balancers when a function gives the connections', () => {
      const log: string[] = [];
      const source = new Subject<string>();
      const piped$ = source.pipe(
        loadBalance(() => [client('collector', log)]),
        map(brief),
      );
      piped$.subscribe((outcome) => log.push(`first: ${outcome}`));
      piped$.subscribe((outcome) => log.push(`second: ${outcome}`));

      source.next('a');
      source.complete();

      expect(log).to.deep.equal([
        'collector opened',
        'collector opened',
        'first: a collector 1',
        'second: a collector 1',
        'collector closed',
        'collector closed',
      ]);
    });

    it('should serve one subscription after the other from a list', () => {
      const log: string[] = [];
      const piped$ = of('a').pipe(loadBalance([client('collector', log)]), map(brief));

      piped$.subscribe((outcome) => log.push(outcome));
      piped$.subscribe((outcome) => log.push(outcome));

      expect(log).to.deep.equal([
        'collector opened',
        'a collector 1',
        'collector closed',
        'collector opened',
        'a collector 1',
        'collector closed',
      ]);
    });
  });

  describe('limited and guaranteed events while nothing is up', () => {
    it('should drop the limited ones in time, and keep the guaranteed ones in their places', () => {
      run(({ cold, expectObservable }) => {
        const e1 = '      aBcD--------------|    ';
        const states = '  d---------u            ';
        const expected = '----a-c----BD-----|    ';

        const result = cold(e1).pipe(
          loadBalance([fakeConnection<string>(states, '-(r|)')], {
            guaranteed: (event) => event === event.toUpperCase(),
            timeout: { wait: 2 },
            maxAttempts: 2,
          }),
          map(brief),
        );

        expectObservable(result).toBe(expected, {
          a: 'a no-connection 0',
          c: 'c no-connection 0',
          B: 'B fake 1',
          D: 'D fake 1',
        });
      });
    });
  });

  it('should deliver a thousand good events beside a guaranteed one that always fails', () => {
    run(({ cold, flush }) => {
      const places = ['first', 'second'].map((name) =>
        fakeConnection<number>('u', (event) => (event === 0 ? cold('-#') : cold('-(r|)')), {
          name,
          classify: () => 'temporary',
        }),
      );
      const outcomes: Outcome<number>[] = [];
      const frames: number[] = [];

      concat(range(0, 1_001), NEVER)
        .pipe(
          loadBalance(places, { guaranteed: (event) => event === 0, reconnectDelay: 1 }),
          takeUntil(cold('5s x')),
        )
        .subscribe((outcome) => {
          outcomes.push(outcome);
          frames.push(asyncScheduler.now());
        });
      flush();

      expect(outcomes).to.have.length(1_000);
      expect(outcomes.every(({ status, attempts }) => status === 'delivered' && attempts === 1)).to.be.true;
      // Two connections take 500 frames; the bad event goes behind all the others after its second failure.
      expect(Math.max(...frames)).to.be.below(520);
    });
  });

  it('should drop nothing with two black holes beside one good connection', () => {
    run(({ expectObservable, flush }) => {
      const holes = ['hole 1', 'hole 2'].map((name) => fakeConnection<number>('u', '-', { name, window: 4 }));
      const good = fakeConnection<number>('u', '-(r|)', { name: 'good' });

      const dropped$ = range(0, 200).pipe(
        loadBalance([...holes, good], {
          maxAttempts: 3,
          timeout: { send: 20 },
          reconnectDelay: exponentialBackoff({ initialDelay: 5, jitter: 0 }),
        }),
        filter(isDropped),
      );

      // An event a frame.
      expectObservable(dropped$).toBe('200ms |');
      flush();
      expect(good.sent).to.have.length(200);
    });
  });

  it('should retry what a truncated bulk answer does not name, without using up an attempt', () => {
    run(({ cold, expectObservable, flush }) => {
      const bulk = fakeConnection<string, string>(
        '-u',
        () => cold('-(r|)', { r: [{ index: 0, status: 'delivered', value: 'r' }] }),
        { batch: { size: 3 } },
      );

      const e1 = '      (abc|)     ';
      const expected = '--ab(c|)   ';

      expectObservable(
        cold(e1).pipe(
          loadBalance([bulk], { maxAttempts: 1 }),
          map(({ event, status }) => `${event} ${status}`),
        ),
      ).toBe(expected, { a: 'a delivered', b: 'b delivered', c: 'c delivered' });
      flush();
      expect(bulk.sent.map(({ event }) => event.join(''))).to.deep.equal(['abc', 'bc', 'c']);
    });
  });

  it('should keep no timer when every timeout is Infinity', () => {
    const slow: ConnectionInput<string, string> = { name: 'slow', state$: NEVER, send: () => NEVER };
    const down: ConnectionInput<string, string> = { ...slow, name: 'down', state$: staying('down') };

    const subscription = concat(of('a', 'b'), NEVER)
      .pipe(loadBalance([slow, down, () => NEVER], { timeout: Infinity, drainTimeout: Infinity }))
      .subscribe();

    expect(clock.countTimers()).to.equal(0);
    subscription.unsubscribe();
  });

  it('should wait for ever when every timeout is Infinity, and then deliver', () => {
    run(({ cold, expectObservable }) => {
      const place = fakeConnection<string>('c 1439m u', '1440m (r|)');

      const e1 = '      (a|)';
      const expected = '172740001ms (a|)';

      expectObservable(cold(e1).pipe(loadBalance([place], { timeout: Infinity }), map(brief))).toBe(
        expected,
        {
          a: 'a fake 1',
        },
      );
    });
  });

  describe('a million events', () => {
    const million = 1_000_000;

    it('should go through synchronously: a synchronous source and synchronous sends', () => {
      const answer$ = of('r');
      let delivered = 0;
      let completed = false;

      range(0, million)
        .pipe(loadBalance([() => answer$, () => answer$]))
        .subscribe({
          next: ({ status }) => {
            delivered += status === 'delivered' ? 1 : 0;
          },
          complete: () => {
            completed = true;
          },
        });

      expect(delivered).to.equal(million);
      expect(completed).to.be.true;
    });

    it('should go round a consumer that feeds them back', () => {
      const answer$ = of('r');
      const source = new Subject<number>();
      let delivered = 0;
      source.pipe(loadBalance([() => answer$])).subscribe(({ event }) => {
        delivered++;
        if (event === million) {
          source.complete();
        } else {
          source.next(event + 1);
        }
      });

      source.next(1);

      expect(delivered).to.equal(million);
    });

    it('should go round a consumer that feeds them back, also when no connection is left', () => {
      const source = new Subject<number>();
      let dropped = 0;
      source.pipe(loadBalance([])).subscribe(({ event }) => {
        dropped++;
        if (event === million) {
          source.complete();
        } else {
          source.next(event + 1);
        }
      });

      source.next(1);

      expect(dropped).to.equal(million);
    });

    it('should go through one after the other once the connection comes up', () => {
      const answer$ = of('r');
      const state$ = new BehaviorSubject<ConnectionState>('connecting');
      const counts: number[] = [];
      range(0, million)
        .pipe(loadBalance([{ name: 'late', state$, send: () => answer$ }]), count())
        .subscribe((delivered) => counts.push(delivered));
      expect(counts).to.be.empty;

      state$.next('up');

      expect(counts).to.deep.equal([million]);
    });

    it('should be dropped one after the other when it is closed', () => {
      const closeOn = new Subject<void>();
      const counts: number[] = [];
      range(0, million)
        .pipe(
          loadBalance([{ name: 'down', state$: staying('down'), send: () => EMPTY }], { closeOn }),
          count(),
        )
        .subscribe((dropped) => counts.push(dropped));

      closeOn.next();

      expect(counts).to.deep.equal([million]);
    });
  });
});
