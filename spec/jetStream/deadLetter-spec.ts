/** What a dead letter is made of, where it goes, and what happens when it cannot go there. */
import type { JetStreamClient, JetStreamPublishOptions, JsMsg, PubAck } from '@nats-io/jetstream';
import { errors, headers, type MsgHdrs } from '@nats-io/transport-node';
import { expect } from 'chai';
import { Subject, type Subscription } from 'rxjs';
import type { Dropped, DropReason, Outcome } from '../../src/index.js';
import { jetStreamMessages, settleMessages, type DeadLetterOptions } from '../../src/jetStream/index.js';
import { expectNothingUnhandled } from '../badInput/unhandled.js';
import { fakeTime } from './fakeTime.js';
import { ScriptedConsumer } from './scriptedConsumer.js';
import { ScriptedMessage } from './scriptedMessage.js';
import { inShort } from './worker.js';

/** What was published. */
interface Letter {
  readonly subject: string;
  readonly data: unknown;
  readonly headers: Readonly<Record<string, readonly string[]>>;
}

/** A client that only publishes. */
class Publisher implements Pick<JetStreamClient, 'publish'> {
  readonly letters: Letter[] = [];
  answer: () => Promise<void> = () => Promise.resolve();

  readonly publish = async (
    subject: string,
    data?: unknown,
    options?: Partial<JetStreamPublishOptions>,
  ): Promise<PubAck> => {
    this.letters.push({ subject, data, headers: plain(options?.headers) });
    await this.answer();
    return { stream: 'DEAD', seq: 1, duplicate: false, domain: '' };
  };
}

function plain(all: MsgHdrs | undefined): Record<string, string[]> {
  return Object.fromEntries((all?.keys() ?? []).map((key) => [key, all?.values(key) ?? []]));
}

function dropped(event: JsMsg, reason: DropReason, more: Partial<Dropped<JsMsg>> = {}): Dropped<JsMsg> {
  return {
    status: 'dropped',
    event,
    reason,
    error: new Error('no room'),
    attempts: 1,
    failures: [],
    ...more,
  };
}

