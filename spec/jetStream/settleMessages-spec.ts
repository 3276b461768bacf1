/** Which outcome says what to the server, and in which order outcomes and the end pass. */
import type { JsMsg } from '@nats-io/jetstream';
import { expect } from 'chai';
import { defer, of, Subject, type Subscription } from 'rxjs';
import { loadBalanceFrom, type Dropped, type DropReason, type Outcome } from '../../src/index.js';
import { jetStreamMessages, settleMessages, type SettleOptions } from '../../src/jetStream/index.js';
import { MessageStream } from '../../src/jetStream/messageStream.js';
import { expectNothingUnhandled } from '../badInput/unhandled.js';
import { fakeTime } from './fakeTime.js';
import { ScriptedConsumer } from './scriptedConsumer.js';
import { ScriptedMessage } from './scriptedMessage.js';
import { inShort } from './worker.js';

function delivered(event: JsMsg, attempts = 1): Outcome<JsMsg, string> {
  return { status: 'delivered', event, value: 'v', connection: 'a', attempts };
}

function dropped(event: JsMsg, reason: DropReason, attempts = 1): Dropped<JsMsg> {
  return { status: 'dropped', event, reason, error: new Error(reason), attempts, failures: [] };
}

describe('settleMessages', () => {
  const time = fakeTime();
  expectNothingUnhandled();
  let consumer: ScriptedConsumer;
  let stream: MessageStream;
  let outcomes$: Subject<Outcome<JsMsg, string>>;
  let heard: string[];
  let subscription: Subscription;
  let iterator: AsyncIterator<JsMsg, undefined>;

  /** Subscribes, and takes these messages. */
  async function begin(options: SettleOptions, ...messages: readonly ScriptedMessage[]): Promise<void> {
    const made = jetStreamMessages(consumer, { maxUnacknowledged: Math.max(1, messages.length) });
    if (!(made instanceof MessageStream)) {
      throw new Error('expected what settleMessages takes');
    }
    stream = made;
    outcomes$ = new Subject();
    heard = [];
    subscription = outcomes$.pipe(settleMessages(stream, options)).subscribe({
      next: (outcome) => heard.push(`${inShort(outcome)}, ${outcome.attempts}`),
      error: (error: unknown) => heard.push(`# ${error instanceof Error ? error.message : String(error)}`),
      complete: () => heard.push('|'),
    });
    iterator = stream[Symbol.asyncIterator]();
    const taken = messages.map(() => iterator.next());
    await time.pass(0);
    if (messages.length > 0) {
      consumer.give(...messages);
      await time.pass(0);
      await Promise.all(taken);
    }
  }

  beforeEach(() => {
    consumer = new ScriptedConsumer();
  });

  describe('says', () => {
    const words: readonly [string, (event: JsMsg) => Outcome<JsMsg, string>, string, string][] = [
      ['delivered', (event) => delivered(event), 'ack @0', '1 delivered ack, 1'],
      [
        'dropped after all attempts',
        (event) => dropped(event, 'attempts', 3),
        'term @0',
        '1 attempts term, 3',
      ],
      ['rejected', (event) => dropped(event, 'rejected'), 'term @0', '1 rejected term, 1'],
      ['dropped by a full queue', (event) => dropped(event, 'overflow', 0), 'term @0', '1 overflow term, 0'],
      ['dropped by the close', (event) => dropped(event, 'closed', 0), 'nak @0', '1 closed nak, 0'],
      [
        'dropped for want of a connection',
        (event) => dropped(event, 'no-connection', 0),
        'nak 2000 @0',
        '1 no-connection nak, 0',
      ],
    ];
    for (const [name, outcomeOf, told, short] of words) {
      it(`${told.replace(/ @0/, '')}: ${name}`, async () => {
        const one = new ScriptedMessage(1);
        await begin({}, one);
        outcomes$.next(outcomeOf(one));
        expect(one.told).to.deep.equal([told]);
        // At once.
        expect(heard).to.deep.equal([short]);
        outcomes$.complete();
        await time.pass(0);
        expect(heard).to.deep.equal([short, '|']);
        time.expectNoTimers();
      });
    }

    it('it with the attempts of earlier deliveries, each of which counts as one', async () => {
      const one = new ScriptedMessage(1, 3);
      await begin({}, one);
      outcomes$.next(delivered(one, 2));
      expect(heard).to.deep.equal(['1 delivered ack, 4']);
      subscription.unsubscribe();
    });

    it('it by the delivery that came while it was in a send', async () => {
      const one = new ScriptedMessage(1);
      const again = new ScriptedMessage(1, 2);
      await begin({}, one, new ScriptedMessage(2));
      // As after a reconnect.
      stream.arrived(again);
      outcomes$.next(delivered(one));
      expect([one, again].map(({ words }) => words)).to.deep.equal([[], ['ack']]);
      expect(heard).to.deep.equal(['1 delivered ack, 2']);
      subscription.unsubscribe();
    });
  });

  it('passes what goes wrong with that, and goes on', async () => {
    const failing = ['ack', 'term', 'nak', 'nak'] as const;
    const all = failing.map((word, index) => {
      const message = new ScriptedMessage(index + 1);
      message.on[word] = () => {
        throw new Error('closed');
      };
      return message;
    });
    await begin({}, ...all);
    const [one, two, three, four] = all as [
      ScriptedMessage,
      ScriptedMessage,
      ScriptedMessage,
      ScriptedMessage,
    ];
    outcomes$.next(delivered(one));
    outcomes$.next(dropped(two, 'rejected'));
    outcomes$.next(dropped(three, 'closed'));
    outcomes$.next(dropped(four, 'no-connection'));
    outcomes$.complete();
    await time.pass(0);
    expect(heard).to.deep.equal([
      '1 delivered ack (Error: closed), 1',
      '2 rejected term (Error: closed), 1',
      '3 closed nak (Error: closed), 1',
      '4 no-connection nak (Error: closed), 1',
      '|',
    ]);
    time.expectNoTimers();
  });

  for (const ackAck of [false, true]) {
    it(`passes it with an error when its send has told the server something, ackAck ${String(ackAck)}`, async () => {
      const one = new ScriptedMessage(1);
      await begin({ ackAck }, one);
      one.nak();
      outcomes$.next(delivered(one));
      await time.pass(0);
      expect(one.words).to.deep.equal(['nak']);
      expect(heard).to.deep.equal([
        '1 delivered ack (Error: the send has told the server something else), 1',
      ]);
      subscription.unsubscribe();
      await time.pass(100);
    });
  }

  describe('with ackAck', () => {
    it('passes an outcome when the server knows of it, others at once', async () => {
      const [one, two] = [new ScriptedMessage(1), new ScriptedMessage(2)];
      let known: () => void = () => undefined;
      one.on.ackAck = () =>
        new Promise<void>((resolve) => {
          known = resolve;
        });
      await begin({ ackAck: true }, one, two);
      outcomes$.next(delivered(one));
      outcomes$.next(dropped(two, 'rejected'));
      outcomes$.complete();
      await time.pass(5_000);
      expect(heard).to.deep.equal(['2 rejected term, 1']);
      known();
      await time.pass(0);
      expect(heard).to.deep.equal(['2 rejected term, 1', '1 delivered ack, 1', '|']);
      expect(one.words).to.deep.equal(['ackAck']);
      time.expectNoTimers();
    });

    for (const [how, fail] of [
      ['rejects', () => Promise.reject(new Error('timeout'))],
      [
        'throws',
        () => {
          throw new Error('timeout');
        },
      ],
    ] as const) {
      it(`passes it with the error when that ${how}`, async () => {
        const one = new ScriptedMessage(1);
        if (how === 'throws') {
          one.ackAck = fail;
        } else {
          one.on.ackAck = fail;
        }
        await begin({ ackAck: true }, one);
        outcomes$.next(delivered(one));
        await time.pass(0);
        expect(heard).to.deep.equal(['1 delivered ack (Error: timeout), 1']);
        expect(stream.unacknowledged).to.equal(0);
        subscription.unsubscribe();
        time.expectNoTimers();
      });
    }
  });

  describe('passes the end', () => {
    it('an error, when everything is settled', async () => {
      const one = new ScriptedMessage(1);
      let known: () => void = () => undefined;
      one.on.ackAck = () =>
        new Promise<void>((resolve) => {
          known = resolve;
        });
      await begin({ ackAck: true }, one);
      outcomes$.next(delivered(one));
      outcomes$.error(new Error('the source'));
      await time.pass(1_000);
      expect(heard).to.deep.equal([]);
      known();
      await time.pass(0);
      expect(heard).to.deep.equal(['1 delivered ack, 1', '# the source']);
      time.expectNoTimers();
    });

    it('an error that is undefined', async () => {
      await begin({});
      const nothing: unknown = undefined;
      outcomes$.error(nothing);
      await time.pass(0);
      expect(heard).to.deep.equal(['# undefined']);
    });

    it('and gives back before what has no outcome', async () => {
      const [one, two] = [new ScriptedMessage(1), new ScriptedMessage(2)];
      await begin({}, one, two);
      two.on.nak = () => heard.push('2 given back');
      outcomes$.next(delivered(one));
      outcomes$.complete();
      await time.pass(100);
      expect(heard).to.deep.equal(['1 delivered ack, 1', '2 given back', '|']);
      expect(two.words).to.deep.equal(['nak']);
      time.expectNoTimers();
    });
  });

  it('gives everything back when it is left, and says nothing more', async () => {
    const [one, two, three] = [1, 2, 3].map((seq) => new ScriptedMessage(seq)) as [
      ScriptedMessage,
      ScriptedMessage,
      ScriptedMessage,
    ];
    one.on.nak = () => {
      throw new Error('closed');
    };
    await begin({ ackAck: true }, one, two, three);
    three.on.ackAck = () => new Promise(() => undefined);
    outcomes$.next(delivered(three));
    subscription.unsubscribe();
    await time.pass(0);
    expect([one, two, three].map(({ words }) => words)).to.deep.equal([['nak'], ['nak'], ['ackAck']]);
    outcomes$.next(delivered(one));
    await time.pass(60_000);
    expect(heard).to.deep.equal([]);
    expect([one, two].map(({ words }) => words)).to.deep.equal([['nak'], ['nak']]);
    time.expectNoTimers();
  });

  describe('is for one subscription', () => {
    it('and a second one leaves the first alone', async () => {
      const one = new ScriptedMessage(1);
      await begin({}, one);
      let refused: unknown;
      outcomes$.pipe(settleMessages(stream)).subscribe({
        error: (error: unknown) => {
          refused = error;
        },
      });
      expect(String(refused)).to.contain(
        'jetStreamMessages: the messages are for one subscription: call it again for each',
      );
      await time.pass(200);
      expect(one.words).to.deep.equal([]);
      outcomes$.next(delivered(one));
      expect(heard).to.deep.equal(['1 delivered ack, 1']);
      subscription.unsubscribe();
    });

    it('also where its messages are iterated by the balancer', async () => {
      const source = jetStreamMessages(consumer);
      const results$ = loadBalanceFrom(source, [() => of(1)]).pipe(settleMessages(source));
      const seen: string[] = [];
      const first = results$.subscribe((outcome) => seen.push(inShort(outcome)));
      await time.pass(0);
      let refused: unknown;
      results$.subscribe({
        error: (error: unknown) => {
          refused = error;
        },
      });
      await time.pass(0);
      expect(String(refused)).to.contain('the messages are for one subscription');
      consumer.give(new ScriptedMessage(1));
      await time.pass(0);
      expect(seen).to.deep.equal(['1 delivered ack']);
      first.unsubscribe();
      await time.pass(100);
    });

    it('each of several with messages of its own', async () => {
      const results$ = defer(() => {
        const source = jetStreamMessages(consumer);
        return loadBalanceFrom(source, [() => of(1)]).pipe(settleMessages(source));
      });
      const seen: string[] = [];
      const subscriptions = [1, 2].map(() => results$.subscribe((outcome) => seen.push(inShort(outcome))));
      await time.pass(0);
      const [first, second] = consumer.requests;
      first?.give(new ScriptedMessage(1));
      second?.give(new ScriptedMessage(2));
      await time.pass(0);
      expect(seen).to.deep.equal(['1 delivered ack', '2 delivered ack']);
      for (const each of subscriptions) {
        each.unsubscribe();
      }
      await time.pass(100);
      time.expectNoTimers();
    });
  });

  it('errors where a message has been settled before its outcome', async () => {
    const one = new ScriptedMessage(1);
    await begin({}, one);
    stream.settle(one, (latest) => {
      latest.ack();
    });
    outcomes$.next(delivered(one));
    await time.pass(0);
    expect(heard).to.deep.equal([
      '# settleMessages: message 1 is none of these messages, or was settled before its outcome',
    ]);
    expect(one.words).to.deep.equal(['ack']);
    time.expectNoTimers();
  });
});
