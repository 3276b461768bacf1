/** The deadlines of all sends in flight: never early, hardly late, and one timer for all. */
import { expect } from 'chai';
import {
  BehaviorSubject,
  concat,
  NEVER,
  Observable,
  of,
  Subject,
  TimeoutError,
  VirtualTimeScheduler,
  type ObservableInput,
  type Subscriber,
} from 'rxjs';
import {
  isDropped,
  loadBalance,
  type BatchConnection,
  type Connection,
  type ConnectionState,
  type Outcome,
} from '../../src/index.js';

/** The real time of day, that stands still, goes on, or goes on while the event loop is blocked. */
class Day extends VirtualTimeScheduler {
  constructor() {
    super();
    this.frame = Date.now();
  }

  /** How many timers there are. */
  get timers(): number {
    return this.actions.length;
  }

  /** So many milliseconds pass in which no timer can ring. */
  block(duration: number): void {
    this.frame += duration;
  }

  /** So many milliseconds pass. Timers ring in their order, those that are overdue at once. */
  pass(duration: number): void {
    const end = this.frame + duration;
    for (let [first] = this.actions; first !== undefined && first.delay <= end; [first] = this.actions) {
      this.actions.shift();
      this.frame = Math.max(this.frame, first.delay);
      first.execute(first.state, first.delay);
    }
    this.frame = end;
  }
}

/** One that is always up, and goes on after a timeout. */
const always = (
  name: string,
  send: (event: string) => ObservableInput<string>,
): Connection<string, string> => ({
  name,
  state$: concat(of('up' as const), NEVER),
  window: 100_000,
  classify: () => 'rejected',
  send,
});

/** Balances what is given to `source$`. */
function balance(
  day: Day,
  timeout: number,
  connections: readonly (Connection<string, string> | BatchConnection<string, string>)[],
  atOutcome: () => void = () => undefined,
) {
  const source$ = new Subject<string>();
  const outcomes: Outcome<string>[] = [];
  const subscription = source$
    .pipe(loadBalance(connections, { maxAttempts: 1, timeout: { send: timeout }, scheduler: day }))
    .subscribe((outcome) => {
      outcomes.push(outcome);
      atOutcome();
    });
  return { source$, outcomes, subscription };
}

/** What never answers, and how long after the return of its send each event was cancelled. */
function hole(day: Day, blocks: (event: string) => number = () => 0) {
  const lasted = new Map<string, number>();
  const send = (event: string): Observable<never> => {
    day.block(blocks(event));
    const returned = day.now();
    return new Observable(() => () => lasted.set(event, day.now() - returned));
  };
  return { lasted, send };
}

const errorsOf = (outcomes: readonly Outcome<string>[]): Record<string, unknown> =>
  Object.fromEntries(
    outcomes.map((outcome) => [outcome.event, isDropped(outcome) ? outcome.error : 'delivered']),
  );

