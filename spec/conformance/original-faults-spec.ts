/** Proves that each named fault of the balancer this one is modelled on is not repeated here. */
import { expect } from 'chai';
import {
  BehaviorSubject,
  concat,
  EMPTY,
  filter,
  map,
  NEVER,
  Observable,
  of,
  Subject,
  take,
  throwError,
} from 'rxjs';
import { useFakeTimers } from 'sinon';
import {
  exponentialBackoff,
  isDelivered,
  isDropped,
  loadBalance,
  TemporaryError,
  type BalancerActivity,
  type Outcome,
} from '../../src/index.js';
import { fakeConnection } from '../../src/testing/index.js';
import { run } from '../marbles.js';

const brief = (outcome: Outcome<string>): string =>
  isDelivered(outcome)
    ? `${outcome.event} ${outcome.connection} ${outcome.attempts}`
    : `${outcome.event} ${outcome.reason} ${outcome.attempts}`;

const up$ = concat(of('up' as const), NEVER);

describe('the faults of the original', () => {
  it('events that wait for a retry are never signalled on close: here they are dropped', () => {
    run(({ cold, expectObservable }) => {
      const place = fakeConnection<string>('u', '-#');

      const e1 = '      ab--------';
      //                -#------    a has failed, the connection waits
      const closeOn = ' ----x     ';
      const expected = '----(ab|) ';

      const result = cold(e1).pipe(
        loadBalance([place], { closeOn: cold(closeOn), reconnectDelay: 8 }),
        map(brief),
      );

      expectObservable(result).toBe(expected, { a: 'a closed 1', b: 'b closed 0' });
    });
  });

  describe('a temporary failure spins on one worker', () => {
    it('without a pause: here the connection pauses', () => {
      run(({ cold, expectObservable, flush }) => {
        const busy = fakeConnection<string>('u', '-#', { error: new TemporaryError() });

        const e1 = '      a----------';
        //                -#----#------ #  in frames 1, 6, 15: pauses of 4 and 8
        const unsub = '   ----------------!';
        const expected = '-----------------';

        const result = cold(e1).pipe(
          loadBalance([busy], {
            guaranteed: true,
            reconnectDelay: exponentialBackoff({ initialDelay: 4, jitter: 0 }),
          }),
        );

        expectObservable(result, unsub).toBe(expected);
        flush();
        expect(busy.sent.map(({ frame }) => frame)).to.deep.equal([0, 5, 14]);
      });
    });

    it('and hangs the close: here closing has its turn even when the place asks for no pause', () => {
      const clock = useFakeTimers({ shouldClearNativeTimers: true });
      try {
        const closeOn = new Subject<void>();
        const outcomes: string[] = [];
        const busy = (): Observable<string> => {
          throw new TemporaryError('full', { retryAfter: 0 });
        };
        concat(of('a'), NEVER)
          .pipe(loadBalance([busy], { guaranteed: true, closeOn }))
          .subscribe(({ event, status }) => outcomes.push(`${event} ${status}`));
        expect(outcomes).to.be.empty;

        closeOn.next();

        expect(outcomes).to.deep.equal(['a dropped']);
      } finally {
        clock.restore();
      }
    });
  });

  it('a backend that accepts and then fails attracts events and burns their attempts: here it is left alone for a while', () => {
    run(({ cold, expectObservable, flush }) => {
      const bad = fakeConnection<string>('u', '-#', { name: 'bad' });
      const good = fakeConnection<string>('u', '---(r|)', { name: 'good' });

      const e1 = '(abcdefghijklmnopqrst|)';

      const dropped$ = cold(e1).pipe(
        loadBalance([bad, good], {
          maxAttempts: 2,
          reconnectDelay: exponentialBackoff({ initialDelay: 4, jitter: 0 }),
        }),
        filter(isDropped),
      );

      expectObservable(dropped$).toBe('60ms |');
      flush();
      // Backoffs of 4, 8 and 16: the bad one has 4 of 20 events, the good one has all.
      expect(bad.sent.map(({ frame }) => frame)).to.deep.equal([0, 5, 14, 31]);
      expect(good.sent).to.have.length(20);
    });
  });

  it('the backoff starts over when connecting has worked: here only when a send has', () => {
    run(({ cold, expectObservable, flush }) => {
      const place = fakeConnection<string>('u', '-#');

      const e1 = '      a--------------------';
      //                -#--                   2, 4 and 8 frames, each after an attempt of one
      //                   -#----
      //                        -#--------
      const unsub = '   -------------------! ';
      const expected = '---------------------';

      const result = cold(e1).pipe(
        loadBalance([place], {
          guaranteed: true,
          reconnectDelay: exponentialBackoff({ initialDelay: 2, jitter: 0 }),
        }),
      );

      expectObservable(result, unsub).toBe(expected);
      flush();
      expect(place.opened).to.deep.equal([0, 3, 8, 17]);
    });
  });

  it('all workers come back at the same moment: here the backoff has jitter', () => {
    const delays = new Set<unknown>();
    const monitor = {
      next: (activity: BalancerActivity) => {
        if (activity.type === 'state' && activity.state === 'backoff') {
          delays.add(activity.delay);
        }
      },
    };
    const places = Array.from({ length: 20 }, (_, index) => ({
      name: String(index),
      state$: throwError(() => new Error('refused')),
      send: () => NEVER,
    }));

    NEVER.pipe(loadBalance(places, { monitor })).subscribe().unsubscribe();

    expect(delays).to.have.length.above(10);
    for (const delay of delays) {
      expect(delay).to.be.within(500, 1_000);
    }
  });

  it('a retry goes back to the connection it has failed on: here it waits for another one', () => {
    run(({ cold, expectObservable, flush }) => {
      const bad = fakeConnection<string>('u', '-#', {
        name: 'bad',
        error: new TemporaryError('', { retryAfter: 0 }),
      });
      const good = fakeConnection<string>('u', '-----(r|)', { name: 'good' });

      const e1 = '      (ab|)          ';
      //                -#               a on the bad one
      //                -----(r|)        b on the good one
      //                     -----(r|)   a on the good one
      const expected = '-----b----(a|) ';

      const result = cold(e1).pipe(loadBalance([bad, good], { maxAttempts: 2 }), map(brief));

      expectObservable(result).toBe(expected, { a: 'a good 2', b: 'b good 1' });
      flush();
      expect(bad.sent).to.have.length(1);
    });
  });

  it('events that always fail occupy every worker: here new events take their turns', () => {
    run(({ cold, expectObservable }) => {
      const places = ['first', 'second'].map((name) =>
        fakeConnection<string>('u', (event) => ('pq'.includes(event) ? cold('-#') : cold('--(r|)')), {
          name,
          classify: () => 'temporary',
        }),
      );

      const e1 = '      (pqabcd)-----';
      //                -#             p and q fail, and both connections pause for a frame
      //                  --r          on probation they take new events: a and b
      //                    -#         p and q again, which go behind the others now
      //                      --r      c and d
      const expected = '----(ab)(cd|)';
      const unsub = '   -----------!  ';

      const good$ = cold(e1).pipe(
        loadBalance(places, { guaranteed: (event) => 'pq'.includes(event), reconnectDelay: 1 }),
        filter(isDelivered),
        map(({ event }) => event),
        take(4),
      );

      expectObservable(good$, unsub).toBe(expected);
    });
  });

  it('a batch counts as one dropped message: here every event has its outcome', () => {
    const told: string[] = [];
    const outcomes: string[] = [];
    const bulk = {
      name: 'bulk',
      state$: up$,
      batch: {
        size: 3,
        send: () => {
          throw new Error('no');
        },
      },
    };
    const monitor = {
      next: (activity: BalancerActivity) => {
        if (activity.type === 'outcome') {
          told.push(activity.outcome.status);
        }
      },
    };

    of('a', 'b', 'c')
      .pipe(loadBalance([bulk], { maxAttempts: 1, reconnectDelay: () => of(0), monitor }), map(brief))
      .subscribe((outcome) => outcomes.push(outcome));

    expect(outcomes).to.deep.equal(['a attempts 1', 'b attempts 1', 'c attempts 1']);
    expect(told).to.deep.equal(['dropped', 'dropped', 'dropped']);
  });

  describe('a timeout of 0 means two different things', () => {
    it('here 0 for connecting is no time at all', () => {
      run(({ cold, expectObservable, flush }) => {
        const slow = fakeConnection<string>('cu', '(r|)', { name: 'slow' });
        const quick = (): Observable<string> => of('r');

        const e1 = '      -a-b-|';
        const expected = '-a-b-|';

        const result = cold(e1).pipe(
          loadBalance([slow, quick], { timeout: { connect: 0 }, reconnectDelay: () => EMPTY }),
          map(brief),
        );

        expectObservable(result).toBe(expected, { a: 'a quick 1', b: 'b quick 1' });
        flush();
        expect(slow.closed).to.deep.equal([0]);
      });
    });

    it('here 0 for sending is no time at all', () => {
      run(({ cold, expectObservable }) => {
        const slow = fakeConnection<string>('u', '-(r|)', { name: 'slow' });

        const e1 = '      -a--|';
        const expected = '-a--|';

        const result = cold(e1).pipe(
          loadBalance([slow], { timeout: { send: 0 }, maxAttempts: 1 }),
          map(brief),
        );

        expectObservable(result).toBe(expected, { a: 'a attempts 1' });
      });
    });

    it('here 0 for waiting is no time at all', () => {
      run(({ cold, expectObservable }) => {
        const down = fakeConnection<string>('d', '(r|)');

        const e1 = '      -a--|';
        const expected = '-a--|';

        const result = cold(e1).pipe(loadBalance([down], { timeout: { wait: 0 } }), map(brief));

        expectObservable(result).toBe(expected, { a: 'a no-connection 0' });
      });
    });

    for (const options of [{ guaranteed: true }, { guaranteed: () => true }, { maxAttempts: Infinity }]) {
      const [what] = Object.entries(options).map(([name, value]) => `${name}: ${String(value)}`);

      it(`here a guaranteed event waits without a timer even when there is no time to wait, with ${String(what)}`, () => {
        const clock = useFakeTimers({ shouldClearNativeTimers: true });
        try {
          const state$ = new BehaviorSubject<'up' | 'down'>('up');
          const outcomes: unknown[] = [];
          const subscription = concat(of('a', 'b'), NEVER)
            .pipe(
              loadBalance([{ name: 'place', state$, send: () => NEVER }], {
                ...options,
                timeout: { connect: Infinity, send: Infinity, wait: 0 },
              }),
            )
            .subscribe((outcome) => outcomes.push(outcome));

          // One event has had an attempt now, the other has not.
          state$.next('down');
          clock.tick(1_000);

          expect(outcomes).to.be.empty;
          expect(clock.countTimers()).to.equal(0);
          subscription.unsubscribe();
        } finally {
          clock.restore();
        }
      });
    }

    it('here Infinity is without limit, for each', () => {
      run(({ cold, expectObservable }) => {
        const place = fakeConnection<string>('c 59m u', '60m (r|)');

        const e1 = '      a';
        const unsub = '   180m !';
        const expected = '7140001ms a';

        const result = cold(e1).pipe(
          loadBalance([place], { timeout: { connect: Infinity, send: Infinity, wait: Infinity } }),
          map(brief),
        );

        expectObservable(result, unsub).toBe(expected, { a: 'a fake 1' });
      });
    });
  });

  it('an asynchronous client without a window or a deadline keeps its events forever: here it has both by default', () => {
    run(({ cold, expectObservable, flush }) => {
      const silent = fakeConnection<string>('u', '-');

      const e1 = '      (ab)       ';
      const unsub = '   119s !     ';
      const expected = '----------';

      const result = cold(e1).pipe(loadBalance([silent], { reconnectDelay: 1_000 }), map(brief));

      expectObservable(result, unsub).toBe(expected);
      flush();
      // One at a time, for 30 s each.
      expect(silent.sent.map(({ frame, event }) => `${event} ${frame}`)).to.deep.equal([
        'a 0',
        'b 31000',
        'a 62000',
        'b 93000',
      ]);
    });
  });

  describe('the same event is put back twice', () => {
    const sendsOf = (answer: (fail: () => void, breakDown: () => void) => void): readonly string[] => {
      const sent: string[] = [];
      const place = {
        name: 'place',
        window: 2,
        state$: new Observable<'up'>((subscriber) => {
          breakDown = () => {
            subscriber.error(new Error('lost'));
          };
          subscriber.next('up');
        }),
        send: (event: string) =>
          new Observable<string>((subscriber) => {
            sent.push(event);
            fails.push(() => {
              subscriber.error(new Error('failed'));
            });
          }),
      };
      let breakDown = (): void => undefined;
      const fails: (() => void)[] = [];
      const outcomes: string[] = [];
      const source = new Subject<string>();
      source
        .pipe(loadBalance([place], { maxAttempts: 2, reconnectDelay: () => of(0) }), map(brief))
        .subscribe((outcome) => outcomes.push(outcome));
      source.next('a');
      for (let fail = fails.shift(); fail !== undefined; fail = fails.shift()) {
        answer(fail, breakDown);
      }
      expect(outcomes).to.deep.equal(['a attempts 2']);
      source.complete();
      return sent;
    };

    it('by an answer that comes twice: here once', () => {
      const sent = sendsOf((fail) => {
        fail();
        fail();
      });

      expect(sent).to.deep.equal(['a', 'a']);
    });

    it('by an answer and the loss of the connection: here once', () => {
      const sent = sendsOf((fail, breakDown) => {
        fail();
        breakDown();
      });

      expect(sent).to.deep.equal(['a', 'a']);
    });

    it('by the loss of the connection and an answer: here once', () => {
      const sent = sendsOf((fail, breakDown) => {
        breakDown();
        fail();
      });

      expect(sent).to.deep.equal(['a', 'a']);
    });
  });

  it('a reply of nothing published without an error loops forever: here it uses up the attempts', () => {
    run(({ cold, expectObservable, flush }) => {
      const bulk = fakeConnection<string, string>(
        '-u',
        (events) =>
          cold('-(r|)', { r: events.map((_, index) => ({ index, status: 'failed', error: undefined })) }),
        { batch: { size: 2 } },
      );

      const e1 = '      (ab|)         ';
      //                 -#--         an answer, and a pause
      //                    -#--
      //                       -#
      const expected = '--------(ab|)';

      const result = cold(e1).pipe(loadBalance([bulk], { reconnectDelay: 2 }), map(brief));

      expectObservable(result).toBe(expected, { a: 'a attempts 3', b: 'b attempts 3' });
      flush();
      expect(bulk.sent.map(({ frame }) => frame)).to.deep.equal([1, 4, 7]);
    });
  });
});
