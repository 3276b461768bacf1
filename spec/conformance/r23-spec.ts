/** Proves R23: a user's function that throws never loses an event. */
import { expect } from 'chai';
import {
  concat,
  config,
  finalize,
  map,
  NEVER,
  Observable,
  of,
  Subject,
  throwError,
  timer,
  type ObservableInput,
  type UnsubscriptionError,
} from 'rxjs';
import { useFakeTimers, type SinonFakeTimers } from 'sinon';
import {
  isDelivered,
  isDropped,
  loadBalance,
  TemporaryError,
  type BalancerActivity,
  type Connection,
  type LoadBalanceOptions,
  type Outcome,
} from '../../src/index.js';
import { fakeConnection } from '../../src/testing/index.js';
import { run } from '../marbles.js';

const brief = (outcome: Outcome<string>): string =>
  isDelivered(outcome) ? `${outcome.event} ${outcome.connection}` : `${outcome.event} ${outcome.reason}`;

/** Everything that comes out, one string each. */
const logOf = (result$: Observable<Outcome<string>>): string[] => {
  const log: string[] = [];
  result$.pipe(map(brief)).subscribe({
    next: (outcome) => log.push(outcome),
    error: (error: unknown) => log.push(`failed: ${String(error)}`),
    complete: () => log.push('completed'),
  });
  return log;
};

const thrown = (value: unknown): never => {
  throw value;
};

const up$ = concat(of('up' as const), NEVER);