describe('Deadlines', () => {
  let day: Day;

  beforeEach(() => {
    day = new Day();
  });

  for (const timeout of [500, 2_000]) {
    describe(`with a timeout of ${timeout} ms`, () => {
      const slack = timeout < 1_000 ? 0 : 100;

      it('should begin when the function of the send has returned', () => {
        const { lasted, send } = hole(day, (event) => (event === 'slow' ? 400 : 0));
        const { source$, subscription } = balance(day, timeout, [always('one', send)]);
        source$.next('before');
        day.pass(20);
        source$.next('slow');
        day.pass(timeout * 3);
        expect(lasted.get('before')).to.be.within(timeout, timeout + 400 + slack);
        expect(lasted.get('slow')).to.be.within(timeout, timeout + slack);
        subscription.unsubscribe();
      });

      it('should begin when the function of a batch has returned', () => {
        const { lasted, send } = hole(day, () => 400);
        const bulk = {
          name: 'bulk',
          state$: concat(of('up' as const), NEVER),
          batch: { size: 2, send: ([first = '']: readonly string[]) => send(first) },
        };
        const { source$, subscription } = balance(day, timeout, [bulk]);
        source$.next('a');
        day.pass(timeout * 3);
        expect(lasted.get('a')).to.be.within(timeout, timeout + slack);
        subscription.unsubscribe();
      });

      it('should begin anew for every send of a seat', () => {
        const answers: Subscriber<string>[] = [];
        const { lasted, send } = hole(day);
        const quick = new Observable<string>((subscriber) => {
          answers.push(subscriber);
        });
        const one = { ...always('one', (event) => (event === 'b' ? send(event) : quick)), window: 1 };
        const { source$, outcomes, subscription } = balance(day, timeout, [one]);
        source$.next('a');
        source$.next('b');
        day.pass(timeout - 10);
        answers[0]?.complete();
        expect(outcomes).to.have.length(1);
        day.pass(timeout * 2);
        expect(lasted.get('b')).to.be.within(timeout, timeout + slack);
        subscription.unsubscribe();
      });

      it('should leave no timer when nothing is in flight any more', () => {
        const { source$, subscription, outcomes } = balance(day, timeout, [always('one', () => of('r'))]);
        for (let n = 0; n < 3; n++) {
          source$.next('a');
          day.pass(timeout);
          expect([day.timers, outcomes.length]).to.deep.equal([0, n + 1]);
        }
        subscription.unsubscribe();
      });

      it('should leave no timer when what was in flight has timed out', () => {
        const { send } = hole(day);
        const { source$, subscription, outcomes } = balance(day, timeout, [always('one', send)]);
        for (let n = 0; n < 3; n++) {
          source$.next('a');
          expect(day.timers).to.equal(1);
          day.pass(timeout * 2);
          expect([day.timers, outcomes.length]).to.deep.equal([0, n + 1]);
        }
        subscription.unsubscribe();
      });

      it('should have one timer for many sends', () => {
        const { send } = hole(day);
        const { source$, subscription } = balance(day, timeout, [always('one', send), always('two', send)]);
        for (let n = 0; n < 100; n++) {
          source$.next('a');
          day.pass(1);
        }
        expect(day.timers).to.equal(1);
        subscription.unsubscribe();
        expect(day.timers).to.equal(0);
      });

      it('should go on watching what is in flight when other sends have ended', () => {
        const { lasted, send } = hole(day);
        const one = always('one', (event) => (event === 'b' ? of('r') : send(event)));
        const { source$, subscription } = balance(day, timeout, [one]);
        source$.next('a');
        for (let n = 0; n < 20; n++) {
          day.pass(timeout / 10);
          source$.next('b');
        }
        expect(lasted.get('a')).to.be.within(timeout, timeout + slack);
        subscription.unsubscribe();
      });

      describe('the error', () => {
        it('should be one for all sends of a connection that time out at one moment', () => {
          const { send } = hole(day);
          const { source$, outcomes, subscription } = balance(day, timeout, [always('one', send)]);
          source$.next('a');
          source$.next('b');
          day.pass(timeout + 100);
          const { a, b } = errorsOf(outcomes);
          expect(a).to.be.instanceOf(TimeoutError);
          expect(a)
            .to.have.property('message')
            .that.equals(`connection "one": a send took longer than ${timeout} ms`);
          expect(b).to.equal(a);
          subscription.unsubscribe();
        });

        it('should be another one at another moment', () => {
          const { send } = hole(day);
          const { source$, outcomes, subscription } = balance(day, timeout, [always('one', send)]);
          source$.next('a');
          day.pass(200);
          source$.next('b');
          day.pass(timeout + 100);
          const { a, b } = errorsOf(outcomes);
          expect(a).to.be.instanceOf(TimeoutError);
          expect(b).to.be.instanceOf(TimeoutError);
          expect(b).not.to.equal(a);
          subscription.unsubscribe();
        });

        it('should be another one on another connection', () => {
          const { send } = hole(day);
          const [one, two] = [always('one', send), always('two', send)];
          const { source$, outcomes, subscription } = balance(day, timeout, [one, two]);
          source$.next('a');
          source$.next('b');
          day.pass(timeout + 100);
          const { a, b } = errorsOf(outcomes);
          expect([a, b].map((error) => (error as Error).message.split(':')[0])).to.deep.equal([
            'connection "one"',
            'connection "two"',
          ]);
          subscription.unsubscribe();
        });
      });

      describe('sends that are late at one moment', () => {
        it('should expire oldest first, whichever connection and seat they are on', () => {
          const answers: Subscriber<string>[] = [];
          const { send } = hole(day);
          const quick = new Observable<string>((subscriber) => {
            answers.push(subscriber);
          });
          const sends = (event: string) => (event < 'f' ? quick : send(event));
          const [one, two] = [always('one', sends), always('two', sends)];
          const { source$, outcomes, subscription } = balance(day, timeout, [one, two]);
          // Seats that were used before are used again in another order.
          Array.from('abcde').forEach((event) => {
            source$.next(event);
          });
          answers.forEach((answer) => {
            answer.complete();
          });
          Array.from('fghijk').forEach((event) => {
            source$.next(event);
          });
          day.pass(timeout + 100);
          expect(outcomes.map(({ event }) => event).join('')).to.equal('abcdefghijk');
          subscription.unsubscribe();
        });

        it('should have one outcome when the expiry of one fails another', () => {
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
          const { source$, outcomes, subscription } = balance(day, timeout, [always('one', send)]);
          source$.next('a');
          source$.next('b');
          source$.next('c');
          day.pass(timeout + 100);
          expect(outcomes.map(({ event }) => event).sort()).to.deep.equal(['a', 'b', 'c']);
          subscription.unsubscribe();
        });

        it('should have one outcome when the connection goes down inside the outcome of the first', () => {
          const state$ = new BehaviorSubject<ConnectionState>('up');
          const { send } = hole(day);
          const one = { ...always('one', send), state$ };
          const down = (): void => {
            state$.next('down');
          };
          const { source$, outcomes, subscription } = balance(day, timeout, [one], down);
          source$.next('a');
          source$.next('b');
          source$.next('c');
          day.pass(timeout + 100);
          expect(
            outcomes.map((outcome) => [
              outcome.event,
              isDropped(outcome) && outcome.reason,
              isDropped(outcome) && outcome.error instanceof TimeoutError,
            ]),
          ).to.deep.equal([
            ['a', 'rejected', true],
            ['b', 'attempts', false],
            ['c', 'attempts', false],
          ]);
          subscription.unsubscribe();
        });
      });
    });
  }

  describe('a loop that sends without a pause while the clock goes on', () => {
    for (const [timeout, many] of [
      [500, 1_500],
      [2_000, 20_000],
    ] as const) {
      it(`should time none out early, and none later than 100 ms, with a timeout of ${timeout} ms`, () => {
        const { lasted, send } = hole(day, () => 0.05);
        const { source$, subscription } = balance(day, timeout, [always('one', send)]);
        for (let n = 0; n < many; n++) {
          source$.next(`${n}`);
        }
        day.pass(timeout * 2);
        const times = [...lasted.values()];
        expect(times).to.have.length(many);
        expect(Math.min(...times)).to.be.at.least(timeout - 1e-6);
        expect(Math.max(...times)).to.be.at.most(timeout + 100);
        subscription.unsubscribe();
      });
    }

    it('should time none out early that blocks the loop itself', () => {
      const { lasted, send } = hole(day, (event) => (Number(event) % 512 === 0 ? 300 : 0.01));
      const { source$, subscription } = balance(day, 2_000, [always('one', send)]);
      // The first send is the first turn: number 1,024 looks at the clock.
      for (let n = 1; n <= 2_048; n++) {
        source$.next(`${n}`);
      }
      day.pass(5_000);
      expect(lasted).to.have.property('size', 2_048);
      expect(Math.min(...lasted.values())).to.be.at.least(2_000 - 1e-6);
      subscription.unsubscribe();
    });

    it('should time none out early when it goes on for longer than the timeout', () => {
      const { lasted, send } = hole(day, () => 0.5);
      const { source$, subscription } = balance(day, 1_000, [always('one', send)]);
      for (let n = 0; n < 5_000; n++) {
        source$.next(`${n}`);
      }
      day.pass(5_000);
      expect(lasted).to.have.property('size', 5_000);
      expect(Math.min(...lasted.values())).to.be.at.least(1_000 - 1e-6);
      subscription.unsubscribe();
    });
  });

  it('should need no timer without a timeout, however many sends there are', () => {
    const { send } = hole(day);
    const { source$, subscription } = balance(day, Infinity, [always('one', send)]);
    for (let n = 0; n < 3_000; n++) {
      source$.next('a');
    }
    expect(day.timers).to.equal(0);
    subscription.unsubscribe();
  });
});
