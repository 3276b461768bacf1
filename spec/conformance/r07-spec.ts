/** R7: every send has a deadline. */
import { expect } from 'chai';
import {
  asyncScheduler,
  concat,
  from,
  map,
  NEVER,
  Observable,
  of,
  Subject,
  TimeoutError,
  type ObservableInput,
} from 'rxjs';
import { useFakeTimers, type SinonFakeTimers } from 'sinon';
import {
  isDelivered,
  isDropped,
  loadBalance,
  type CancelSignal,
  type Connection,
  type Outcome,
  type SendContext,
} from '../../src/index.js';
import { fakeConnection } from '../../src/testing/index.js';
import { drawn, run } from '../marbles.js';

describe('R7: timeout.send bounds every send', () => {
  it('cancels a send that exceeds it, and the attempt has failed with a TimeoutError of RxJS', () => {
    run(({ cold, expectObservable, expectSubscriptions }) => {
      const source$ = cold('   a|             ');
      const sourceSubs = '     ^!             ';
      const answer$ = cold('   -              ');
      const answerSubs = '     ^----!         ';
      const expected = '       -----(o|)      ';
      const one = fakeConnection<string>('u', () => answer$, { name: 'one' });

      const balanced$ = source$.pipe(
        loadBalance([one], { maxAttempts: 1, timeout: { send: 5 } }),
        map((outcome) => ({
          ...outcome,
          ...(isDropped(outcome) && { error: outcome.error instanceof TimeoutError }),
          ...(isDropped(outcome) && {
            failures: outcome.failures.map(({ connection, error }) => [connection, error === outcome.error]),
          }),
        })),
      );
      expectObservable(balanced$).toBe(expected, {
        o: {
          status: 'dropped',
          event: 'a',
          reason: 'attempts',
          error: true,
          attempts: 1,
          failures: [['one', true]],
        },
      });
      expectSubscriptions(source$.subscriptions).toBe(sourceSubs);
      expectSubscriptions(answer$.subscriptions).toBe(answerSubs);
    });
  });

  it('lets a send have all of it', () => {
    run(({ cold, expectObservable, expectSubscriptions }) => {
      const source$ = cold('   a|             ');
      const answer$ = cold('   ----(r|)       ');
      const answerSubs = '     ^---!          ';
      const expected = '       ----(a|)       ';
      const one = fakeConnection<string>('u', () => answer$);

      const balanced$ = source$.pipe(loadBalance([one], { maxAttempts: 1, timeout: { send: 5 } }));
      expectObservable(balanced$.pipe(drawn)).toBe(expected);
      expectSubscriptions(answer$.subscriptions).toBe(answerSubs);
    });
  });

  it('bounds the whole send, not the time to its first value', () => {
    run(({ cold, expectObservable, expectSubscriptions }) => {
      const source$ = cold('   a|             ');
      const answer$ = cold('   -r-r-r-r-(r|)  ');
      const answerSubs = '     ^----!         ';
      const expected = '       -----(A|)      ';
      const one = fakeConnection<string>('u', () => answer$);

      const balanced$ = source$.pipe(loadBalance([one], { maxAttempts: 1, timeout: { send: 5 } }));
      expectObservable(balanced$.pipe(drawn)).toBe(expected);
      expectSubscriptions(answer$.subscriptions).toBe(answerSubs);
    });
  });

  it('is a connection failure, unless classify says otherwise', () => {
    run(({ cold, expectObservable, flush }) => {
      const source$ = cold('   a|             ');
      const expected = '       ---------(a|)  ';
      const one = fakeConnection<string>('u', (_event, { attempt }) =>
        attempt === 1 ? NEVER : cold('-(r|)'),
      );
      const classified = fakeConnection<string>(
        'u',
        (_event, { attempt }) => (attempt === 1 ? NEVER : cold('-(r|)')),
        { classify: () => 'temporary' },
      );
      const options = { timeout: { send: 5 }, reconnectDelay: 3 };

      expectObservable(source$.pipe(loadBalance([one], options), drawn)).toBe(expected);
      expectObservable(source$.pipe(loadBalance([classified], options), drawn)).toBe(expected);
      flush();
      expect(one.opened).to.deep.equal([0, 8]);
      expect(classified.opened).to.deep.equal([0]);
    });
  });

  it('counts from the start of each send of a window', () => {
    run(({ cold, expectObservable, expectSubscriptions }) => {
      const source$ = cold('   a-b--c|          ');
      const answer$ = cold('   -                ');
      const answerSubs = ['    ^---------!      ', '--^---------!', '-----^---------!'];
      const expected = '       ----------A-B--(C|)';
      const one = fakeConnection<string>('u', () => answer$, { window: 3 });

      const balanced$ = source$.pipe(loadBalance([one], { maxAttempts: 1, timeout: { send: 10 } }));
      expectObservable(balanced$.pipe(drawn)).toBe(expected);
      expectSubscriptions(answer$.subscriptions).toBe(answerSubs);
    });
  });

  it('counts from the start of each attempt', () => {
    run(({ cold, expectObservable, expectSubscriptions }) => {
      const source$ = cold('   a|               ');
      const answer$ = cold('   -                ');
      const answerSubs = ['    ^----!           ', '-------^----!    ', '--------------^----!'];
      const expected = '       -------------------(A|)';
      const one = fakeConnection<string>('u', () => answer$);

      const balanced$ = source$.pipe(loadBalance([one], { timeout: { send: 5 }, reconnectDelay: 2 }));
      expectObservable(balanced$.pipe(drawn)).toBe(expected);
      expectSubscriptions(answer$.subscriptions).toBe(answerSubs);
    });
  });

  it('is exact in virtual time, however long it is', () => {
    run(({ cold, expectObservable, expectSubscriptions }) => {
      const source$ = cold('   a 122ms b|                           ');
      const answer$ = cold('   -                                    ');
      const answerSubs = ['    ^ 29999ms !                          ', '- 122ms ^ 29999ms !'];
      const expected = '       - 29999ms A 122ms (B|)               ';
      const one = fakeConnection<string>('u', () => answer$, { window: 2 });

      expectObservable(source$.pipe(loadBalance([one], { maxAttempts: 1 }), drawn)).toBe(expected);
      expectSubscriptions(answer$.subscriptions).toBe(answerSubs);
    });
  });

  it('ignores the late answer of a send that does not heed its unsubscription', () => {
    run(({ cold, expectObservable }) => {
      const source$ = cold('   (ab|)          ');
      const expected = '       -----A---(b|)  ';
      const late$ = new Observable<string>((subscriber) => {
        asyncScheduler.schedule(() => {
          subscriber.next('late');
          subscriber.complete();
        }, 7);
      });
      const one = fakeConnection<string>('u', (event) => (event === 'a' ? late$ : cold('----(r|)')), {
        classify: () => 'temporary',
      });

      const balanced$ = source$.pipe(
        loadBalance([one], { maxAttempts: 1, timeout: { send: 5 }, reconnectDelay: 0 }),
      );
      expectObservable(balanced$.pipe(drawn)).toBe(expected);
    });
  });

  describe('the signal', () => {
    it('is aborted with the TimeoutError', () => {
      run(({ cold, flush }) => {
        const source$ = cold('   a|             ');
        const aborted: unknown[] = [];
        const one = fakeConnection<string>('u', (_event, { signal }) => {
          signal.addEventListener('abort', () => aborted.push([asyncScheduler.now(), signal.reason]));
          return NEVER;
        });
        const errors: unknown[] = [];

        source$
          .pipe(loadBalance([one], { maxAttempts: 1, timeout: { send: 5 } }))
          .subscribe((outcome) => errors.push([5, isDropped(outcome) && outcome.error]));
        flush();
        expect(aborted).to.deep.equal(errors);
        expect(aborted).to.have.length(1);
      });
    });

    it('is aborted also when it is read only afterwards', () => {
      run(({ cold, flush }) => {
        const source$ = cold('   a|             ');
        const contexts: SendContext[] = [];
        const one = fakeConnection<string>('u', (_event, context) => {
          contexts.push(context);
          return NEVER;
        });

        source$.pipe(loadBalance([one], { maxAttempts: 1, timeout: { send: 5 } })).subscribe();
        flush();
        expect(
          contexts.map(({ signal }) => [signal.aborted, signal.reason instanceof TimeoutError]),
        ).to.deep.equal([[true, true]]);
      });
    });

    it('is a new one for every attempt, and not aborted after an answer', () => {
      run(({ cold, flush }) => {
        const source$ = cold('   a|             ');
        const signals: CancelSignal[] = [];
        const one = fakeConnection<string>('u', (_event, { attempt, signal }) => {
          signals.push(signal);
          return attempt === 1 ? NEVER : attempt === 2 ? cold('-#') : cold('-(r|)');
        });

        source$.pipe(loadBalance([one], { timeout: { send: 5 } })).subscribe();
        flush();
        expect(signals.map(({ aborted }) => aborted)).to.deep.equal([true, false, false]);
      });
    });
  });

  describe('with promises and the real kind of clock', () => {
    let clock: SinonFakeTimers;

    beforeEach(() => {
      clock = useFakeTimers({
        shouldClearNativeTimers: true,
        now: Date.UTC(2026, 0, 1),
        toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'],
      });
    });

    afterEach(() => {
      clock.restore();
    });

    const always = (
      send: (event: string, context: SendContext) => ObservableInput<string>,
    ): Connection<string, string> => ({
      name: 'one',
      state$: concat(of('up' as const), NEVER),
      send,
      classify: () => 'temporary',
    });

    const outcomesOf = (
      connection: Connection<string, string>,
      events: readonly string[],
    ): readonly Outcome<string>[] => {
      const outcomes: Outcome<string>[] = [];
      from(events)
        .pipe(loadBalance([connection], { maxAttempts: 1, timeout: { send: 100 }, reconnectDelay: 0 }))
        .subscribe((outcome) => outcomes.push(outcome));
      return outcomes;
    };

    const thenable = (
      settle: (fulfill: (value: string) => void, reject: (error: unknown) => void) => void,
    ): PromiseLike<string> => ({
      then: (fulfilled, rejected) => {
        settle(
          (value) => void fulfilled?.(value),
          (error) => void rejected?.(error),
        );
        return new Promise<never>(() => undefined);
      },
    });

    /** What a connection that never answers has seen: for each event, after how long its send was cancelled. */
    const patient = (
      timeout: number,
    ): { readonly cancelled: Readonly<Record<string, number>>; readonly source$: Subject<string> } => {
      const cancelled: Record<string, number> = {};
      const send = (event: string): Observable<never> => {
        const started = Date.now();
        return new Observable(() => () => {
          cancelled[event] = Date.now() - started;
        });
      };
      const source$ = new Subject<string>();
      // A rejected event is dropped, and its connection goes on.
      const one = { ...always(send), window: 1_000, classify: () => 'rejected' as const };
      source$.pipe(loadBalance([one], { timeout: { send: timeout } })).subscribe();
      return { cancelled, source$ };
    };

    it('times out a promise that never settles', async () => {
      const never = new Promise<string>(() => undefined);
      const outcomes = outcomesOf(
        always(() => never),
        ['a'],
      );

      await clock.tickAsync(99);
      expect(outcomes).to.deep.equal([]);
      await clock.tickAsync(1);
      expect(
        outcomes.map((outcome) => isDropped(outcome) && outcome.error instanceof TimeoutError),
      ).to.deep.equal([true]);
    });

    for (const how of ['fulfilled', 'rejected'] as const) {
      it(`ignores a promise that is ${how} after its seat was used again`, async () => {
        const answers: Record<string, { resolve: (value: string) => void; reject: (error: Error) => void }> =
          {};
        const send = (event: string): Promise<string> =>
          new Promise((resolve, reject) => {
            answers[event] = { resolve, reject };
          });
        const outcomes = outcomesOf(always(send), ['a', 'b']);

        await clock.tickAsync(150);
        expect(outcomes.map(({ event, status }) => [event, status])).to.deep.equal([['a', 'dropped']]);
        expect(answers).to.have.keys('a', 'b');
        if (how === 'fulfilled') {
          answers['a']?.resolve('late');
        } else {
          answers['a']?.reject(new Error('late'));
        }
        await clock.tickAsync(10);
        expect(outcomes).to.have.length(1);
        answers['b']?.resolve('in time');
        await clock.tickAsync(0);
        expect(outcomes.slice(1)).to.deep.equal([
          { status: 'delivered', event: 'b', value: 'in time', connection: 'one', attempts: 1 },
        ]);
      });
    }

    it('ignores the second answer of a thenable, at once and after its seat was used again', async () => {
      const answers: Record<string, (value: string) => void> = {};
      const send = (event: string): PromiseLike<string> =>
        thenable((fulfill) => {
          answers[event] = fulfill;
        });
      const outcomes = outcomesOf(always(send), ['a', 'b']);

      answers['a']?.('first');
      answers['a']?.('second');
      expect(answers).to.have.keys('a', 'b');
      answers['a']?.('third');
      await clock.tickAsync(10);
      expect(outcomes.map((outcome) => isDelivered(outcome) && outcome.value)).to.deep.equal(['first']);
      answers['b']?.('in time');
      expect(outcomes.map((outcome) => isDelivered(outcome) && outcome.value)).to.deep.equal([
        'first',
        'in time',
      ]);
    });

    it('ignores that a thenable is rejected after it was fulfilled', () => {
      const send = (): PromiseLike<string> =>
        thenable((fulfill, reject) => {
          fulfill('answer');
          reject(new Error('second thoughts'));
        });

      expect(outcomesOf(always(send), ['a', 'b']).map(({ status }) => status)).to.deep.equal([
        'delivered',
        'delivered',
      ]);
    });

    it('leaves no timer with every timeout at Infinity', () => {
      const connecting: Connection<string, string> = { ...always(() => NEVER), state$: NEVER };
      const source$ = new Subject<string>();
      const start = (timeout: number): number => {
        const subscription = source$
          .pipe(loadBalance([connecting, always(() => NEVER)], { timeout }))
          .subscribe();
        source$.next('in flight');
        source$.next('waiting');
        const timers = clock.countTimers();
        subscription.unsubscribe();
        return timers;
      };

      expect(start(Infinity)).to.equal(0);
      expect(start(1_000)).to.be.above(0);
    });

    it('leaves no timer with every timeout at Infinity while nothing is up', () => {
      const connecting: Connection<string, string> = { ...always(() => NEVER), state$: NEVER };
      const subscription = of('waiting')
        .pipe(loadBalance([connecting], { timeout: Infinity }))
        .subscribe();

      expect(clock.countTimers()).to.equal(0);
      subscription.unsubscribe();
    });

    it('is exact below one second', () => {
      const { cancelled, source$ } = patient(999);
      const expected: Record<string, number> = {};
      for (let n = 0; n < 50; n++) {
        source$.next(`${n}`);
        expected[`${n}`] = 999;
        clock.tick(7);
      }
      clock.tick(5_000);
      expect(cancelled).to.deep.equal(expected);
    });

    it('is never early, and at most 100 ms late, above', () => {
      const { cancelled, source$ } = patient(2_000);
      for (let n = 0; n < 200; n++) {
        source$.next(`${n}`);
        clock.tick(n % 13);
      }
      clock.tick(5_000);
      const times = Object.values(cancelled);
      expect(times).to.have.length(200);
      expect(Math.min(...times)).to.be.at.least(2_000);
      expect(Math.max(...times)).to.be.at.most(2_100);
    });

    it('is never early, and at most 100 ms late, also for a send that starts long after the last', () => {
      const { cancelled, source$ } = patient(2_000);
      for (let n = 0; n < 5; n++) {
        source$.next(`${n}`);
        clock.tick(10_011);
      }
      const times = Object.values(cancelled);
      expect(times).to.have.length(5);
      expect(Math.min(...times)).to.be.at.least(2_000);
      expect(Math.max(...times)).to.be.at.most(2_100);
    });

    for (const timeout of [500, 2_000]) {
      describe(`a blocked event loop, with a timeout of ${timeout} ms`, () => {
        it('makes no send that starts after it time out early', () => {
          const { cancelled, source$ } = patient(timeout);
          source$.next('before');
          clock.tick(30);
          clock.setSystemTime(Date.now() + 10_000);
          source$.next('after');
          clock.tick(timeout - 1);
          expect(cancelled).not.to.have.property('after');
          clock.tick(101);
          expect(cancelled['after']).to.be.within(timeout, timeout + 100);
          expect(cancelled['before']).to.be.at.least(timeout);
        });

        it('makes no send that starts after its late timers time out early', () => {
          const { cancelled, source$ } = patient(timeout);
          source$.next('before');
          clock.tick(30);
          clock.jump(10_000);
          source$.next('after');
          clock.tick(timeout - 1);
          expect(cancelled).not.to.have.property('after');
          clock.tick(101);
          expect(cancelled['after']).to.be.within(timeout, timeout + 100);
          expect(cancelled['before']).to.be.at.least(timeout);
        });

        it('makes none that started before it time out early', () => {
          const { cancelled, source$ } = patient(timeout);
          source$.next('before');
          clock.tick(7);
          clock.jump(timeout / 2);
          clock.tick(timeout / 2 - 8);
          expect(cancelled).to.deep.equal({});
          clock.tick(10_000);
          expect(cancelled['before']).to.be.at.least(timeout);
        });
      });
    }
  });

  it('fails once, also when the send itself fails as soon as it is told to stop', () => {
    run(({ cold, expectObservable }) => {
      const source = cold('     (ab|)  ');
      const expected = '        -----(ab|)';
      const send = (_event: string, { signal }: SendContext): Observable<string> =>
        new Observable((subscriber) => {
          signal.addEventListener('abort', () => {
            subscriber.error(new Error('stopped'));
          });
        });
      const place = fakeConnection('u', send, { window: 2 });
      const result$ = source.pipe(
        loadBalance([place], { maxAttempts: 1, timeout: { send: 5 } }),
        map((outcome) => (isDropped(outcome) && outcome.error instanceof TimeoutError ? outcome.event : '?')),
      );
      expectObservable(result$).toBe(expected);
    });
  });
});