describe('R23: functions that throw', () => {
  describe('send', () => {
    const badSends: Record<string, () => unknown> = {
      'throws an Error': () => thrown(new Error('no')),
      'throws a string': () => thrown('no'),
      'throws undefined': () => thrown(undefined),
      'throws null': () => thrown(null),
      'returns undefined': () => undefined,
      'returns null': () => null,
      'returns a number': () => 7,
      'returns an object': () => ({}),
      'gives a stream that fails with undefined': () => throwError((): unknown => undefined),
      'gives a stream whose subscription throws': () => new Observable(() => thrown('no')),
      'gives a thenable that throws': () => ({ then: () => thrown('no') }),
    };

    for (const [what, send] of Object.entries(badSends)) {
      it(`should count as a failed attempt when it ${what}`, () => {
        const bad = send as () => ObservableInput<string>;

        const log = logOf(of('a', 'b').pipe(loadBalance([bad, () => of('r')])));

        expect(log).to.deep.equal(['a connection 2', 'b connection 2', 'completed']);
      });

      it(`should use up the attempts of the event when it always ${what}`, () => {
        const bad = send as () => ObservableInput<string>;
        const outcomes: Outcome<string>[] = [];

        of('a')
          .pipe(
            loadBalance([{ name: 'bad', state$: up$, send: bad }], {
              maxAttempts: 2,
              reconnectDelay: () => of(0),
            }),
          )
          .subscribe((outcome) => outcomes.push(outcome));

        expect(outcomes.map(brief)).to.deep.equal(['a attempts']);
        expect(outcomes.map(({ attempts }) => attempts)).to.deep.equal([2]);
      });

      it(`should count as a failed attempt of the whole batch when the send of a batch ${what}`, () => {
        const bulk = {
          name: 'bulk',
          state$: up$,
          batch: { size: 5, send: send as () => ObservableInput<undefined> },
        };

        const log = logOf(of('a', 'b').pipe(loadBalance([bulk, () => of('r')])));

        expect(log).to.deep.equal(['a connection 2', 'b connection 2', 'completed']);
      });
    }

    it('should count as a failed attempt when it rejects with undefined', async () => {
      const rejecting = async (): Promise<string> => {
        await Promise.resolve();
        return thrown(undefined);
      };

      const log = logOf(of('a', 'b').pipe(loadBalance([rejecting, () => of('r')])));
      await new Promise((resolve) => setImmediate(resolve));

      expect(log).to.have.members(['a connection 2', 'b connection 2', 'completed']);
    });

    it('should give what was thrown as the error of the outcome, whatever it is', () => {
      const errors: unknown[] = [];
      for (const value of [undefined, null, 0, 'no']) {
        of('a')
          .pipe(loadBalance([() => thrown(value)], { maxAttempts: 1 }))
          .subscribe((outcome) => errors.push(isDropped(outcome) && outcome.error));
      }

      expect(errors).to.deep.equal([undefined, null, 0, 'no']);
    });

    it('should keep the connection up when a TemporaryError is thrown', () => {
      run(({ cold, expectObservable, flush }) => {
        const place = fakeConnection<string>('u', (_event, { attempt }) =>
          attempt === 1 ? thrown(new TemporaryError('', { retryAfter: 2 })) : cold('(r|)'),
        );

        const e1 = '      a-----|';
        const expected = '--a---|';

        expectObservable(cold(e1).pipe(loadBalance([place]), map(brief))).toBe(expected, { a: 'a fake' });
        flush();
        expect(place.opened).to.deep.equal([0]);
      });
    });
  });

  describe('a stream of the connection', () => {
    it('should break the connection when the state stream throws at subscription', () => {
      run(({ cold, expectObservable }) => {
        let opened = 0;
        const state$ = new Observable<'up'>((subscriber) => {
          opened++;
          if (opened === 1) {
            thrown('no');
          }
          subscriber.next('up');
        });

        const e1 = '      (a|)   ';
        //                ---    the backoff
        const expected = '---(a|)';

        const result = cold(e1).pipe(
          loadBalance([{ name: 'place', state$, send: () => of('r') }], { reconnectDelay: 3 }),
          map(brief),
        );

        expectObservable(result).toBe(expected, { a: 'a place' });
      });
    });

    it('should break the connection when it reports a state that there is not', () => {
      const states: BalancerActivity[] = [];
      const monitor = { next: (activity: BalancerActivity) => states.push(activity) };
      const state$ = concat(of('open' as 'up'), NEVER);

      const subscription = NEVER.pipe(
        loadBalance([{ name: 'place', state$, send: () => of('r') }], { monitor }),
      ).subscribe();
      subscription.unsubscribe();

      const errors = states.map((activity) => 'error' in activity && String(activity.error));
      expect(errors).to.include(
        "RangeError: place: expected `state` to be 'connecting', 'up' or 'down', got `\"open\"` (string)",
      );
    });

    it('should break the connection when its window is a bad number or fails', () => {
      run(({ cold, expectObservable, flush }) => {
        const bad = fakeConnection<string>('u', '(r|)', { name: 'bad', window: concat(of(-1), NEVER) });
        const failing = fakeConnection<string>('u', '(r|)', {
          name: 'failing',
          window: throwError(() => new Error('no')),
        });
        const good = fakeConnection<string>('u', '(r|)', { name: 'good' });

        const e1 = '      --a---b|';
        const expected = '--a---b|';

        const result = cold(e1).pipe(loadBalance([bad, failing, good], { reconnectDelay: 5 }), map(brief));

        expectObservable(result).toBe(expected, { a: 'a good', b: 'b good' });
        flush();
        expect(bad.sent).to.be.empty;
        expect(failing.sent).to.be.empty;
      });
    });
  });

  describe('the functions that decide', () => {
    interface Case {
      readonly what: string;
      readonly part?: Partial<Connection<string, string>>;
      readonly options?: LoadBalanceOptions<string>;
      readonly error: unknown;
    }

    const cases: readonly Case[] = [
      {
        what: 'classify throws',
        part: { classify: () => thrown(new Error('no')) },
        error: new Error('no'),
      },
      {
        what: 'classify gives a kind that there is not',
        part: { classify: () => 'fatal' as 'rejected' },
        error: new RangeError(
          "place: expected `kind of failure` to be 'connection', 'temporary' or 'rejected', got `\"fatal\"` (string)",
        ),
      },
      { what: 'guaranteed throws', options: { guaranteed: () => thrown('no') }, error: 'no' },
      { what: 'reconnectDelay throws', options: { reconnectDelay: () => thrown('no') }, error: 'no' },
      {
        what: 'reconnectDelay throws for a temporary failure',
        part: { classify: () => 'temporary' },
        options: { reconnectDelay: () => thrown('no') },
        error: 'no',
      },
    ];

    for (const { what, part, options, error } of cases) {
      it(`should close and fail the output when ${what}`, () => {
        run(({ cold, expectObservable, expectSubscriptions, flush }) => {
          const place = { ...fakeConnection<string>('u', '--#', { name: 'place' }), ...part };

          const e1 = cold(' ab-------');
          const e1subs = '  ^-!      ';
          const expected = '--(ab#)  ';

          const result = e1.pipe(loadBalance([place], options), map(brief));

          expectObservable(result).toBe(expected, { a: 'a closed', b: 'b closed' }, error);
          expectSubscriptions(e1.subscriptions).toBe(e1subs);
          flush();
          expect(place.closed).to.deep.equal([2]);
        });
      });
    }

    it('should close and fail the output when guaranteed throws for an event that waits in an outage', () => {
      run(({ cold, expectObservable }) => {
        const e1 = '      ab-------';
        const states = '  d        ';
        const expected = '-----(ab#)';

        const result = cold(e1).pipe(
          loadBalance([fakeConnection<string>(states, '(r|)')], {
            guaranteed: () => thrown('no'),
            timeout: { wait: 5 },
            maxAttempts: 1,
          }),
          map(brief),
        );

        expectObservable(result).toBe(expected, { a: 'a closed', b: 'b closed' }, 'no');
      });
    });

    it('should close and fail the output when reconnectDelay throws while other sends may finish', () => {
      run(({ cold, expectObservable }) => {
        const wide = fakeConnection<string>('u', (event) => (event === 'a' ? cold('--#') : cold('-')), {
          window: 2,
        });

        const e1 = '      (ab)------';
        const expected = '--(xy#)   ';

        const result = cold(e1).pipe(
          loadBalance([wide], { timeout: { send: Infinity }, reconnectDelay: () => thrown('no') }),
          map((outcome) => isDropped(outcome) && outcome.reason),
        );

        expectObservable(result).toBe(expected, { x: 'closed', y: 'closed' }, 'no');
      });
    });

    it('should fail the output when reconnectDelay gives nothing to wait for', () => {
      run(({ cold, expectObservable }) => {
        const place = fakeConnection<string>('u', '--#');

        const e1 = '      a--------';
        const expected = '--(a#)   ';

        const result = cold(e1).pipe(
          loadBalance([place], { reconnectDelay: () => undefined as unknown as Observable<unknown> }),
          map(brief),
        );

        const error = new TypeError(
          "You provided 'undefined' where a stream was expected. " +
            'You can provide an Observable, Promise, ReadableStream, Array, AsyncIterable, or Iterable.',
        );
        expectObservable(result).toBe(expected, { a: 'a closed' }, error);
      });
    });

    it('should fail the output, and leave the source alone, when the function that gives the connections throws', () => {
      run(({ cold, expectObservable, expectSubscriptions }) => {
        const e1 = cold('a-b-|');

        expectObservable(e1.pipe(loadBalance(() => thrown('no')))).toBe('#', {}, 'no');
        expectSubscriptions(e1.subscriptions).toBe([]);
      });
    });
  });

  describe('what nobody handles:', () => {
    const { onUnhandledError } = config;
    let unhandled: unknown[];
    let clock: SinonFakeTimers;

    beforeEach(() => {
      clock = useFakeTimers({ shouldClearNativeTimers: true });
      unhandled = [];
      config.onUnhandledError = (error) => unhandled.push(error);
    });

    afterEach(() => {
      config.onUnhandledError = onUnhandledError;
      clock.restore();
    });

    describe('the teardown of a send', () => {
      for (const [when, answer, expected] of [
        ['is answered', () => timer(1), 'a one'],
        ['takes too long', () => NEVER, 'a attempts'],
      ] as const) {
        it(`should be reported as RxJS reports unhandled errors when the send ${when}, and its event have its outcome`, () => {
          const send = () => answer().pipe(finalize(() => thrown('no')));
          const log = logOf(
            of('a').pipe(
              loadBalance([{ name: 'one', state$: up$, send }], { maxAttempts: 1, timeout: { send: 2 } }),
            ),
          );

          clock.tick(10);

          expect(log).to.deep.equal([expected, 'completed']);
          expect(unhandled).to.have.lengthOf(1);
          expect((unhandled[0] as UnsubscriptionError).errors).to.deep.equal(['no']);
        });
      }
    });

    describe('the monitor', () => {
      it('should be reported as RxJS reports unhandled errors, and shipping goes on', () => {
        const source = new Subject<string>();
        const monitor = {
          next: ({ type }: BalancerActivity) => thrown(type),
          complete: () => thrown('complete'),
        };
        const log = logOf(source.pipe(loadBalance([() => of('r')], { monitor })));

        source.next('a');
        clock.tick(1_000);
        source.next('b');
        clock.tick(1_000);
        source.complete();
        clock.tick(1_000);

        expect(log).to.deep.equal(['a connection 1', 'b connection 1', 'completed']);
        expect(unhandled).to.include.members(['state', 'attempt', 'answer', 'outcome', 'queue', 'complete']);
        expect(unhandled.filter((type) => type === 'outcome')).to.have.length(2);
      });

      it('should not keep the error of the source from being passed on when it throws at that', () => {
        const monitor = { error: () => thrown('monitor') };

        const log = logOf(
          throwError(() => new Error('broken')).pipe(loadBalance([() => of('r')], { monitor })),
        );
        clock.tick(1_000);

        expect(log).to.deep.equal(['failed: Error: broken']);
        expect(unhandled).to.deep.equal(['monitor']);
      });
    });
  });
});
