/** What jetStreamMessages gives: an iteration that asks, ends, and gives back what nobody takes. */
import type { JsMsg } from '@nats-io/jetstream';
import { expect } from 'chai';
import { of, Subject, throwError } from 'rxjs';
import { expectNothingUnhandled } from '../badInput/unhandled.js';
import { jetStreamMessages, type JetStreamMessagesOptions } from '../../src/jetStream/index.js';
import { MessageStream } from '../../src/jetStream/messageStream.js';
import { consumerGone, statusError } from './failures.js';
import { fakeTime } from './fakeTime.js';
import { infoWith, ScriptedConsumer } from './scriptedConsumer.js';
import { messages, ScriptedMessage } from './scriptedMessage.js';

describe('jetStreamMessages', () => {
  const time = fakeTime();
  expectNothingUnhandled();
  let consumer: ScriptedConsumer;
  let stream: MessageStream;
  let iterator: AsyncIterator<JsMsg, undefined>;
  let heard: string[];

  function begin(options: JetStreamMessagesOptions = {}): void {
    heard = [];
    const made = jetStreamMessages(consumer, options);
    if (!(made instanceof MessageStream)) {
      throw new Error('expected what settleMessages takes');
    }
    stream = made;
    iterator = stream[Symbol.asyncIterator]();
  }

  /** Asks for one more, and writes down what comes of it. */
  function ask(): void {
    iterator.next().then(
      (result) => heard.push(result.done === true ? '|' : String(result.value.seq)),
      (error: unknown) => heard.push(`# ${error instanceof Error ? error.message : String(error)}`),
    );
  }

  beforeEach(() => {
    consumer = new ScriptedConsumer();
  });

  describe('by for await', () => {
    it('gives one message after the other, each asked for when it is wanted', async () => {
      begin();
      const seen = (async () => {
        for await (const message of { [Symbol.asyncIterator]: () => iterator }) {
          heard.push(String(message.seq));
          stream.settle(message, (latest) => {
            latest.ack();
          });
          if (message.seq === 3) {
            break;
          }
        }
        heard.push('|');
      })();
      const all = messages(1, 3);
      for (const message of all) {
        await time.pass(0);
        expect(consumer.latest.asked).to.equal(1);
        consumer.give(message);
      }
      await time.pass(0);
      await seen;
      expect(heard).to.deep.equal(['1', '2', '3', '|']);
      expect(all.map(({ words }) => words)).to.deep.equal([['ack'], ['ack'], ['ack']]);
      time.expectNoTimers();
    });

    it('has as many here as maxUnacknowledged says, settled ones not counted', async () => {
      begin({ maxUnacknowledged: 3 });
      ask();
      await time.pass(0);
      const [one, ...others] = messages(1, 3) as [ScriptedMessage, ...ScriptedMessage[]];
      consumer.give(one, ...others);
      await time.pass(0);
      for (let count = 0; count < 3; count++) {
        ask();
      }
      await time.pass(2_000);
      expect(heard).to.deep.equal(['1', '2', '3']);
      expect(consumer.asked).to.deep.equal([3]);
      stream.settle(one, (latest) => {
        latest.ack();
      });
      await time.pass(0);
      expect(consumer.asked).to.deep.equal([3, 1]);
      await iterator.return?.();
      await time.pass(100);
    });

    it('asks for nothing before the first next(), nor between two', async () => {
      begin();
      await time.pass(5_000);
      expect(consumer.infos).to.equal(0);
      ask();
      await time.pass(0);
      consumer.give(new ScriptedMessage(1));
      await time.pass(5_000);
      expect(consumer.asked).to.deep.equal([1]);
      await iterator.return?.();
      time.expectNoTimers();
    });

    it('answers one next() after the other, also where nobody waits for the first', async () => {
      begin({ maxUnacknowledged: 2 });
      ask();
      ask();
      ask();
      await time.pass(0);
      consumer.give(...messages(1, 2));
      await time.pass(0);
      expect(heard).to.deep.equal(['1', '2']);
      await iterator.return?.();
      await time.pass(0);
      ask();
      await time.pass(0);
      expect(heard).to.deep.equal(['1', '2', '|', '|']);
    });

    it('is there once', () => {
      begin();
      expect(() => stream[Symbol.asyncIterator]()).to.throw(
        'jetStreamMessages: the messages can be iterated once: call it again for each iteration',
      );
    });

    it('gives back on return() what has come and was not taken, and what still comes', async () => {
      begin({ maxUnacknowledged: 4 });
      ask();
      await time.pass(0);
      const [one, two, three] = messages(1, 3) as [ScriptedMessage, ScriptedMessage, ScriptedMessage];
      consumer.give(one, two);
      await time.pass(0);
      void iterator.return?.();
      await time.pass(50);
      consumer.give(three);
      await time.pass(49);
      expect([one, two, three].map(({ told }) => told)).to.deep.equal([[], [], []]);
      await time.pass(1);
      // As soon as no request is open that would get them again.
      expect([one, two, three].map(({ told }) => told)).to.deep.equal([[], ['nak @100'], ['nak @100']]);
      stream.settle(one, (latest) => {
        latest.ack();
      });
      expect(one.words).to.deep.equal(['ack']);
      time.expectNoTimers();
    });
  });

  describe('settles', () => {
    it('a message once, by its latest delivery, when it is told to', async () => {
      begin();
      ask();
      await time.pass(0);
      const one = new ScriptedMessage(1);
      const again = new ScriptedMessage(1, 2);
      consumer.latest.giveMore(one, again);
      await time.pass(0);
      const told: JsMsg[] = [];
      for (let count = 0; count < 2; count++) {
        stream.settle(one, (latest) => told.push(latest));
      }
      expect(told).to.deep.equal([again]);
      await iterator.return?.();
      await time.pass(100);
    });

    it('none that it does not know', () => {
      begin();
      stream.settle(new ScriptedMessage(1), () => expect.fail('nobody has it'));
    });

    it('a message whose settlement throws or rejects: the server will deliver it again', async () => {
      begin({ maxUnacknowledged: 2 });
      ask();
      ask();
      await time.pass(0);
      const [one, two] = messages(1, 2) as [ScriptedMessage, ScriptedMessage];
      consumer.give(one, two);
      await time.pass(0);
      ask();
      stream.settle(one, () => {
        throw new Error('closed');
      });
      stream.settle(two, () => Promise.reject(new Error('closed')));
      await time.pass(0);
      expect(stream.unacknowledged).to.equal(0);
      expect(consumer.latest.asked).to.equal(2);
      await iterator.return?.();
      await time.pass(100);
      time.expectNoTimers();
    });

    it('knows how many are here, and none before the first request', async () => {
      begin();
      expect(stream.unacknowledged).to.equal(0);
      ask();
      await time.pass(0);
      consumer.give(new ScriptedMessage(1));
      await time.pass(0);
      expect(stream.unacknowledged).to.equal(1);
      await iterator.return?.();
    });
  });

  describe('drains', () => {
    const signals: Record<
      string,
      () => { drainOn: NonNullable<JetStreamMessagesOptions['drainOn']>; drain: () => void }
    > = {
      'when a stream emits': () => {
        const drainOn = new Subject<void>();
        return {
          drainOn,
          drain: () => {
            drainOn.next();
          },
        };
      },
      'when a signal is aborted': () => {
        const controller = new AbortController();
        return {
          drainOn: controller.signal,
          drain: () => {
            controller.abort();
          },
        };
      },
      'when a promise resolves': () => {
        let resolve: () => void = () => undefined;
        const drainOn = new Promise<void>((resolved) => {
          resolve = resolved;
        });
        return { drainOn, drain: resolve };
      },
    };
    for (const [when, make] of Object.entries(signals)) {
      it(`${when}: asks no more, ends, and closes its request`, async () => {
        const { drainOn, drain } = make();
        begin({ drainOn });
        ask();
        await time.pass(0);
        drain();
        await time.pass(0);
        expect(heard).to.deep.equal(['|']);
        ask();
        await time.pass(0);
        expect(heard).to.deep.equal(['|', '|']);
        await time.pass(100);
        expect(consumer.latest.closedAt).to.equal(100);
        expect(consumer.asked).to.deep.equal([1]);
        time.expectNoTimers();
      });
    }

    it('and gives back what has come and was not taken yet', async () => {
      const drainOn = new Subject<void>();
      begin({ drainOn, maxUnacknowledged: 5 });
      ask();
      await time.pass(0);
      const [one, two] = messages(1, 2) as [ScriptedMessage, ScriptedMessage];
      consumer.give(one, two);
      await time.pass(0);
      drainOn.next();
      ask();
      await time.pass(100);
      expect(heard).to.deep.equal(['1', '|']);
      expect(two.words).to.deep.equal(['nak']);
      // What is at work still has its beats, until it is settled.
      await time.pass(15_000);
      expect(one.words).to.deep.equal(['working']);
      stream.settle(one, (latest) => {
        latest.ack();
      });
      time.expectNoTimers();
    });

    it('also in the moment in which a message comes: that is given back', async () => {
      const drainOn = new Subject<void>();
      begin({ drainOn });
      ask();
      await time.pass(0);
      const one = new ScriptedMessage(1);
      consumer.give(one);
      await time.turn();
      expect(stream.unacknowledged).to.equal(1);
      drainOn.next();
      await time.pass(0);
      expect(heard).to.deep.equal(['|']);
      expect(one.words).to.deep.equal(['nak']);
      time.expectNoTimers();
    });

    it('at once where it is over before the beginning', async () => {
      begin({ drainOn: of(1) });
      ask();
      await time.pass(0);
      expect(heard).to.deep.equal(['|']);
      expect(consumer.infos).to.equal(0);
    });

    it('not when the stream completes without a value', async () => {
      begin({ drainOn: [] });
      ask();
      await time.pass(0);
      expect(consumer.asked).to.deep.equal([1]);
      await iterator.return?.();
      await time.pass(100);
    });
  });

  describe('fails', () => {
    it('with the error of drainOn, at once', async () => {
      const drainOn = new Subject<void>();
      begin({ drainOn });
      ask();
      await time.pass(0);
      drainOn.error(new Error('no drain'));
      await time.pass(0);
      expect(heard).to.deep.equal(['# no drain']);
      ask();
      await time.pass(100);
      expect(heard).to.deep.equal(['# no drain', '# no drain']);
      expect(consumer.latest.closedAt).to.equal(100);
      time.expectNoTimers();
    });

    it('with it before it asks anything', async () => {
      begin({ drainOn: throwError(() => new Error('no drain')) });
      ask();
      await time.pass(0);
      expect(heard).to.deep.equal(['# no drain']);
      expect(consumer.infos).to.equal(0);
    });

    it('when the consumer is gone; what came before is given back, unless it was taken', async () => {
      begin({ maxUnacknowledged: 5 });
      ask();
      await time.pass(0);
      const [one, two] = messages(1, 2) as [ScriptedMessage, ScriptedMessage];
      consumer.give(one, two);
      await time.pass(0);
      consumer.onInfo = () => Promise.reject(consumerGone());
      consumer.latest.fail(statusError(409, 'consumer deleted'));
      await time.pass(0);
      ask();
      await time.pass(0);
      expect(heard).to.deep.equal([
        '1',
        '# jetStreamMessages: consumer "workers" of stream "EVENTS" is gone: consumer not found',
      ]);
      expect([one, two].map(({ words }) => words)).to.deep.equal([[], ['nak']]);
      stream.settle(one, () => undefined);
      time.expectNoTimers();
    });

    it('and goes on where the server is only lost', async () => {
      begin();
      ask();
      await time.pass(0);
      consumer.onInfo = () => Promise.reject(new Error('timeout'));
      consumer.latest.fail(statusError(503, 'no responders'));
      await time.pass(30_000);
      consumer.onInfo = () => Promise.resolve(infoWith());
      await time.pass(10_000);
      consumer.give(new ScriptedMessage(1));
      await time.pass(0);
      expect(heard).to.deep.equal(['1']);
      await iterator.return?.();
    });
  });

  it('gives back at half of the ack wait what nobody has taken, and goes on', async () => {
    consumer = new ScriptedConsumer({ ack_wait: 4e9 });
    begin({ maxUnacknowledged: 3 });
    ask();
    await time.pass(0);
    const [one, two, three] = messages(1, 3) as [ScriptedMessage, ScriptedMessage, ScriptedMessage];
    consumer.give(one, two, three);
    await time.pass(1_999);
    expect(two.told).to.deep.equal([]);
    await time.pass(1);
    expect([one, two, three].map(({ told }) => told)).to.deep.equal([
      ['working @2000'],
      ['nak @2000'],
      ['nak @2000'],
    ]);
    ask();
    await time.pass(0);
    expect(heard).to.deep.equal(['1']);
    expect(consumer.asked).to.deep.equal([3, 2]);
    consumer.give(new ScriptedMessage(2, 2));
    await time.pass(0);
    expect(heard).to.deep.equal(['1', '2']);
    await iterator.return?.();
    await time.pass(100);
  });

  describe('lets go of a message that was acked at itself', () => {
    async function takeTwo(): Promise<[ScriptedMessage, ScriptedMessage]> {
      consumer = new ScriptedConsumer({ ack_wait: 4e9 });
      begin({ maxUnacknowledged: 2 });
      ask();
      ask();
      await time.pass(0);
      const two: [ScriptedMessage, ScriptedMessage] = [new ScriptedMessage(1), new ScriptedMessage(2)];
      consumer.give(...two);
      await time.pass(0);
      expect(heard).to.deep.equal(['1', '2']);
      return two;
    }

    it('when there is no room for others', async () => {
      const [one] = await takeTwo();
      one.ack();
      ask();
      await time.pass(0);
      expect(consumer.asked).to.deep.equal([2, 1]);
      expect(stream.unacknowledged).to.equal(1);
      await iterator.return?.();
      await time.pass(100);
    });

    it('and at half of the ack wait, without a beat', async () => {
      const [one, two] = await takeTwo();
      ask();
      await time.pass(1_000);
      one.ack();
      await time.pass(1_000);
      expect(consumer.asked).to.deep.equal([2, 1]);
      expect([one, two].map(({ words }) => words)).to.deep.equal([['ack'], ['working']]);
      await iterator.return?.();
      await time.pass(100);
    });
  });

  it('keeps what nobody has taken where it would not come again', async () => {
    consumer = new ScriptedConsumer({ ack_wait: 4e9, max_deliver: 2 });
    begin({ maxUnacknowledged: 3 });
    ask();
    await time.pass(0);
    const last = new ScriptedMessage(2, 2);
    consumer.give(new ScriptedMessage(1), last);
    await time.pass(4_000);
    expect(last.words).to.deep.equal(['working', 'working']);
    ask();
    await time.pass(0);
    expect(heard).to.deep.equal(['1', '2']);
    await iterator.return?.();
    await time.pass(100);
  });
});
