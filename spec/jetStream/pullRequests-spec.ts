/** One request after the other: how many each asks for, what follows from a failure, and how the last one ends. */
import type { ConsumerInfo, JsMsg } from '@nats-io/jetstream';
import { JetStreamError } from '@nats-io/jetstream';
import { errors } from '@nats-io/transport-node';
import { expect } from 'chai';
import { EMPTY, NEVER, of, ReplaySubject, Subject, throwError } from 'rxjs';
import type { ConsumerFacts } from '../../src/jetStream/consumerFacts.js';
import { PullRequests, type Recipient } from '../../src/jetStream/pullRequests.js';
import type { ReconnectDelay } from '../../src/options.js';
import { expectNothingUnhandled } from '../badInput/unhandled.js';
import { consumerGone, statusError, streamGone } from './failures.js';
import { fakeTime } from './fakeTime.js';
import { infoWith, ScriptedConsumer } from './scriptedConsumer.js';
import { messages, ScriptedMessage } from './scriptedMessage.js';

/** Somebody who wants messages, and writes down what it gets. */
class Wanting implements Recipient {
  readonly heard: string[] = [];
  readonly failures: unknown[] = [];
  isOver = false;
  /** The numbers of those that are here. */
  readonly here = new Set<number>();

  constructor(public want: number) {}

  wanted(): number {
    return this.want;
  }

  learned({ title }: ConsumerFacts): void {
    this.heard.push(title);
  }

  has({ seq }: JsMsg): boolean {
    return this.here.has(seq);
  }

  arrived({ seq }: JsMsg): void {
    this.heard.push(this.here.has(seq) ? `${seq} again` : String(seq));
    this.want -= this.here.has(seq) ? 0 : 1;
    this.here.add(seq);
  }

  answered(unwanted: readonly JsMsg[]): void {
    if (unwanted.length > 0) {
      this.heard.push(`unwanted: ${unwanted.map(({ seq }) => seq).join(', ')}`);
    }
  }

  failed(error: unknown): void {
    this.failures.push(error);
  }
}

const learnt = 'consumer "workers" of stream "EVENTS"';

