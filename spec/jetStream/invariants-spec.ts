/** What a worker promises its server, whatever its connections do, and whatever happens to the server. */
import type { JsMsg } from '@nats-io/jetstream';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  BehaviorSubject,
  concatMap,
  map,
  NEVER,
  of,
  Subject,
  throwError,
  timer,
  type Observable,
} from 'rxjs';
import {
  loadBalanceFrom,
  RejectedError,
  TemporaryError,
  type Connection,
  type ConnectionState,
} from '../../src/index.js';
import { jetStreamMessages, settleMessages } from '../../src/jetStream/index.js';
import { expectNothingUnhandled } from '../badInput/unhandled.js';
import { nth } from '../properties/nth.js';
import { runs } from '../properties/runs.js';
import { fakeTime } from './fakeTime.js';
import { ModelServer } from './modelServer.js';

/** What becomes of a send, and after how many milliseconds. */
interface Answer {
  readonly how: 'delivered' | 'connection' | 'temporary' | 'rejected' | 'never';
  readonly after: number;
}

/** Something that happens. */
interface Event {
  readonly at: number;
  readonly what: 'up' | 'down' | 'expire' | 'lose' | 'come back';
  readonly which: number;
}

const answers = fc.array(
  fc.record<Answer>({
    how: fc.constantFrom(
      'delivered',
      'delivered',
      'delivered',
      'connection',
      'temporary',
      'rejected',
      'never',
    ),
    after: fc.nat(60),
  }),
  { minLength: 1, maxLength: 5 },
);

const worlds = fc.record({
  places: fc.array(fc.record({ window: fc.integer({ min: 1, max: 3 }), answers }), {
    minLength: 1,
    maxLength: 3,
  }),
  events: fc.array(
    fc.record<Event>({
      at: fc.nat(1_500),
      what: fc.constantFrom('up', 'down', 'expire', 'expire', 'lose', 'come back'),
      which: fc.nat(5),
    }),
    { maxLength: 8 },
  ),
  size: fc.integer({ min: 1, max: 12 }),
  ackWait: fc.integer({ min: 40, max: 600 }),
  maxAttempts: fc.integer({ min: 1, max: 3 }),
  ackAck: fc.boolean(),
  end: fc.record({ at: fc.nat(2_000), how: fc.constantFrom('drain', 'close', 'leave') }),
});

type World = typeof worlds extends fc.Arbitrary<infer W> ? W : never;

/** An answer of a connection. */
function answerOf({ how, after }: Answer): Observable<string> {
  const failures: Partial<Record<Answer['how'], Error>> = {
    connection: new Error('broken'),
    temporary: new TemporaryError('not now', { retryAfter: 20 }),
    rejected: new RejectedError('no'),
  };
  const failure = failures[how];
  const answer$ = failure === undefined ? of(how) : throwError(() => failure);
  return how === 'never' ? NEVER : timer(after).pipe(concatMap(() => answer$));
}

describe('In any world', function () {
  this.timeout(0);
  const time = fakeTime();
  expectNothingUnhandled();

  /** Plays it to its end. */
  async function play(world: World): Promise<void> {
    const began = Date.now();
    const server = new ModelServer(world.size, world.ackWait);
    const [drainOn, closeOn] = [new Subject<void>(), new Subject<void>()];
    const states = world.places.map(() => new BehaviorSubject<ConnectionState>('up'));
    const places = world.places.map((place, index): Connection<JsMsg, string> => {
      let sends = 0;
      return {
        name: `place ${index}`,
        state$: nth(states, index).pipe(map((state) => state)),
        window: place.window,
        send: ({ seq }) => {
          const holding = server.holdingOf(seq);
          if (holding === undefined || holding.word !== undefined) {
            server.faults.push(`${seq}: sent when it was not here`);
          } else {
            holding.sent = true;
          }
          return answerOf(nth(place.answers, sends++));
        },
      };
    });
    const windows = world.places.reduce((sum, { window }) => sum + window, 0);
    const messages = jetStreamMessages(server, { drainOn, resumeDelay: 50 });
    let ended = 0;
    const options = {
      maxAttempts: world.maxAttempts,
      timeout: { send: 100, wait: 150 },
      reconnectDelay: 30,
      closeOn,
    };
    const subscription = loadBalanceFrom(messages, places, options)
      .pipe(settleMessages(messages, { ackAck: world.ackAck }))
      .subscribe({
        next: ({ event: { seq } }) => {
          const holding = server.holdingOf(seq);
          if (holding !== undefined) {
            holding.outcomes++;
          }
        },
        complete: () => ended++,
      });
    for (const { at, what, which } of [...world.events].sort((a, b) => a.at - b.at)) {
      if (at >= world.end.at) {
        break;
      }
      await time.pass(began + at - Date.now());
      if (what === 'up' || what === 'down') {
        nth(states, which).next(what);
      } else if (what === 'expire') {
        server.expire(which);
      } else if (what === 'lose') {
        server.lose();
      } else {
        server.comeBack();
      }
    }
    await time.pass(began + world.end.at - Date.now());
    if (world.end.how === 'drain') {
      drainOn.next();
    } else if (world.end.how === 'close') {
      closeOn.next();
    } else {
      subscription.unsubscribe();
    }
    await time.pass(10_000);
    server.stop();

    expect(server.faults, 'faults').to.deep.equal([]);
    expect(server.mostHeld, 'messages at the worker').to.be.at.most(windows);
    expect(server.held, 'messages that are not settled').to.deep.equal([]);
    if (world.end.how !== 'leave') {
      expect(ended, 'ends').to.equal(1);
      const wrong = server.holdings.filter(({ outcomes, sent }) => outcomes > 1 || (sent && outcomes === 0));
      expect(wrong, 'messages without one outcome').to.deep.equal([]);
    }
    time.expectNoTimers();
  }

  it('a worker settles every message once, and has no more than its windows take', () =>
    fc.assert(fc.asyncProperty(worlds, play), { numRuns: runs }));
});
