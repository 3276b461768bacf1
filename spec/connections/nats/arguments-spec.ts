/** The arguments of natsConnection: what it takes, and what it says of the rest. */
import { expect } from 'chai';
import { natsConnection } from '../../../src/connections/nats.js';

describe('natsConnection, its arguments', () => {
  const make = (url: unknown, options: unknown) => () =>
    natsConnection(url as string, options as { subject: string });
  const url = 'nats://127.0.0.1:4222';
  const good = { subject: 'a' };

  for (const [what, call, type, message] of [
    ['no URL', make('127.0.0.1', good), TypeError, /`url` to be a nats: or tls: URL/],
    ['another scheme', make('http://a', good), TypeError, /`url` to be a nats: or tls: URL/],
    ['an empty list', make([], good), TypeError, /`url` to be a URL, or a list of at least one/],
    ['a bad URL of a list', make([url, 5], good), TypeError, /`url\[1\]` to be/],
    ['a hole in a list', make(new Array(1), good), TypeError, /`url\[0\]` to be/],
    ['no options', make(url, undefined), TypeError, /`options` to be an object/],
    ['no subject', make(url, {}), TypeError, /`subject` to be a subject.*got `undefined`/],
    ['a subject with a space', make(url, { subject: 'a b' }), RangeError, /`subject` to be a subject/],
    ['a wildcard', make(url, { subject: 'a.>' }), RangeError, /`subject` to be a subject/],
    ['a line break', make(url, { subject: 'a\r\nPUB x' }), RangeError, /`subject` to be a subject/],
    [
      'an inbox that is none',
      make(url, { ...good, inboxPrefix: '*' }),
      RangeError,
      /`inboxPrefix` to be a subject/,
    ],
    ['encode', make(url, { ...good, encode: 5 }), TypeError, /`encode` to be a function/],
    ['headers', make(url, { ...good, headers: {} }), TypeError, /`headers` to be a function/],
    ['read', make(url, { ...good, read: 'x' }), TypeError, /`read` to be a function/],
    [
      'read of a stream',
      make(url, { ...good, jetStream: true, read: String }),
      TypeError,
      /`read` to be absent beside `jetStream`/,
    ],
    ['jetStream', make(url, { ...good, jetStream: 'yes' }), TypeError, /`jetStream` to be true or an object/],
    [
      'jetStream, null',
      make(url, { ...good, jetStream: null }),
      TypeError,
      /`jetStream` to be true or an object/,
    ],
    [
      'messageId',
      make(url, { ...good, jetStream: { messageId: 'x' } }),
      TypeError,
      /`jetStream.messageId` to be a function/,
    ],
    [
      'expectStream',
      make(url, { ...good, jetStream: { expectStream: 5 } }),
      TypeError,
      /`jetStream.expectStream` to be a string/,
    ],
    ['tls', make(url, { ...good, tls: true }), TypeError, /`tls` to be an object/],
    [
      'authenticator',
      make(url, { ...good, authenticator: {} }),
      TypeError,
      /`authenticator` to be a function/,
    ],
    [
      'pingInterval',
      make(url, { ...good, pingInterval: '1' }),
      TypeError,
      /`pingInterval` to be milliseconds/,
    ],
    ['no interval', make(url, { ...good, pingInterval: 0 }), RangeError, /`pingInterval` to be milliseconds/],
    [
      'a long interval',
      make(url, { ...good, pingInterval: Infinity }),
      RangeError,
      /`pingInterval` to be milliseconds/,
    ],
    ['an empty token', make(url, { ...good, token: '' }), TypeError, /`token` to be a string/],
    ['window', make(url, { ...good, window: -1 }), RangeError, /`window`/],
    ['batch', make(url, { ...good, batch: { size: 0 } }), RangeError, /`batch.size`/],
  ] as const) {
    it(`should refuse: ${what}`, () => {
      expect(call).to.throw(type, message);
      expect(call).to.throw(/^natsConnection: expected /);
    });
  }

  it('should show no secret of what it refuses', () => {
    expect(make('amqp://me:hunter2@host', good))
      .to.throw(TypeError)
      .with.property('message')
      .that.does.not.include('hunter2');
    expect(make(url, { ...good, token: ['hunter2'] }))
      .to.throw(TypeError, /`token` to be a string/)
      .with.property('message')
      .that.does.not.include('hunter2');
  });

  it('should take a window of its own, and a classify', () => {
    const classify = (): 'temporary' => 'temporary';
    const connection = natsConnection(url, { ...good, window: 3, classify });
    expect(connection).to.include({ window: 3, classify });
    expect(natsConnection(url, good)).to.include({ window: 256 }).and.not.have.property('classify');
  });
});
