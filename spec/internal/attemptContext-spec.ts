/** The signal of an attempt, whenever it is read: the seat of the send may long carry another one. */
import { expect } from 'chai';
import { concat, NEVER, Observable, of, Subject, TimeoutError } from 'rxjs';
import { useFakeTimers, type SinonFakeTimers } from 'sinon';
import {
  loadBalance,
  type CancelSignal,
  type Connection,
  type ConnectionState,
  type LoadBalanceOptions,
  type SendContext,
} from '../../src/index.js';
import { AttemptContext } from '../../src/internal/attemptContext.js';

describe('AttemptContext', () => {
  it('should ask how its send stands when the signal is first read, and only then', () => {
    const asked: number[] = [];
    const context = new AttemptContext(2, { abortWith: (_aborter, turn) => asked.push(turn) }, 7);
    expect([context.attempt, asked]).to.deep.equal([2, []]);
    const { signal } = context;
    expect(context.signal).to.equal(signal);
    expect([signal.aborted, asked]).to.deep.equal([false, [7]]);
  });
});

describe('the signal of a send', () => {
  let clock: SinonFakeTimers;
  let source$: Subject<string>;
  let closeOn: Subject<void>;
  let state$: Subject<ConnectionState>;
  let contexts: Map<string, SendContext>;
  let leave: () => void;

  beforeEach(() => {
    clock = useFakeTimers({ now: Date.UTC(2026, 0), shouldClearNativeTimers: true });
    source$ = new Subject();
    closeOn = new Subject();
    state$ = new Subject();
    contexts = new Map();
  });

  afterEach(() => {
    leave();
    clock.restore();
  });

  /** Sends these on a connection with one seat, and keeps the contexts. */
  const begin = (
    events: string,
    send: Connection<string, string>['send'],
    options: LoadBalanceOptions<string> = {},
  ): void => {
    const one: Connection<string, string> = {
      name: 'one',
      state$: concat(of('up' as const), state$),
      classify: () => 'rejected',
      send: (event, context) => {
        contexts.set(event, context);
        return send(event, context);
      },
    };
    const subscription = source$.pipe(loadBalance([one], { closeOn, timeout: 500, ...options })).subscribe();
    leave = () => {
      subscription.unsubscribe();
    };
    for (const event of events) {
      source$.next(event);
    }
  };

  const contextOf = (event: string): SendContext => {
    const context = contexts.get(event);
    if (context === undefined) {
      throw new Error(`${event} was not sent`);
    }
    return context;
  };

  const signalOf = (event: string): CancelSignal => contextOf(event).signal;

  describe('read late', () => {
    for (const [how, send] of [
      ['by an Observable', () => of('r')],
      ['by a promise', () => Promise.resolve('r')],
      [
        'by a thenable',
        () => ({
          then: (fulfilled: (value: string) => void) => {
            fulfilled('r');
          },
        }),
      ],
    ] as unknown as readonly (readonly [string, () => Promise<string>])[]) {
      it(`should not be aborted when the send was answered ${how}, nor be later`, async () => {
        begin('a', send);
        await clock.tickAsync(0);
        expect(signalOf('a').aborted).to.equal(false);
        closeOn.next();
        expect(signalOf('a').aborted).to.equal(false);
      });
    }

    it('should not be aborted when the send has failed by itself', async () => {
      begin('a', () => Promise.reject(new Error('no')));
      await clock.tickAsync(0);
      expect(signalOf('a').aborted).to.equal(false);
      leave();
      expect(signalOf('a').aborted).to.equal(false);
    });

    it('should not be aborted when the function of the send has thrown', () => {
      begin('a', () => {
        throw new Error('no');
      });
      expect(signalOf('a').aborted).to.equal(false);
    });

    it('should be aborted with the TimeoutError when the send has taken too long', () => {
      begin('a', () => NEVER);
      clock.tick(500);
      expect(signalOf('a').aborted).to.equal(true);
      expect(signalOf('a').reason).to.be.instanceOf(TimeoutError);
    });

    it('should be aborted when the balancer was closed', () => {
      begin('a', () => NEVER);
      closeOn.next();
      expect(signalOf('a').aborted).to.equal(true);
    });

    it('should be aborted when the subscriber has left', () => {
      begin('a', () => NEVER);
      leave();
      expect(signalOf('a').aborted).to.equal(true);
    });

    it('should be aborted, for what the error says, when the connection has gone down', () => {
      begin('a', () => NEVER);
      state$.next('down');
      expect(signalOf('a').aborted).to.equal(true);
      expect(signalOf('a').reason).to.have.property('message', 'connection "one" is no longer up');
    });

    it('should be aborted inside the teardown of the send, and not before', () => {
      const seen: boolean[] = [];
      begin(
        'a',
        () =>
          new Observable(() => () => {
            seen.push(signalOf('a').aborted);
          }),
      );
      expect(seen).to.deep.equal([]);
      leave();
      expect(seen).to.deep.equal([true]);
    });

    it('should not be aborted inside the teardown of a send that was answered', () => {
      const seen: boolean[] = [];
      begin(
        'a',
        () =>
          new Observable((subscriber) => {
            subscriber.complete();
            return () => {
              seen.push(signalOf('a').aborted);
            };
          }),
      );
      expect(seen).to.deep.equal([false]);
    });
  });

  describe('of a seat that was used again', () => {
    for (const [how, send] of [
      ['at once', (event: string) => (event === 'a' ? of('r') : NEVER)],
      ['after a promise', (event: string) => (event === 'a' ? Promise.resolve('r') : NEVER)],
      ['after a failure', (event: string) => (event === 'a' ? Promise.reject(new Error('rejected')) : NEVER)],
    ] as const) {
      for (const when of ['before', 'after'] as const) {
        it(`${how} should be aborted for the later send only, when it is read ${when} that`, async () => {
          begin('ab', send);
          await clock.tickAsync(0);
          expect(contexts).to.have.keys('a', 'b');
          if (when === 'before') {
            expect([signalOf('a').aborted, signalOf('b').aborted]).to.deep.equal([false, false]);
          }
          clock.tick(500);
          expect([signalOf('a').aborted, signalOf('b').aborted]).to.deep.equal([false, true]);
        });
      }
    }

    it('should not be aborted when it was read in the send that was answered, whether or not the later one is', () => {
      for (const readers of ['a', 'ab']) {
        const answer$ = new Subject<string>();
        const signals: CancelSignal[] = [];
        begin('ab', (event, context) => {
          if (readers.includes(event)) {
            signals.push(context.signal);
          }
          return event === 'a' ? answer$ : NEVER;
        });
        answer$.complete();
        expect(signals).to.have.length(readers.length);
        leave();
        expect(signals.map(({ aborted }) => aborted)).to.deep.equal([false, true].slice(0, readers.length));
      }
    });
  });

  it('should be the same one each time, before and after the abort', () => {
    begin('a', () => NEVER);
    const signal = signalOf('a');
    expect(signalOf('a')).to.equal(signal);
    leave();
    expect(signalOf('a')).to.equal(signal);
    expect(signal.aborted).to.equal(true);
  });

  for (const when of ['in the function of the send', 'while the send is in flight'] as const) {
    it(`should tell once who has read it ${when}`, () => {
      const told: unknown[] = [];
      const listen = ({ signal }: SendContext): void => {
        signal.addEventListener('abort', () => told.push(signal.reason));
      };
      begin('a', (_event, context) => {
        if (when === 'in the function of the send') {
          listen(context);
        }
        return NEVER;
      });
      clock.tick(100);
      if (when === 'while the send is in flight') {
        listen(contextOf('a'));
      }
      clock.tick(399);
      expect(told).to.deep.equal([]);
      clock.tick(1);
      expect(told).to.have.length(1);
      expect(told[0]).to.be.instanceOf(TimeoutError);
      closeOn.next();
      expect(told).to.have.length(1);
    });
  }

  it('should tell nobody when the send is answered', () => {
    const answer$ = new Subject<string>();
    let told = 0;
    begin('a', (_event, { signal }) => {
      signal.addEventListener('abort', () => told++);
      return answer$;
    });
    answer$.complete();
    clock.tick(1_000);
    closeOn.next();
    expect(told).to.equal(0);
  });
});
