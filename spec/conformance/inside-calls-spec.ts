/** R10, R21 where a function that is called because of a failure changes the connection that fails. */
import { expect } from 'chai';
import { BehaviorSubject, NEVER, Observable, of, Subject, type ObservableInput } from 'rxjs';
import { useFakeTimers, type SinonFakeTimers } from 'sinon';
import {
  loadBalance,
  type Connection,
  type ConnectionState,
  type LoadBalanceOptions,
  type SendContext,
} from '../../src/index.js';

describe('a connection that goes down', () => {
  let clock: SinonFakeTimers;

  beforeEach(() => {
    clock = useFakeTimers({ shouldClearNativeTimers: true });
  });

  afterEach(() => {
    clock.restore();
  });

  type Down = () => void;
  const failsLater = (teardown: Down = () => undefined): Observable<never> =>
    new Observable((subscriber) => {
      const timer = setTimeout(() => {
        subscriber.error(new Error('broke off'));
      }, 5);
      return () => {
        clearTimeout(timer);
        teardown();
      };
    });

  const ways: readonly {
    readonly where: string;
    readonly send: (down: Down, context: SendContext) => ObservableInput<string>;
    readonly classify?: (down: Down) => NonNullable<Connection<string>['classify']>;
    readonly monitor?: (down: Down) => NonNullable<LoadBalanceOptions<string>['monitor']>;
  }[] = [
    {
      where: 'when the send that is too late is aborted',
      send: (down, { signal }) => {
        signal.addEventListener('abort', down);
        return NEVER;
      },
    },
    { where: 'in the teardown of the send that fails', send: (down) => failsLater(down) },
    {
      where: 'when it is asked what the error means',
      send: () => failsLater(),
      classify: (down) => () => {
        down();
        return 'connection';
      },
    },
    {
      where: 'when the monitor hears of the answer',
      send: () => failsLater(),
      monitor: (down) => ({
        next: (activity) => {
          if (activity.type === 'answer' && activity.failed > 0) {
            down();
          }
        },
      }),
    },
  ];

  for (const { where, send, classify, monitor } of ways) {
    it(`${where} should be opened again`, () => {
      const states: BehaviorSubject<ConnectionState>[] = [];
      let sends = 0;
      const down = (): void => {
        states.at(-1)?.next('down');
      };
      const one: Connection<string> = {
        name: 'one',
        state$: new Observable((subscriber) => {
          const state$ = new BehaviorSubject<ConnectionState>('up');
          states.push(state$);
          return state$.subscribe(subscriber);
        }),
        ...(classify === undefined ? {} : { classify: classify(down) }),
        send: (_event, context) => (sends++ === 0 ? send(down, context) : of('r')),
      };
      const seen: string[] = [];
      const subscription = new BehaviorSubject('a')
        .pipe(
          loadBalance([one], {
            timeout: { send: 20 },
            reconnectDelay: 10,
            ...(monitor === undefined ? {} : { monitor: monitor(down) }),
          }),
        )
        .subscribe(({ status, attempts }) => seen.push(`${status} ${attempts}`));
      clock.tick(100);
      expect(seen).to.deep.equal(['delivered 2']);
      expect(states).to.have.lengthOf(2);
      subscription.unsubscribe();
    });
  }
});

describe('a removed connection that is listed again in the teardown of its states', () => {
  for (const [how, leave] of [
    [
      'because its last send has ended',
      (_state$: Subject<ConnectionState>, answer: Subject<string>) => {
        answer.complete();
      },
    ],
    [
      'because its states have failed',
      (state$: Subject<ConnectionState>) => {
        state$.error(new Error('broke off'));
      },
    ],
  ] as const) {
    it(`should be opened anew (${how})`, () => {
      const answer = new Subject<string>();
      const states: BehaviorSubject<ConnectionState>[] = [];
      const one: Connection<string> = {
        name: 'one',
        state$: new Observable((subscriber) => {
          const state$ = new BehaviorSubject<ConnectionState>('up');
          states.push(state$);
          const subscription = state$.subscribe(subscriber);
          return () => {
            subscription.unsubscribe();
            if (states.length === 1) {
              lists$.next([one]);
            }
          };
        }),
        send: (event) => (event === 'a' ? answer : of('r')),
      };
      const lists$ = new BehaviorSubject([one]);
      const source$ = new Subject<string>();
      const seen: string[] = [];
      const options = { maxAttempts: 1, reconnectDelay: () => NEVER };
      const subscription = source$
        .pipe(loadBalance(lists$, options))
        .subscribe(({ event, status }) => seen.push(`${event} ${status}`));
      source$.next('a');
      lists$.next([]);
      const [first] = states;
      if (first !== undefined) {
        leave(first, answer);
      }
      source$.next('b');
      expect(seen.at(-1)).to.equal('b delivered');
      expect(states).to.have.lengthOf(2);
      subscription.unsubscribe();
    });
  }
});
