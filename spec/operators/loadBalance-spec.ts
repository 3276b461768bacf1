/** Proves that the operator behaves as operators do, and what its monitor is told. */
import { expect } from 'chai';
import {
  asyncScheduler,
  catchError,
  concat,
  config,
  EMPTY,
  ignoreElements,
  lastValueFrom,
  map,
  mergeMap,
  NEVER,
  Observable,
  of,
  range,
  Subject,
  take,
  takeWhile,
  throwError,
  timer,
  VirtualTimeScheduler,
} from 'rxjs';
import type { RunHelpers } from 'rxjs/testing';
import { useFakeTimers } from 'sinon';
import {
  isDelivered,
  loadBalance,
  TemporaryError,
  type BalancerActivity,
  type LoadBalanceOptions,
  type Outcome,
  type SendContext,
} from '../../src/index.js';
import { loadBalance as fromOperators } from '../../operators/index.js';
import { fakeConnection } from '../../src/testing/index.js';
import { run } from '../marbles.js';

const brief = (outcome: Outcome<string>): string =>
  isDelivered(outcome) ? `${outcome.event} ${outcome.connection}` : `${outcome.event} ${outcome.reason}`;

const x = 'x fake';
const y = 'y fake';
const z = 'z fake';

describe('loadBalance', () => {
  it('should give each event to the connection that is ready, and emit its outcome', () => {
    run(({ cold, expectObservable, expectSubscriptions }) => {
      const quick = fakeConnection<string>('u', '--(r|)', { name: 'quick' });
      const slow = fakeConnection<string>('u', '------(r|)', { name: 'slow' });

      const e1 = cold(' abcd-----|');
      const e1subs = '  ^--------!';
      //                a-c-d-       the quick one
      //                 b-----      the slow one
      const expected = '--a-c-db-|';

      expectObservable(e1.pipe(loadBalance([quick, slow]), map(brief))).toBe(expected, {
        a: 'a quick',
        b: 'b slow',
        c: 'c quick',
        d: 'd quick',
      });
      expectSubscriptions(e1.subscriptions).toBe(e1subs);
    });
  });

  it('should be the same at both entry points', () => {
    expect(fromOperators).to.equal(loadBalance);
  });

  describe('as an operator', () => {
    it('should never complete with a source that never does', () => {
      run(({ cold, expectObservable, expectSubscriptions }) => {
        const e1 = cold(' ------');
        const e1subs = '  ^----!';
        const expected = '------';
        const unsub = '   -----!';

        expectObservable(e1.pipe(loadBalance([fakeConnection<string>('u', '(r|)')])), unsub).toBe(expected);
        expectSubscriptions(e1.subscriptions).toBe(e1subs);
      });
    });

    it('should complete with an empty source', () => {
      run(({ cold, expectObservable, expectSubscriptions }) => {
        const e1 = cold(' |   ');
        const e1subs = '  (^!)';
        const expected = '|   ';

        expectObservable(e1.pipe(loadBalance([fakeConnection<string>('u', '(r|)')]))).toBe(expected);
        expectSubscriptions(e1.subscriptions).toBe(e1subs);
      });
    });

    it('should take one value', () => {
      run(({ cold, expectObservable, expectSubscriptions }) => {
        const e1 = cold(' --x--|   ');
        const e1subs = '  ^----!   ';
        const send = '      -(r|)  ';
        const expected = '---x-|   ';

        const result = e1.pipe(loadBalance([fakeConnection<string>('u', send)]), map(brief));

        expectObservable(result).toBe(expected, { x });
        expectSubscriptions(e1.subscriptions).toBe(e1subs);
      });
    });

    it('should take many values', () => {
      run(({ hot, expectObservable, expectSubscriptions }) => {
        const e1 = hot('  --x--y--z--|');
        const e1subs = '  ^----------!';
        const send = '      -(r|)     ';
        const expected = '---x--y--z-|';

        const result = e1.pipe(loadBalance([fakeConnection<string>('u', send)]), map(brief));

        expectObservable(result).toBe(expected, { x, y, z });
        expectSubscriptions(e1.subscriptions).toBe(e1subs);
      });
    });

    it('should pass on an error in the sequence', () => {
      run(({ hot, expectObservable, expectSubscriptions }) => {
        const e1 = hot('  --x--y--#  ');
        const e1subs = '  ^-------!  ';
        const send = '      -(r|)    ';
        const expected = '---x--y-#  ';

        const result = e1.pipe(loadBalance([fakeConnection<string>('u', send)]), map(brief));

        expectObservable(result).toBe(expected, { x, y });
        expectSubscriptions(e1.subscriptions).toBe(e1subs);
      });
    });

    it('should pass on the error of a source that only fails', () => {
      run(({ cold, expectObservable, expectSubscriptions }) => {
        const e1 = cold(' #   ');
        const e1subs = '  (^!)';
        const expected = '#   ';

        expectObservable(e1.pipe(loadBalance([fakeConnection<string>('u', '(r|)')]))).toBe(expected);
        expectSubscriptions(e1.subscriptions).toBe(e1subs);
      });
    });

    it('should stop when it is unsubscribed early', () => {
      run(({ hot, expectObservable, expectSubscriptions }) => {
        const e1 = hot('  --x--y--z--|');
        const e1subs = '  ^------!    ';
        const send = '      -(r|)     ';
        const expected = '---x--y-    ';
        const unsub = '   -------!    ';

        const result = e1.pipe(loadBalance([fakeConnection<string>('u', send)]), map(brief));

        expectObservable(result, unsub).toBe(expected, { x, y });
        expectSubscriptions(e1.subscriptions).toBe(e1subs);
      });
    });

    it('should not break unsubscription chains when result is unsubscribed explicitly', () => {
      run(({ hot, expectObservable, expectSubscriptions }) => {
        const e1 = hot('  --x--y--z--|');
        const e1subs = '  ^------!    ';
        const send = '      -(r|)     ';
        const expected = '---x--y-    ';
        const unsub = '   -------!    ';

        const result = e1.pipe(
          mergeMap((event) => of(event)),
          loadBalance([fakeConnection<string>('u', send)]),
          mergeMap((outcome) => of(brief(outcome))),
        );

        expectObservable(result, unsub).toBe(expected, { x, y });
        expectSubscriptions(e1.subscriptions).toBe(e1subs);
      });
    });

    it('should stop listening to a synchronous observable when unsubscribed', () => {
      const sideEffects: number[] = [];
      const synchronous = new Observable<number>((subscriber) => {
        // This would be an endless loop if the subscriber did not end.
        for (let event = 0; !subscriber.closed && event < 10; event++) {
          sideEffects.push(event);
          subscriber.next(event);
        }
      });

      synchronous
        .pipe(
          loadBalance([() => of('r')]),
          takeWhile(({ event }) => event < 2),
        )
        .subscribe();

      expect(sideEffects).to.deep.equal([0, 1, 2]);
    });

    it('should stop listening to a synchronous observable when closed', () => {
      const closeOn = new Subject<void>();
      const sideEffects: number[] = [];
      const synchronous = new Observable<number>((subscriber) => {
        for (let event = 0; !subscriber.closed && event < 10; event++) {
          sideEffects.push(event);
          subscriber.next(event);
        }
      });

      synchronous.pipe(loadBalance([() => of('r')], { closeOn })).subscribe(({ event }) => {
        if (event === 2) {
          closeOn.next();
        }
      });

      expect(sideEffects).to.deep.equal([0, 1, 2]);
    });

    it('should subscribe to the source once for each subscription, after opening the connections', () => {
      const log: string[] = [];
      const state$ = new Observable<'up'>((subscriber) => {
        log.push('opened');
        subscriber.next('up');
      });
      const source = new Observable<string>((subscriber) => {
        log.push('subscribed');
        subscriber.complete();
      });
      const piped$ = source.pipe(loadBalance([{ name: 'place', state$, send: () => EMPTY }]));
      expect(log).to.be.empty;

      piped$.subscribe();
      piped$.subscribe();

      expect(log).to.deep.equal(['opened', 'subscribed', 'opened', 'subscribed']);
    });

    it('should go on when the subscriber throws, and have RxJS report it', () => {
      const clock = useFakeTimers({ shouldClearNativeTimers: true });
      const { onUnhandledError } = config;
      const unhandled: unknown[] = [];
      config.onUnhandledError = (error) => unhandled.push(error);
      const outcomes: string[] = [];
      try {
        of('a', 'b')
          .pipe(loadBalance([() => of('r')]))
          .subscribe(({ event }) => {
            outcomes.push(event);
            throw new Error(`not ${event}`);
          });
        clock.runAll();
      } finally {
        config.onUnhandledError = onUnhandledError;
        clock.restore();
      }

      expect(outcomes).to.deep.equal(['a', 'b']);
      expect(unhandled.map((count) => String(count))).to.deep.equal(['Error: not a', 'Error: not b']);
    });
  });

  describe('what it sends', () => {
    it('should take any value for an event', () => {
      const events = [undefined, null, 0, '', false, NaN, {}, []];
      const sent: unknown[] = [];
      const outcomes: unknown[] = [];
      const send = (event: unknown): Observable<string> => {
        sent.push(event);
        return of('r');
      };

      of(...events)
        .pipe(loadBalance([send]))
        .subscribe(({ event }) => outcomes.push(event));

      expect(sent).to.deep.equal(events);
      expect(outcomes).to.deep.equal(events);
    });

    it('should take any value for an event that has to be sent again or be dropped', () => {
      const events = [undefined, null, 0, '', false];
      const outcomes: unknown[] = [];

      of(...events)
        .pipe(
          loadBalance([() => throwError(() => new TemporaryError('', { retryAfter: 0 }))], {
            maxAttempts: 2,
          }),
        )
        .subscribe((outcome) => outcomes.push([outcome.event, outcome.attempts]));

      expect(outcomes).to.have.deep.members(events.map((event) => [event, 2]));
    });

    it('should deliver the last value of the send, or undefined when it had none', () => {
      const answers = [of(1, 2, 3), EMPTY, of(undefined), ['a', 'b'], of(null)];
      const values: unknown[] = [];

      of(0, 1, 2, 3, 4)
        .pipe(loadBalance([(event) => answers[event] ?? EMPTY]))
        .subscribe((outcome) => values.push(isDelivered(outcome) && outcome.value));

      expect(values).to.deep.equal([3, undefined, undefined, 'b', null]);
    });

    it('should not hand on the value of one send to an event whose send has none', () => {
      const answers = [of('value'), EMPTY];
      const values: unknown[] = [];

      of(0, 1)
        .pipe(loadBalance([(event) => answers[event] ?? EMPTY]))
        .subscribe((outcome) => values.push(isDelivered(outcome) && outcome.value));

      expect(values).to.deep.equal(['value', undefined]);
    });

    it('should wait for promises, streams and asynchronous iterables alike', async () => {
      const sends = [
        async (event: string) => {
          await Promise.resolve();
          return `${event} promised`;
        },
        (event: string) => of(`${event} streamed`),
        async function* iterate(event: string) {
          await Promise.resolve();
          yield `${event} iterated`;
        },
      ];
      const values: string[] = [];
      for (const send of sends) {
        const outcome = await lastValueFrom(of('a').pipe(loadBalance([send])), { defaultValue: undefined });
        values.push(outcome?.status === 'delivered' ? outcome.value : 'nothing');
      }

      expect(values).to.deep.equal(['a promised', 'a streamed', 'a iterated']);
    });

    it('should give every attempt a context of its own, which may be read later', () => {
      const contexts: SendContext[] = [];
      const error = new TemporaryError('', { retryAfter: 0 });
      const send = (_event: string, context: SendContext): Observable<string> => {
        contexts.push(context);
        return context.attempt === 1 ? throwError(() => error) : of('r');
      };

      of('a', 'b')
        .pipe(loadBalance([send]))
        .subscribe();

      expect(new Set(contexts).size).to.equal(4);
      expect(contexts.map(({ attempt }) => attempt).sort()).to.deep.equal([1, 1, 2, 2]);
    });

    it('should abort the signal of a send that is cancelled, and of no other', () => {
      run(({ cold, flush }) => {
        const contexts: SendContext[] = [];
        const send = (event: string, context: SendContext): Observable<string> => {
          contexts.push(context);
          // That of the third is looked at only afterwards.
          expect(event === 'c' || !context.signal.aborted).to.be.true;
          return event === 'a' ? cold('-(r|)') : cold('-');
        };
        const place = fakeConnection<string>('u', send, { window: 3 });

        cold('(abc)')
          .pipe(loadBalance([place], { timeout: { send: 5 }, maxAttempts: 1 }), take(3))
          .subscribe();
        flush();

        expect(contexts.map(({ signal }) => signal.aborted)).to.deep.equal([false, true, true]);
      });
    });

    it('should name a function by its name, or by its place in the list', () => {
      const named = (): Observable<string> => of('r');
      const names: string[] = [];
      const busy = (): Observable<string> => NEVER;

      concat(of('a', 'b', 'c'), NEVER)
        .pipe(loadBalance([named, () => of('r'), busy]), take(2))
        .subscribe((outcome) => names.push(isDelivered(outcome) ? outcome.connection : ''));

      expect(names).to.deep.equal(['named', 'connection 2']);
    });
  });

  it('should share the events by what each connection can take', () => {
    run(({ cold, expectObservable, flush }) => {
      const places = [1, 2, 4].map((window) => fakeConnection<string>('u', '--(r|)', { window }));

      const e1 = '      (abcdefghijklmnopqrstu|)';
      //                s-s-s-|                    three rounds of seven
      const expected = '------|';

      expectObservable(cold(e1).pipe(loadBalance(places), ignoreElements())).toBe(expected);
      flush();
      expect(places.map(({ sent }) => sent.length)).to.deep.equal([3, 6, 12]);
    });
  });

  it('should have the defaults that are documented', () => {
    run(({ cold, expectObservable, flush }) => {
      const silent = fakeConnection<string>('u', '-', { name: 'silent' });

      const result = cold('(a|)').pipe(
        loadBalance([silent], { reconnectDelay: 0 }),
        map(({ attempts }) => attempts),
      );

      // Three attempts of 30 s each.
      expectObservable(result).toBe('90s (a|)', { a: 3 });
      flush();
      expect(silent.sent.map(({ frame }) => frame)).to.deep.equal([0, 30_000, 60_000]);
    });
  });

  it('should wait 30 seconds for a connection to come up, and then as long as exponentialBackoff says', () => {
    run(({ cold, expectObservable, flush }) => {
      const slow = fakeConnection<string>('c', '(r|)');

      expectObservable(cold('a').pipe(loadBalance([slow])), '31001ms !').toBe('-');
      flush();

      expect(slow.closed[0]).to.equal(30_000);
      expect(slow.opened[1]).to.be.within(30_500, 31_000);
    });
  });

  describe('the monitor', () => {
    /** What a monitor is told, with the frames. */
    const monitored = (
      test: (helpers: RunHelpers, options: LoadBalanceOptions<string>) => Observable<unknown>,
      unsub?: string,
    ): readonly unknown[] => {
      const told: unknown[] = [];
      run((helpers) => {
        const monitor = {
          next: (activity: BalancerActivity) => told.push([asyncScheduler.now(), activity]),
          error: (error: unknown) => told.push([asyncScheduler.now(), error]),
          complete: () => told.push([asyncScheduler.now(), 'complete']),
        };
        helpers.expectObservable(test(helpers, { monitor }).pipe(ignoreElements()), unsub);
      });
      return told;
    };

    const told = (type: BalancerActivity['type'], activities: readonly unknown[]): readonly unknown[] =>
      activities.filter((each) => (each as [number, { type?: string }])[1].type === type);

    it('should be told of states, attempts, answers and outcomes, and of the end', () => {
      const outcome = { status: 'delivered', event: 'a', value: 'r', connection: 'fake', attempts: 1 };

      const activities = monitored(({ cold }, options) => {
        const place = fakeConnection<string>('c-u---', '--(r|)');
        return cold('a----|').pipe(loadBalance([place], options));
      });

      const queue = told('queue', activities);
      expect(activities.filter((each) => !queue.includes(each))).to.deep.equal([
        [0, { type: 'state', connection: 'fake', state: 'connecting' }],
        [2, { type: 'state', connection: 'fake', state: 'up' }],
        [2, { type: 'attempt', connection: 'fake', events: 1, attempt: 1 }],
        [4, { type: 'answer', connection: 'fake', delivered: 1, failed: 0, elapsed: 2 }],
        [4, { type: 'outcome', outcome }],
        [5, { type: 'state', connection: 'fake', state: 'removed' }],
        [5, 'complete'],
      ]);
    });

    it('should be told of a failure, the backoff with its delay, and the next try', () => {
      const activities = monitored(({ cold }, options) => {
        const place = fakeConnection<string>('u', (_event, { attempt }) =>
          attempt === 1 ? cold('--#') : cold('-(r|)'),
        );
        return cold('a--------|').pipe(loadBalance([place], { ...options, reconnectDelay: 3 }));
      });

      expect(told('attempt', activities)).to.deep.equal([
        [0, { type: 'attempt', connection: 'fake', events: 1, attempt: 1 }],
        [5, { type: 'attempt', connection: 'fake', events: 1, attempt: 2 }],
      ]);
      expect(told('answer', activities)).to.deep.equal([
        [2, { type: 'answer', connection: 'fake', delivered: 0, failed: 1, elapsed: 2, error: 'error' }],
        [6, { type: 'answer', connection: 'fake', delivered: 1, failed: 0, elapsed: 1 }],
      ]);
      expect(told('state', activities)).to.deep.equal([
        [0, { type: 'state', connection: 'fake', state: 'connecting' }],
        [0, { type: 'state', connection: 'fake', state: 'up' }],
        [2, { type: 'state', connection: 'fake', state: 'backoff', error: 'error', delay: 3 }],
        [5, { type: 'state', connection: 'fake', state: 'connecting' }],
        [5, { type: 'state', connection: 'fake', state: 'up' }],
        [9, { type: 'state', connection: 'fake', state: 'removed' }],
      ]);
    });

    it('should be told of a pause as of a backoff, and that the connection is up again after it', () => {
      const error = new TemporaryError('', { retryAfter: 3 });

      const activities = monitored(({ cold }, options) => {
        const place = fakeConnection<string>('u', (_event, { attempt }) =>
          attempt === 1 ? cold('-#', {}, error) : cold('-(r|)'),
        );
        return cold('a--------|').pipe(loadBalance([place], options));
      });

      expect(told('state', activities)).to.deep.equal([
        [0, { type: 'state', connection: 'fake', state: 'connecting' }],
        [0, { type: 'state', connection: 'fake', state: 'up' }],
        [1, { type: 'state', connection: 'fake', state: 'backoff', error, delay: 3 }],
        [4, { type: 'state', connection: 'fake', state: 'up' }],
        [9, { type: 'state', connection: 'fake', state: 'removed' }],
      ]);
    });

    it('should be told of no delay when a notifier ends the backoff, of which nobody knows how long it is', () => {
      const activities = monitored(({ cold }, options) => {
        const place = fakeConnection<string>('#', '-');
        return cold('-----|').pipe(loadBalance([place], { ...options, reconnectDelay: () => cold('---x') }));
      });

      expect(told('state', activities)[1]).to.deep.equal([
        0,
        { type: 'state', connection: 'fake', state: 'backoff', error: 'error' },
      ]);
    });

    it('should be told of down, and of a repeated state once', () => {
      const activities = monitored(({ cold }, options) => {
        const place = fakeConnection<string>('uuddu', '-');
        return cold('------|').pipe(loadBalance([place], options));
      });

      expect(told('state', activities)).to.deep.equal([
        [0, { type: 'state', connection: 'fake', state: 'connecting' }],
        [0, { type: 'state', connection: 'fake', state: 'up' }],
        [2, { type: 'state', connection: 'fake', state: 'down' }],
        [4, { type: 'state', connection: 'fake', state: 'up' }],
        [6, { type: 'state', connection: 'fake', state: 'removed' }],
      ]);
    });

    it('should be told that a connection is gone for good', () => {
      const activities = monitored(({ cold }, options) => {
        const place = fakeConnection<string>('u-|', '-');
        return cold('-----|').pipe(loadBalance([place], options));
      });

      expect(told('state', activities).at(-1)).to.deep.equal([
        2,
        { type: 'state', connection: 'fake', state: 'removed' },
      ]);
    });

    it('should be told of an attempt that is cancelled as of a failed one', () => {
      const activities = monitored(({ cold }, options) => {
        const place = fakeConnection<string>('u--d', '-');
        return cold('a----').pipe(loadBalance([place], options));
      }, '----!');

      const answers = told('answer', activities) as [number, { error?: unknown }][];
      expect(answers.map(([frame, { error, ...answer }]) => [frame, answer, String(error)])).to.deep.equal([
        [
          3,
          { type: 'answer', connection: 'fake', delivered: 0, failed: 1, elapsed: 3 },
          'Error: connection "fake" is no longer up',
        ],
      ]);
    });

    it('should be told of the events of a batch', () => {
      const activities = monitored(({ cold }, options) => {
        const bulk = fakeConnection<string, string>(
          '-u',
          () => cold('-(r|)', { r: [{ index: 0, status: 'delivered', value: 'r' }] }),
          { batch: { size: 3 } },
        );
        return cold('(abc)').pipe(loadBalance([bulk], options));
      }, '---!');

      expect(told('attempt', activities)[0]).to.deep.equal([
        1,
        { type: 'attempt', connection: 'fake', events: 3, attempt: 1 },
      ]);
      const [frame, { error, ...answer }] = told('answer', activities)[0] as [number, { error?: unknown }];
      expect([frame, answer]).to.deep.equal([
        2,
        { type: 'answer', connection: 'fake', delivered: 1, failed: 2, elapsed: 1 },
      ]);
      expect(String(error)).to.equal('TemporaryError: connection "fake" answered for 1 of 3 events');
    });

    it('should be told of every outcome, dropped ones too, just as the subscriber is', () => {
      const seen: unknown[] = [];
      const outcomes: unknown[] = [];
      const monitor = {
        next: (activity: BalancerActivity) => {
          if (activity.type === 'outcome') {
            seen.push(activity.outcome);
          }
        },
      };

      of('a', 'b')
        .pipe(loadBalance([], { monitor }))
        .subscribe((outcome) => outcomes.push(outcome));

      expect(outcomes).to.have.length(2);
      expect(seen).to.deep.equal(outcomes);
    });

    it('should be told how much is under way', () => {
      const activities = monitored(({ cold }, options) => {
        const place = fakeConnection<string>('u', (event) => (event === 'a' ? cold('-#') : cold('-')), {
          classify: () => 'temporary',
        });
        return cold('(abcd)').pipe(loadBalance([place], { ...options, reconnectDelay: 0 }));
      }, '110ms !');

      expect(told('queue', activities).at(-1)).to.deep.equal([
        100,
        { type: 'queue', waiting: 2, retrying: 1, inFlight: 1 },
      ]);
    });

    it('should be told so at most ten times a second, and at least once for a change', () => {
      const activities = monitored(({ cold }, options) => {
        const place = fakeConnection<string>('u', '-(r|)');
        const events$ = timer(0, 5).pipe(
          take(400),
          map((count) => String(count)),
        );
        return concat(events$, cold('1s |')).pipe(loadBalance([place], options));
      });

      const frames = told('queue', activities).map((each) => (each as [number, unknown])[0]);
      expect(frames).to.have.length.within(18, 22);
      frames.reduce((before, frame) => {
        expect(frame - before).to.be.at.least(100);
        return frame;
      }, -Infinity);
    });

    it('should be told nothing of a queue in which nothing changes', () => {
      const activities = monitored(({ cold }, options) => {
        const place = fakeConnection<string>('u', '-');
        return cold('a').pipe(loadBalance([place], { ...options, timeout: Infinity }));
      }, '10s !');

      const during = told('queue', activities).filter((each) => (each as [number, unknown])[0] < 10_000);
      expect(during).to.have.length.within(1, 2);
    });

    it('should be told the error at the end', () => {
      const activities = monitored(({ cold }, options) => {
        const place = fakeConnection<string>('u', '-(r|)');
        // The error is for whoever listens to the output.
        return cold('a-#').pipe(
          loadBalance([place], options),
          catchError(() => EMPTY),
        );
      });

      expect(activities.at(-1)).to.deep.equal([2, 'error']);
    });

    it('should be completed at an error when it takes none', () => {
      const log: string[] = [];
      const unhandled: unknown[] = [];
      const clock = useFakeTimers({ shouldClearNativeTimers: true });
      const { onUnhandledError } = config;
      config.onUnhandledError = (error) => unhandled.push(error);
      try {
        throwError(() => new Error('broken'))
          .pipe(loadBalance([() => of('r')], { monitor: { complete: () => log.push('completed') } }))
          .subscribe({ error: (error: unknown) => log.push(String(error)) });
        clock.runAll();
      } finally {
        config.onUnhandledError = onUnhandledError;
        clock.restore();
      }

      expect(log).to.have.members(['completed', 'Error: broken']);
      expect(unhandled).to.be.empty;
    });

    it('should be told that it is over when it is closed', () => {
      const activities = monitored(({ cold }, options) => {
        const place = fakeConnection<string>('u', '-');
        return cold('a-----').pipe(loadBalance([place], { ...options, closeOn: cold('---x') }));
      });

      expect(activities.at(-1)).to.deep.equal([3, 'complete']);
    });

    it('should be told nothing more after an unsubscription', () => {
      const activities = monitored(({ cold }, options) => {
        const place = fakeConnection<string>('u', '-----(r|)');
        return cold('abc').pipe(loadBalance([place], options));
      }, '---!');

      const late = activities.filter((each) => (each as [number, unknown])[0] > 3);
      expect(late).to.be.empty;
      expect(activities).to.not.deep.include([3, 'complete']);
    });

    it('should cost no timer when it is absent', () => {
      const clock = useFakeTimers({ shouldClearNativeTimers: true });
      try {
        const timersWith = (options: LoadBalanceOptions<string>): number => {
          const subscription = concat(of('a', 'b'), NEVER)
            .pipe(loadBalance([() => NEVER], { ...options, timeout: Infinity }))
            .subscribe();
          const timers = clock.countTimers();
          subscription.unsubscribe();
          return timers;
        };

        expect(timersWith({})).to.equal(0);
        expect(timersWith({ monitor: {} }), 'which is what the other is compared with').to.be.above(0);
      } finally {
        clock.restore();
      }
    });

    it('should cost no look at the clock for an event when it is absent', () => {
      const looksFor = (events: number): number => {
        let looks = 0;
        const scheduler = new VirtualTimeScheduler();
        scheduler.now = () => {
          looks++;
          return scheduler.frame;
        };
        range(0, events)
          .pipe(loadBalance([() => of('r')], { scheduler, timeout: Infinity }))
          .subscribe();
        return looks;
      };

      expect(looksFor(1_000)).to.equal(looksFor(10));
    });
  });
});
