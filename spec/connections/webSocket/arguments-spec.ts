/** Bad arguments of './websocket': who expected what, and what it got, without showing a secret. */
import { expect } from 'chai';
import { expectTypeOf } from 'expect-type';
import type { BatchConnection, Connection } from '../../../src/index.js';
import { webSocketConnection, type WebSocketOptions } from '../../../src/connections/webSocket.js';

describe('the arguments of webSocketConnection', () => {
  const made = (options: unknown, ...[url = 'wss://host/']: unknown[]): unknown =>
    webSocketConnection(url as string, options as WebSocketOptions<unknown, unknown>);

  it('should be a URL of WebSockets', () => {
    for (const [url, got] of [
      ['http://robert:hunter2@host/', '`"http://…@host/"` (string)'],
      ['ws://host:99999/?token=hunter2', '`"ws://host:99999/?…"` (string)'],
      ['ws://host:99999/#token=hunter2', '`"ws://host:99999/#…"` (string)'],
      ['ws://host:99999/?a#token=hunter2', '`"ws://host:99999/?…"` (string)'],
      [null, '`null` (null)'],
    ]) {
      expect(() => made({}, url))
        .to.throw(TypeError)
        .with.property(
          'message',
          `webSocketConnection: expected \`url\` to be a ws: or wss: URL, got ${got ?? ''}`,
        );
    }
  });

  it('should be options that make sense', () => {
    for (const [options, said] of [
      [null, '`options` to be an object'],
      [{ name: 7 }, '`name` to be a string'],
      [{ window: -1 }, '`window` to be a non-negative integer'],
      [{ batch: { size: 0 } }, '`batch.size` to be a positive integer'],
      [{ encode: 'json' }, '`encode` to be a function'],
      [{ decode: 'json' }, '`decode` to be a function'],
      [{ protocol: 7 }, '`protocol` to be a string, or an array of strings'],
      [{ protocol: ['a', 7] }, '`protocol` to be a string, or an array of strings'],
      [{ WebSocketCtor: {} }, '`WebSocketCtor` to be a function'],
      [{ headers: 'a: b' }, '`headers` to be an object'],
      [{ headers: { 'a b': 'hunter2' } }, '`headers["a b"]` to have the name of a header'],
      [{ headers: { a: 'hunter2\n' } }, '`headers["a"]` to be a string of characters that a header may have'],
      [{ headers: { a: 7 } }, '`headers["a"]` to be a string of characters that a header may have'],
      [{ tls: 'ca' }, '`tls` to be an object'],
      [{ headers: {}, WebSocketCtor: Object }, '`headers` to be absent beside `WebSocketCtor`'],
      [{ tls: {}, WebSocketCtor: Object }, '`tls` to be absent beside `WebSocketCtor`'],
    ] as const) {
      expect(() => made(options))
        .to.throw(Error)
        .with.property('message')
        .that.match(/^webSocketConnection: expected /)
        .and.includes(said)
        .and.does.not.include('hunter2');
    }
    expect(() => made({ tls: {} }, 'ws://host/')).to.throw(TypeError, '`tls` to be absent beside a ws: URL');
  });

  it('should make a connection that is called as its URL without what may be secret', () => {
    const { name, window } = webSocketConnection('wss://robert:hunter2@host:8080/in?token=hunter2#x');
    expect({ name, window }).to.deep.equal({ name: 'wss://host:8080/in', window: 64 });
    const options = { name: 'one', window: 3, batch: { size: 5 }, classify: () => 'temporary' as const };
    const connection = webSocketConnection(new URL('ws://host/'), options);
    expect(connection).to.include({ name: 'one', window: 3, classify: options.classify });
    expect(connection.batch).to.include({ size: 5 });
  });

  it('should say in its type that an answer may have no value', () => {
    const single = webSocketConnection<string, number>('ws://host/');
    expectTypeOf(single).toEqualTypeOf<Connection<string, number | undefined>>();
    const batches = webSocketConnection<string, number>('ws://host/', { batch: { size: 5 } });
    expectTypeOf(batches).toEqualTypeOf<BatchConnection<string, number>>();
  });
});