describe('A dead letter', () => {
  const time = fakeTime();
  expectNothingUnhandled();
  let jetStream: Publisher;
  let consumer: ScriptedConsumer;
  let outcomes$: Subject<Outcome<JsMsg, string>>;
  let heard: string[];
  let subscription: Subscription;
  let iterator: AsyncIterator<JsMsg>;

  /** Subscribes, and takes so many of these messages. */
  async function begin(
    all: readonly ScriptedMessage[],
    subject: DeadLetterOptions['subject'] = 'dead',
    taken = all.length,
  ): Promise<void> {
    const stream = jetStreamMessages(consumer, { maxUnacknowledged: all.length });
    outcomes$ = new Subject();
    heard = [];
    subscription = outcomes$.pipe(settleMessages(stream, { deadLetter: { jetStream, subject } })).subscribe({
      next: (outcome) => heard.push(`${inShort(outcome)}, ${outcome.attempts}`),
      complete: () => heard.push('|'),
    });
    iterator = stream[Symbol.asyncIterator]();
    const firsts = all.slice(0, taken).map(() => iterator.next());
    await time.pass(0);
    consumer.give(...all);
    await Promise.all(firsts);
    await time.pass(0);
  }

  /** Until so many outcomes have been heard. */
  function hear(count: number): Promise<void> {
    return time.until('an outcome', () => heard.length >= count);
  }

  beforeEach(() => {
    jetStream = new Publisher();
    consumer = new ScriptedConsumer({ max_deliver: 3 });
  });

  it('is the message, with why it was given up, and then the message is terminated', async () => {
    const original = headers();
    original.append('Tenant', 'a');
    original.append('Tenant', 'b');
    original.append('Nats-Msg-Id', '17');
    original.append('nats-expected-stream', 'EVENTS');
    const one = new ScriptedMessage(1, 2, original);
    await begin([one]);
    const failures = [
      { connection: 'x', error: new Error('first\n  line') },
      { connection: 'y', error: 'text' },
    ];
    outcomes$.next(dropped(one, 'attempts', { attempts: 2, failures }));
    await hear(1);
    expect(jetStream.letters).to.deep.equal([
      {
        subject: 'dead',
        data: one.data,
        headers: {
          Tenant: ['a', 'b'],
          'Original-Nats-Msg-Id': ['17'],
          'Original-nats-expected-stream': ['EVENTS'],
          'Nats-Msg-Id': ['dead-letter:EVENTS:workers:1:0'],
          'Dead-Letter-Reason': ['attempts'],
          'Dead-Letter-Error': ['no room'],
          'Dead-Letter-Attempts': ['3'],
          'Dead-Letter-Failures': [
            JSON.stringify([
              { connection: 'x', error: 'first line' },
              { connection: 'y', error: 'text' },
            ]),
          ],
          'Dead-Letter-Subject': ['events.1'],
          'Dead-Letter-Stream': ['EVENTS'],
          'Dead-Letter-Consumer': ['workers'],
          'Dead-Letter-Sequence': ['1'],
        },
      },
    ]);
    expect(one.words).to.deep.equal(['term']);
    expect(heard).to.deep.equal(['1 attempts dead-letter, 3']);
    subscription.unsubscribe();
  });

  it('has errors on one line each, and not their whole length', async () => {
    const one = new ScriptedMessage(1);
    await begin([one]);
    const error = new Error(`  a\r\nb\tc ${'x'.repeat(600)}`);
    outcomes$.next(dropped(one, 'rejected', { error, failures: [{ connection: 'x', error }] }));
    await hear(1);
    const [letter] = jetStream.letters;
    const expected = `a b c ${'x'.repeat(494)}`;
    expect(letter?.headers['Dead-Letter-Error']).to.deep.equal([expected]);
    expect(letter?.headers['Dead-Letter-Failures']).to.deep.equal([
      JSON.stringify([{ connection: 'x', error: expected }]),
    ]);
    subscription.unsubscribe();
  });

  it('goes where a function of the message says', async () => {
    const [one, two] = [new ScriptedMessage(1), new ScriptedMessage(2)];
    await begin([one, two], ({ subject }) => `dead.${subject}`);
    outcomes$.next(dropped(one, 'rejected'));
    outcomes$.next(dropped(two, 'overflow'));
    await hear(2);
    expect(jetStream.letters.map(({ subject }) => subject)).to.deep.equal(['dead.events.1', 'dead.events.2']);
    subscription.unsubscribe();
  });

  it('is awaited: until then the message is not terminated, and has its beats', async () => {
    const one = new ScriptedMessage(1);
    await begin([one]);
    let published: () => void = () => undefined;
    jetStream.answer = () =>
      new Promise<void>((resolve) => {
        published = resolve;
      });
    outcomes$.next(dropped(one, 'rejected'));
    outcomes$.complete();
    await time.until('it to be published', () => jetStream.letters.length === 1);
    await time.pass(15_000);
    expect(one.words).to.deep.equal(['working']);
    expect(heard).to.deep.equal([]);
    published();
    await time.pass(0);
    expect(one.words).to.deep.equal(['working', 'term']);
    expect(heard).to.deep.equal(['1 rejected dead-letter, 1', '|']);
    time.expectNoTimers();
  });

  describe('that cannot be published', () => {
    const causes: readonly [string, () => DeadLetterOptions['subject']][] = [
      [
        'as the server refuses it',
        () => {
          jetStream.answer = () => Promise.reject(new Error('no stream'));
          return 'dead';
        },
      ],
      [
        'as the function throws',
        () => () => {
          throw new Error('no stream');
        },
      ],
    ];
    for (const [name, prepare] of causes) {
      it(`gives its message back, for after one ack wait: ${name}`, async () => {
        const one = new ScriptedMessage(1);
        await begin([one], prepare());
        outcomes$.next(dropped(one, 'rejected'));
        await hear(1);
        expect(one.words).to.deep.equal(['nak 30000']);
        expect(heard).to.deep.equal(['1 rejected nak (Error: no stream), 1']);
        subscription.unsubscribe();
      });
    }

    it('says so also where that cannot be said', async () => {
      const one = new ScriptedMessage(1);
      one.on.nak = () => {
        throw new Error('closed');
      };
      await begin([one]);
      jetStream.answer = () => Promise.reject(new Error('no stream'));
      outcomes$.next(dropped(one, 'rejected'));
      await hear(1);
      expect(heard).to.deep.equal(['1 rejected nak (Error: no stream), 1']);
      subscription.unsubscribe();
    });

    it('or whose message cannot be terminated, says so', async () => {
      const one = new ScriptedMessage(1);
      one.on.term = () => {
        throw new Error('closed');
      };
      await begin([one]);
      outcomes$.next(dropped(one, 'rejected'));
      await hear(1);
      expect(heard).to.have.length(1);
      expect(heard[0]).to.contain('(Error: closed)');
      subscription.unsubscribe();
    });
  });

  describe('that cannot be published, of a message that would not come again,', () => {
    let tries: number[] = [];
    let one: ScriptedMessage;

    beforeEach(async () => {
      tries = [];
      one = new ScriptedMessage(1, 3);
      await begin([one]);
      jetStream.answer = () => {
        tries.push(Date.now());
        return Promise.reject(new Error('no stream'));
      };
      outcomes$.next(dropped(one, 'rejected'));
      await time.until('a try', () => tries.length === 1);
    });

    it('is tried again until it can, and its message has its beats', async () => {
      for (let count = 2; count < 5; count++) {
        await time.pass(15_000);
        await time.until('another try', () => tries.length >= count);
      }
      expect(new Set(tries).size).to.equal(tries.length);
      expect(one.words).to.deep.equal(['working', 'working', 'working']);
      expect(heard).to.deep.equal([]);
      jetStream.answer = () => Promise.resolve();
      await time.pass(30_000);
      await hear(1);
      expect(heard).to.deep.equal(['1 rejected dead-letter, 3']);
      expect(one.words.slice(-1)).to.deep.equal(['term']);
      subscription.unsubscribe();
      time.expectNoTimers();
    });

    it('is tried no more when the worker ends, and its outcome says so', async () => {
      await iterator.return?.();
      await hear(1);
      expect(heard).to.deep.equal(['1 rejected nak (Error: no stream), 3']);
      // The server would not deliver it again: there is nothing to say.
      expect(one.words).to.deep.equal([]);
      const count = tries.length;
      await time.pass(60_000);
      expect(tries).to.have.length(count);
      subscription.unsubscribe();
      time.expectNoTimers();
    });

    it('is tried no more when the subscriber has left', async () => {
      subscription.unsubscribe();
      const count = tries.length;
      await time.pass(60_000);
      expect(tries).to.have.length(count);
      expect(heard).to.deep.equal([]);
      time.expectNoTimers();
    });
  });

  describe('that is larger than the server takes', () => {
    const tooLarge = new errors.InvalidArgumentError('max_payload size exceeded');
    /** Whether what is published has the texts. */
    const hasTexts = (): boolean => 'Dead-Letter-Error' in (jetStream.letters.at(-1)?.headers ?? {});

    it('goes without what its errors say', async () => {
      const one = new ScriptedMessage(1);
      await begin([one]);
      jetStream.answer = () => (hasTexts() ? Promise.reject(tooLarge) : Promise.resolve());
      outcomes$.next(dropped(one, 'rejected'));
      await hear(1);
      expect(heard).to.deep.equal(['1 rejected dead-letter, 1']);
      const [first, second] = jetStream.letters;
      expect(first?.headers).to.include.keys('Dead-Letter-Error', 'Dead-Letter-Failures');
      expect(second?.headers).to.not.include.keys('Dead-Letter-Error', 'Dead-Letter-Failures');
      expect(second?.headers).to.include.keys('Dead-Letter-Reason', 'Dead-Letter-Sequence', 'Nats-Msg-Id');
      subscription.unsubscribe();
    });

    it('and cannot go without it either, gives its message back', async () => {
      const one = new ScriptedMessage(1);
      await begin([one]);
      jetStream.answer = () => Promise.reject(tooLarge);
      outcomes$.next(dropped(one, 'rejected'));
      await hear(1);
      expect(jetStream.letters).to.have.length(2);
      expect(heard[0]).to.contain('1 rejected nak (');
      expect(heard[0]).to.contain('max_payload size exceeded');
      expect(one.words).to.deep.equal(['nak 30000']);
      subscription.unsubscribe();
    });

    it('is not tried for ever where its message would not come again: that makes room for others', async () => {
      const one = new ScriptedMessage(1, 3);
      await begin([one]);
      jetStream.answer = () => Promise.reject(tooLarge);
      outcomes$.next(dropped(one, 'rejected'));
      await hear(1);
      expect(heard[0]).to.contain('1 rejected nak (');
      await time.pass(60_000);
      expect(jetStream.letters).to.have.length(2);
      expect(one.words).to.deep.equal([]);
      subscription.unsubscribe();
      time.expectNoTimers();
    });

    it('and fails otherwise without it, is tried again where its message would not come again', async () => {
      const one = new ScriptedMessage(1, 3);
      await begin([one]);
      jetStream.answer = () => Promise.reject(hasTexts() ? tooLarge : new Error('no stream'));
      outcomes$.next(dropped(one, 'rejected'));
      await time.until('both tries', () => jetStream.letters.length === 2);
      jetStream.answer = () => Promise.resolve();
      await time.pass(2_000);
      await hear(1);
      expect(heard).to.deep.equal(['1 rejected dead-letter, 3']);
      subscription.unsubscribe();
    });
  });

  it('whose subject cannot be told is not tried for ever', async () => {
    const one = new ScriptedMessage(1, 3);
    await begin([one], () => {
      throw new Error('a bug of the user');
    });
    outcomes$.next(dropped(one, 'rejected'));
    await hear(1);
    expect(heard[0]).to.contain('a bug of the user');
    await time.pass(60_000);
    expect(jetStream.letters).to.deep.equal([]);
    expect(one.words).to.deep.equal([]);
    subscription.unsubscribe();
    time.expectNoTimers();
  });

  describe('is made of a message that is not to blame', () => {
    for (const reason of ['closed', 'no-connection'] as const) {
      it(`only where it would not come again: ${reason}`, async () => {
        const [again, last] = [new ScriptedMessage(1, 2), new ScriptedMessage(2, 3)];
        await begin([again, last]);
        outcomes$.next(dropped(again, reason, { attempts: 0 }));
        outcomes$.next(dropped(last, reason, { attempts: 0 }));
        await hear(2);
        expect(heard).to.deep.equal([`1 ${reason} nak, 1`, `2 ${reason} dead-letter, 2`]);
        expect(last.words).to.deep.equal(['term']);
        subscription.unsubscribe();
      });
    }

    it('before the end passes', async () => {
      const last = new ScriptedMessage(1, 3);
      await begin([last]);
      let published: () => void = () => undefined;
      jetStream.answer = () =>
        new Promise<void>((resolve) => {
          published = resolve;
        });
      outcomes$.complete();
      await time.until('it to be published', () => jetStream.letters.length === 1);
      await time.pass(5_000);
      expect(heard).to.deep.equal([]);
      published();
      await time.pass(0);
      expect(last.words).to.deep.equal(['term']);
      expect(heard).to.deep.equal(['|']);
      time.expectNoTimers();
    });

    it('also where nobody has taken it, when everything is given back', async () => {
      const [taken, again, last] = [
        new ScriptedMessage(1, 3),
        new ScriptedMessage(2, 2),
        new ScriptedMessage(3, 3),
      ];
      await begin([taken, again, last], 'dead', 1);
      subscription.unsubscribe();
      await time.pass(100);
      await time.until('all to be published', () => jetStream.letters.length === 2);
      await time.pass(0);
      expect(jetStream.letters.map(({ headers: all }) => all['Dead-Letter-Sequence'])).to.deep.equal([
        ['3'],
        ['1'],
      ]);
      const [letter] = jetStream.letters;
      expect(letter?.headers).to.deep.include({
        'Dead-Letter-Reason': ['closed'],
        'Dead-Letter-Error': ['nobody took it, and it would not come again'],
        'Dead-Letter-Attempts': ['2'],
        'Dead-Letter-Failures': ['[]'],
      });
      expect([taken, again, last].map(({ words }) => words)).to.deep.equal([['term'], ['nak'], ['term']]);
      time.expectNoTimers();
    });
  });
});
