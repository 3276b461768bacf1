/** What is refused at the call, by whom, and in which words. */
import { expect } from 'chai';
import { NEVER, of, type Observable } from 'rxjs';
import { loadBalanceFrom } from '../../src/index.js';
import { jetStreamBalancer, jetStreamMessages, settleMessages } from '../../src/jetStream/index.js';
import { ScriptedConsumer } from './scriptedConsumer.js';

/** As a program without types calls it. */
type Untyped = (...values: readonly unknown[]) => unknown;

const consumer = new ScriptedConsumer();
const connections = [() => NEVER];
const balancer = jetStreamBalancer as Untyped;
const messages = jetStreamMessages as Untyped;
const settle = settleMessages as Untyped;

/** What both take, as the name of the option, the value, and what is said of it. */
const asking: readonly [Readonly<Record<string, unknown>>, string][] = [
  [{ drainOn: 5 }, '`drainOn` to be an ObservableInput or an AbortSignal, got `5` (number)'],
  [{ drainOn: {} }, '`drainOn` to be an ObservableInput or an AbortSignal, got `[object Object]` (object)'],
  [{ maxUnacknowledged: 0 }, '`maxUnacknowledged` to be a positive integer or Infinity, got `0` (number)'],
  [
    { maxUnacknowledged: '3' },
    '`maxUnacknowledged` to be a positive integer or Infinity, got `"3"` (string)',
  ],
  [{ resumeDelay: -1 }, '`resumeDelay` to be milliseconds from 0 to 2147483647, got `-1` (number)'],
  [{ resumeDelay: 'soon' }, '`resumeDelay` to be milliseconds from 0 to 2147483647, got `"soon"` (string)'],
];

/** The same for what settles. */
const settling: readonly [Readonly<Record<string, unknown>>, string][] = [
  [{ ackAck: 1 }, '`ackAck` to be a boolean, got `1` (number)'],
  [{ deadLetter: 'dead' }, '`deadLetter` to be an object, got `"dead"` (string)'],
  [{ deadLetter: null }, '`deadLetter` to be an object, got `null` (null)'],
  [{ deadLetter: {} }, '`deadLetter.jetStream` to be an object, got `undefined` (undefined)'],
  [
    { deadLetter: { jetStream: {} } },
    '`deadLetter.jetStream.publish` to be a function, got `undefined` (undefined)',
  ],
  [
    { deadLetter: { jetStream: { publish: () => undefined }, subject: '' } },
    '`deadLetter.subject` to be a subject, or a function that gives one, got `""` (string)',
  ],
  [
    { deadLetter: { jetStream: { publish: () => undefined } } },
    '`deadLetter.subject` to be a subject, or a function that gives one, got `undefined` (undefined)',
  ],
];

/** The same for consumers. */
const consumers: readonly [unknown, string][] = [
  [undefined, '`consumer` to be an object, got `undefined` (undefined)'],
  ['workers', '`consumer` to be an object, got `"workers"` (string)'],
  [{ info: () => undefined }, '`consumer.fetch` to be a function, got `undefined` (undefined)'],
  [{ fetch: () => undefined }, '`consumer.info` to be a function, got `undefined` (undefined)'],
];

describe('A wrong argument', () => {
  for (const [options, said] of asking) {
    it(`of both that ask: expected ${said}`, () => {
      expect(() => messages(consumer, options)).to.throw(Error, `jetStreamMessages: expected ${said}`);
      expect(() => balancer({ consumer, connections, ...options })).to.throw(
        Error,
        `jetStreamBalancer: expected ${said}`,
      );
    });
  }

  for (const [options, said] of settling) {
    it(`of both that settle: expected ${said}`, () => {
      expect(() => settle(messages(consumer), options)).to.throw(
        TypeError,
        `settleMessages: expected ${said}`,
      );
      expect(() => balancer({ consumer, connections, ...options })).to.throw(
        TypeError,
        `jetStreamBalancer: expected ${said}`,
      );
    });
  }

  for (const [wrong, said] of consumers) {
    it(`of both that have a consumer: expected ${said}`, () => {
      expect(() => messages(wrong)).to.throw(TypeError, `jetStreamMessages: expected ${said}`);
      expect(() => balancer({ consumer: wrong, connections })).to.throw(
        TypeError,
        `jetStreamBalancer: expected ${said}`,
      );
    });
  }

  it('of jetStreamMessages: options that are none', () => {
    expect(() => messages(consumer, 5)).to.throw(
      TypeError,
      'jetStreamMessages: expected `options` to be an object, got `5` (number)',
    );
  });

  it('of settleMessages: messages from elsewhere, and options that are none', () => {
    expect(() => settle([])).to.throw(
      TypeError,
      'settleMessages: expected `messages` to be what jetStreamMessages gives, got `` (array)',
    );
    expect(() => settle(messages(consumer), 5)).to.throw(
      TypeError,
      'settleMessages: expected `options` to be an object, got `5` (number)',
    );
  });

  it('of jetStreamBalancer: what loadBalance would refuse, and a queue', () => {
    const refused: readonly [Readonly<Record<string, unknown>>, string][] = [
      [{ connections: 5 }, '`connections`'],
      [{ maxAttempts: 0 }, '`maxAttempts`'],
      [{ timeout: -1 }, '`timeout`'],
      [{ queue: { capacity: 5 } }, '`queue`'],
    ];
    for (const [options, said] of refused) {
      expect(() => balancer({ consumer, connections, ...options })).to.throw(
        Error,
        `jetStreamBalancer: expected ${said}`,
      );
    }
    expect(() => balancer(undefined)).to.throw(
      TypeError,
      'jetStreamBalancer: expected `config` to be an object, got `undefined` (undefined)',
    );
  });

  it('is refused before anything is asked or subscribed', () => {
    let subscribed = 0;
    const drainOn = { subscribe: () => subscribed++ } as unknown as Observable<unknown>;
    expect(() => balancer({ consumer, connections, drainOn, maxUnacknowledged: 0 })).to.throw(RangeError);
    expect(subscribed).to.equal(0);
    expect(consumer.infos).to.equal(0);
  });
});

describe('A right argument', () => {
  it('does nothing by itself', () => {
    const fine = new ScriptedConsumer();
    const source = jetStreamMessages(fine, { drainOn: of(1), maxUnacknowledged: 1, resumeDelay: 0 });
    settleMessages(source, {
      ackAck: true,
      deadLetter: { jetStream: { publish: () => Promise.reject(new Error('no')) }, subject: () => 'dead' },
    });
    void loadBalanceFrom(source, [() => NEVER]);
    expect(fine.infos).to.equal(0);
  });
});