describe('PullRequests', () => {
  const time = fakeTime();
  expectNothingUnhandled();
  let consumer: ScriptedConsumer;
  let recipient: Wanting;
  let over$: ReplaySubject<void>;
  let requests: PullRequests;

  /** Makes one, and starts it. */
  function begin(want: number, resumeDelay: ReconnectDelay = 500): void {
    recipient = new Wanting(want);
    over$ = new ReplaySubject(1);
    requests = new PullRequests('who', consumer, resumeDelay, over$, recipient);
    requests.start();
  }

  /** Nothing more is wanted. */
  function end(): void {
    recipient.want = 0;
    recipient.isOver = true;
    over$.next();
  }

  /** Whether no request is under way, by its own word. */
  async function isFinished(): Promise<boolean> {
    let finished = false;
    void requests.finished.then(() => {
      finished = true;
    });
    await time.pass(0);
    return finished;
  }

  beforeEach(() => {
    consumer = new ScriptedConsumer();
  });

  describe('asks', () => {
    it('first what is known of the consumer, and then for all that is wanted, for a second', async () => {
      begin(3);
      await time.pass(0);
      expect(consumer.infos).to.equal(1);
      expect(recipient.heard).to.deep.equal([learnt]);
      expect(consumer.requests.map(({ options }) => options)).to.deep.equal([
        { max_messages: 3, expires: 1_000 },
      ]);
      end();
      await time.pass(100);
    });

    it('nothing at all when nothing is wanted', async () => {
      begin(0);
      expect(requests.isRunning).to.equal(false);
      expect(await isFinished()).to.equal(true);
      expect(consumer.infos).to.equal(0);
    });

    it('one request after the other, each for what is wanted then, until nothing is', async () => {
      begin(2);
      await time.pass(0);
      requests.start();
      consumer.give(...messages(1, 2));
      recipient.want = 2 + 5;
      await time.pass(0);
      expect(consumer.asked).to.deep.equal([2, 5]);
      expect(recipient.heard).to.deep.equal([learnt, '1', '2']);
      consumer.give(...messages(3, 7));
      await time.pass(0);
      expect(consumer.asked).to.deep.equal([2, 5]);
      expect(requests.isRunning).to.equal(false);
      expect(await isFinished()).to.equal(true);
      expect(consumer.infos).to.equal(1);
      time.expectNoTimers();
    });

    it('again when the time of a request is over, at once', async () => {
      begin(2);
      await time.pass(0);
      consumer.give(new ScriptedMessage(1));
      await time.pass(2_000);
      expect(consumer.requests.map(({ asked, since }) => `${asked} @${since}`)).to.deep.equal([
        '2 @0',
        '1 @1000',
        '1 @2000',
      ]);
      end();
      await time.pass(100);
    });

    it('again when it is started again', async () => {
      begin(1);
      await time.pass(0);
      consumer.give(new ScriptedMessage(1));
      await time.pass(5_000);
      recipient.want = 4;
      requests.start();
      expect(requests.isRunning).to.equal(true);
      expect(await isFinished()).to.equal(false);
      expect(consumer.asked).to.deep.equal([1, 4]);
      expect(consumer.infos).to.equal(1);
      end();
      await time.pass(100);
    });

    it('for no more than the consumer lets it', async () => {
      consumer = new ScriptedConsumer({ max_batch: 3 });
      begin(10);
      await time.pass(0);
      consumer.give(...messages(1, 3));
      await time.pass(0);
      expect(consumer.asked).to.deep.equal([3, 3]);
      end();
      await time.pass(100);
    });

    it('for nothing when nothing is wanted any more once it knows the consumer', async () => {
      let answer: (info: ConsumerInfo) => void = () => undefined;
      consumer.onInfo = () =>
        new Promise((resolve) => {
          answer = resolve;
        });
      begin(1);
      await time.pass(0);
      recipient.want = 0;
      answer(infoWith());
      await time.pass(0);
      expect(recipient.heard).to.deep.equal([learnt]);
      expect(consumer.asked).to.deep.equal([]);
      expect(requests.isRunning).to.equal(false);
    });
  });

  describe('gets more than it asked for', () => {
    it('and says so when the request is over, which it ends', async () => {
      begin(2);
      await time.pass(0);
      consumer.latest.giveMore(...messages(1, 4));
      recipient.want = 0;
      await time.pass(0);
      expect(consumer.latest.closedAt).to.equal(0);
      expect(recipient.heard).to.deep.equal([learnt, '1', '2', 'unwanted: 3, 4']);
      expect(await isFinished()).to.equal(true);
    });

    it('and says so also when the request fails', async () => {
      begin(1, () => NEVER);
      await time.pass(0);
      consumer.latest.giveMore(...messages(1, 2));
      consumer.latest.fail(statusError(503, 'no responders'));
      await time.pass(0);
      expect(recipient.heard).to.deep.equal([learnt, '1', 'unwanted: 2']);
      end();
      await time.pass(0);
    });

    it('but not where it is here already: that is delivered again, and takes no place', async () => {
      begin(2);
      recipient.here.add(7);
      await time.pass(0);
      consumer.latest.giveMore(new ScriptedMessage(7, 2), ...messages(1, 2), new ScriptedMessage(1, 2));
      recipient.want = 0;
      await time.pass(0);
      expect(recipient.heard).to.deep.equal([learnt, '7 again', '1', '2', '1 again']);
      expect(consumer.latest.closedAt).to.equal(undefined);
      end();
      await time.pass(100);
    });
  });

  describe('after a failure', () => {
    const passing: readonly [string, unknown][] = [
      ['a consumer that is said to be deleted, but is there', statusError(409, 'consumer deleted')],
      ['a change of leaders', statusError(409, 'leadership change')],
      ['no responders', statusError(503, 'no responders')],
      ['heartbeats missed', new JetStreamError('heartbeats missed')],
      ['a timeout', new errors.TimeoutError()],
      ['no error at all', undefined],
    ];
    for (const [name, error] of passing) {
      it(`waits, and goes on: ${name}`, async () => {
        begin(1);
        await time.pass(10);
        consumer.latest.fail(error);
        await time.pass(499);
        expect(consumer.asked).to.deep.equal([1]);
        expect(consumer.infos).to.equal(2);
        await time.pass(1);
        expect(consumer.asked).to.deep.equal([1, 1]);
        consumer.give(new ScriptedMessage(1));
        await time.pass(0);
        expect(recipient.heard).to.deep.equal([learnt, '1']);
        expect(recipient.failures).to.deep.equal([]);
        time.expectNoTimers();
      });
    }

    it('keeps what has come before', async () => {
      begin(3);
      await time.pass(0);
      consumer.give(...messages(1, 2));
      consumer.latest.fail(statusError(503, 'no responders'));
      await time.pass(500);
      expect(recipient.heard).to.deep.equal([learnt, '1', '2']);
      expect(consumer.asked).to.deep.equal([3, 1]);
      end();
      await time.pass(100);
    });

    it('waits as the function says, which is told the error and how many there were in a row', async () => {
      const told: unknown[] = [];
      const failing = new errors.NoRespondersError('there');
      consumer.onFetch = () => Promise.reject(failing);
      begin(1, (error, failures) => {
        told.push(error, failures);
        return failures === 3 ? NEVER : of(0);
      });
      await time.pass(0);
      expect(told).to.deep.equal([failing, 1, failing, 2, failing, 3]);
      end();
      await time.pass(0);
      expect(await isFinished()).to.equal(true);
    });

    it('counts anew once a request has ended well', async () => {
      const counts: number[] = [];
      const go$ = new Subject<void>();
      begin(9, (_, failures) => {
        counts.push(failures);
        return go$;
      });
      for (const step of ['fail', 'fail', 'end', 'fail'] as const) {
        await time.pass(0);
        if (step === 'end') {
          consumer.latest.end();
        } else {
          consumer.latest.fail(statusError(503, 'no responders'));
        }
        await time.pass(0);
        go$.next();
      }
      await time.pass(0);
      expect(counts).to.deep.equal([1, 2, 1]);
      end();
      await time.pass(100);
    });

    it('asks again what is known where it does not know yet', async () => {
      consumer.onInfo = () => Promise.reject(new errors.TimeoutError());
      begin(1);
      await time.pass(499);
      // Once to learn, and once to see whether it is of any use to go on.
      expect(consumer.infos).to.equal(2);
      consumer.onInfo = () => Promise.resolve(infoWith());
      await time.pass(1);
      expect(consumer.asked).to.deep.equal([1]);
      expect(recipient.heard).to.deep.equal([learnt]);
      end();
      await time.pass(100);
    });

    it('goes on after what is thrown instead of rejected', async () => {
      consumer.onFetch = () => {
        throw new Error('thrown');
      };
      begin(1);
      await time.pass(0);
      consumer.onFetch = () => undefined;
      consumer.onInfo = () => {
        throw new Error('thrown as well');
      };
      await time.pass(500);
      expect(consumer.asked).to.deep.equal([1]);
      expect(recipient.failures).to.deep.equal([]);
      end();
      await time.pass(100);
    });

    it('asks no more when nothing is wanted any more when the wait is over', async () => {
      const wait$ = new Subject<void>();
      begin(1, () => wait$);
      await time.pass(0);
      consumer.latest.fail(statusError(503, 'no responders'));
      await time.pass(0);
      recipient.want = 0;
      wait$.next();
      await time.pass(0);
      expect(await isFinished()).to.equal(true);
      expect(consumer.asked).to.deep.equal([1]);
      expect(recipient.failures).to.deep.equal([]);
    });
  });

  describe('ends', () => {
    /** The end, as the recipient hears of it. */
    function expectEnd(message: string, cause?: unknown): void {
      expect(requests.isRunning).to.equal(false);
      expect(recipient.failures).to.have.length(1);
      const [end] = recipient.failures as [Error];
      expect(end.message).to.equal(message);
      if (cause !== undefined) {
        expect(end.cause).to.equal(cause);
      }
      time.expectNoTimers();
    }

    for (const gone of [consumerGone(), streamGone()]) {
      it(`when a request fails, and the server says that there is nothing: ${gone.message}`, async () => {
        begin(1);
        await time.pass(0);
        consumer.onInfo = () => Promise.reject(gone);
        consumer.latest.fail(statusError(409, 'consumer deleted'));
        await time.pass(0);
        expectEnd(`who: ${learnt} is gone: ${gone.message}`, gone);
        expect(await isFinished()).to.equal(true);
      });
    }

    it('when there has never been one', async () => {
      const gone = consumerGone();
      consumer.onInfo = () => Promise.reject(gone);
      begin(1);
      await time.pass(0);
      expectEnd('who: the consumer is gone: consumer not found', gone);
      expect(consumer.infos).to.equal(1);
    });

    it('when the client is closed, without asking it anything more', async () => {
      begin(1);
      await time.pass(0);
      consumer.latest.fail(new errors.ClosedConnectionError());
      await time.pass(0);
      expectEnd(
        'who: the connection to NATS is closed: to wait for a lost server, connect with maxReconnectAttempts: -1',
      );
      expect(consumer.infos).to.equal(1);
    });

    it('when it is not allowed to ask', async () => {
      const refused = new errors.PermissionViolationError('no permission', 'publish', '$JS.API.there');
      consumer.onFetch = () => Promise.reject(refused);
      begin(1);
      await time.pass(0);
      expectEnd(`who: ${learnt}: no permission`, refused);
    });

    it('when messages of this consumer cannot be acknowledged one by one', async () => {
      consumer = new ScriptedConsumer({ ack_policy: 'none' });
      begin(1);
      await time.pass(0);
      expectEnd(`who: expected ${learnt} to have the ack policy "explicit", got "none"`);
      expect(consumer.asked).to.deep.equal([]);
    });

    it('with the failure, when the wait completes without emitting, or errors', async () => {
      for (const notifier of [EMPTY, throwError(() => new Error('from the notifier'))]) {
        consumer = new ScriptedConsumer();
        begin(1, () => notifier);
        await time.pass(0);
        const failure = statusError(503, 'no responders');
        consumer.latest.fail(failure);
        await time.pass(0);
        expect(recipient.failures).to.deep.equal([failure]);
        expectEnd('no responders');
      }
    });

    it('with what the function throws', async () => {
      const thrown = new Error('a bug of the user');
      begin(1, () => {
        throw thrown;
      });
      await time.pass(0);
      consumer.latest.fail(statusError(503, 'no responders'));
      await time.pass(0);
      expect(recipient.failures).to.deep.equal([thrown]);
      expectEnd('a bug of the user');
    });

    describe('when four requests in a row are not answered at all, though the server is there', () => {
      const missed = new JetStreamError('heartbeats missed');

      /** The latest request misses its heartbeats; the server says what it knows after so many milliseconds. */
      async function miss(infoTakes = 0): Promise<void> {
        consumer.onInfo = () =>
          new Promise((resolve) => {
            setTimeout(() => {
              resolve(infoWith());
            }, infoTakes);
          });
        consumer.latest.fail(missed);
        // The next request is made, and its time is not over.
        await time.pass(800);
      }

      beforeEach(async () => {
        begin(1);
        await time.pass(0);
        for (let count = 0; count < 3; count++) {
          await miss();
        }
        expect(recipient.failures).to.deep.equal([]);
      });

      it('which it says promptly', async () => {
        await miss(250);
        expectEnd(
          `who: ${learnt} does not answer requests for messages: may this user publish to $JS.API.CONSUMER.MSG.NEXT.>?`,
        );
      });

      const others: Record<string, () => Promise<void>> = {
        'but not where it is slow': () => miss(251),
        'but not where one fails otherwise': async () => {
          consumer.latest.fail(statusError(503, 'no responders'));
          await time.pass(800);
        },
        'but not where it is away': async () => {
          consumer.onInfo = () => Promise.reject(new errors.TimeoutError());
          consumer.latest.fail(missed);
          await time.pass(800);
        },
      };
      for (const [name, other] of Object.entries(others)) {
        it(`${name}: it counts anew`, async () => {
          await other();
          for (let count = 0; count < 3; count++) {
            await miss();
          }
          expect(recipient.failures).to.deep.equal([]);
          await miss();
          expect(recipient.failures).to.have.length(1);
        });
      }

      it('but never where one was answered before', async () => {
        consumer.latest.end();
        await time.pass(0);
        for (let count = 0; count < 5; count++) {
          await miss();
        }
        expect(recipient.failures).to.deep.equal([]);
        end();
        await time.pass(100);
      });
    });

    it('and can be started again', async () => {
      begin(1, () => EMPTY);
      await time.pass(0);
      consumer.latest.fail(new Error('once'));
      await time.pass(0);
      requests.start();
      await time.pass(0);
      expect(consumer.asked).to.deep.equal([1, 1]);
      end();
      await time.pass(100);
    });
  });

  describe('when no more is wanted, ever', () => {
    it('hears for 100 ms what is on its way, and then closes the request', async () => {
      begin(3);
      await time.pass(10);
      end();
      await time.pass(99);
      consumer.give(new ScriptedMessage(1));
      await time.pass(0);
      expect(await isFinished()).to.equal(false);
      await time.pass(1);
      expect(consumer.latest.closedAt).to.equal(110);
      expect(recipient.heard).to.deep.equal([learnt, '1']);
      expect(await isFinished()).to.equal(true);
      expect(requests.isRunning).to.equal(false);
      time.expectNoTimers();
    });

    it('closes one that would never end', async () => {
      consumer.expires = false;
      begin(3);
      await time.pass(100_000);
      end();
      await time.pass(100);
      expect(consumer.latest.closedAt).to.equal(100_100);
      expect(consumer.latest.isOver).to.equal(true);
      expect(await isFinished()).to.equal(true);
      time.expectNoTimers();
    });

    it('does not close one that ends before', async () => {
      begin(1);
      await time.pass(0);
      end();
      await time.pass(50);
      consumer.give(new ScriptedMessage(1));
      await time.pass(1_000);
      expect(consumer.latest.closedAt).to.equal(undefined);
      expect(await isFinished()).to.equal(true);
      time.expectNoTimers();
    });

    it('does not wait for one that is only on its way, and closes it when it comes', async () => {
      let go: () => void = () => undefined;
      consumer.onFetch = () =>
        new Promise<void>((resolve) => {
          go = resolve;
        });
      begin(1);
      await time.pass(0);
      end();
      expect(await isFinished()).to.equal(true);
      await time.pass(5_000);
      go();
      await time.pass(0);
      expect(consumer.latest.closedAt).to.equal(5_000);
    });

    it('makes the server forget a request that it has closed, for a second at most', async () => {
      for (const [onInfo, finishedAfter] of [
        [() => Promise.resolve(infoWith()), 0],
        [() => Promise.reject(new errors.TimeoutError()), 0],
        [() => new Promise<ConsumerInfo>(() => undefined), 1_000],
      ] as const) {
        consumer = new ScriptedConsumer();
        begin(3);
        await time.pass(0);
        consumer.onInfo = onInfo;
        end();
        await time.pass(100);
        expect(consumer.infos).to.equal(2);
        if (finishedAfter > 0) {
          await time.pass(finishedAfter - 1);
          expect(await isFinished()).to.equal(false);
          await time.pass(1);
        }
        expect(await isFinished()).to.equal(true);
        expect(recipient.failures).to.deep.equal([]);
        time.expectNoTimers();
      }
    });

    it('does not mind when one fails that was on its way', async () => {
      let fail: (error: unknown) => void = () => undefined;
      consumer.onFetch = () =>
        new Promise((_, reject) => {
          fail = reject;
        });
      begin(1);
      await time.pass(0);
      end();
      await time.pass(0);
      fail(new errors.ClosedConnectionError());
      await time.pass(0);
      expect(await isFinished()).to.equal(true);
      expect(recipient.failures).to.deep.equal([]);
    });

    it('does not wait for what is known of the consumer', async () => {
      consumer.onInfo = () => new Promise(() => undefined);
      begin(1);
      await time.pass(0);
      end();
      expect(await isFinished()).to.equal(true);
      expect(consumer.asked).to.deep.equal([]);
    });

    it('waits neither for the next try, nor for whether it is of any use', async () => {
      for (const onInfo of [
        () => Promise.resolve(infoWith()),
        () => new Promise<ConsumerInfo>(() => undefined),
      ]) {
        consumer = new ScriptedConsumer();
        begin(1, 10_000);
        await time.pass(0);
        consumer.onInfo = onInfo;
        consumer.latest.fail(new Error('lost'));
        await time.pass(100);
        end();
        expect(await isFinished()).to.equal(true);
        expect(recipient.failures).to.deep.equal([]);
        time.expectNoTimers();
      }
    });
  });
});
