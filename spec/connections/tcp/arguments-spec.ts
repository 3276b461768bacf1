/** Bad arguments of './tcp', and the types of good ones. */
import { expect } from 'chai';
import { expectTypeOf } from 'expect-type';
import { Socket } from 'node:net';
import { stub } from 'sinon';
import { tcpConnection, type TcpLineOptions, type TcpOptions } from '../../../src/connections/tcp.js';
import type { BatchConnection, Connection } from '../../../src/index.js';
import { until } from '../../until.js';
import { OpenConnection } from '../openConnection.js';

/** What the compiler is made to believe. */
type SingleOptions = TcpLineOptions<unknown, string> & { readonly batch?: undefined };

type ErrorType = typeof TypeError | typeof RangeError;

describe('the arguments of tcpConnection', () => {
  it('should be a URL of TCP or TLS', () => {
    for (const [url, got] of [
      ['http://host:1', '`"http://host:1"` (string)'],
      ['host:8080', '`"host:8080"` (string)'],
      ['tcp://host:99999', '`"tcp://host:99999"` (string)'],
      ['', '`""` (string)'],
      [undefined, '`undefined` (undefined)'],
      [{}, '`[object Object]` (object)'],
      ['http://robert:hunter2@host:1', '`"http://…@host:1"` (string)'],
    ] as const) {
      expect(() => tcpConnection(url as string))
        .to.throw(TypeError)
        .with.property('message', `tcpConnection: expected \`url\` to be a tcp: or tls: URL, got ${got}`);
    }
  });

  it('should be a host and a port, and nothing else', () => {
    for (const [url, shown] of [
      ['tcp://host', 'tcp://host'],
      ['tcp://host:0', 'tcp://host:0'],
      ['tcp:host:1', 'tcp:host:1'],
      ['tls://host:1/path', 'tls://host:1/path'],
      ['tls://host:1?token=hunter2', 'tls://host:1?…'],
      ['tls://host:1#there', 'tls://host:1#…'],
      ['tcp://robert:hunter2@host:1', 'tcp://…@host:1'],
      ['tcp://robert@host:1', 'tcp://…@host:1'],
      ['tcp://:hunter2@host:1', 'tcp://…@host:1'],
      ['tcp://a%20b:1', 'tcp://a%20b:1'],
      ['tcp://a%2fb:1', 'tcp://a%2fb:1'],
      ['tcp://xn--a:1', 'tcp://xn--a:1'],
    ] as const) {
      expect(() => tcpConnection(new URL(url)), url)
        .to.throw(TypeError)
        .with.property(
          'message',
          'tcpConnection: expected `url` to be a tcp: or tls: URL of a host and a port, and nothing else, ' +
            `got \`"${shown}"\` (string)`,
        );
    }
    for (const url of ['tcp://host:1', 'tls://host:65535/', 'tcp://[::1]:1', 'tcp://10.0.0.1:1']) {
      expect(tcpConnection(url).name).to.equal(url.replace(/\/$/, ''));
    }
  });

  it('should be a host that can be looked up, whatever it is written in', async () => {
    const asked: unknown[] = [];
    const connecting = stub(Socket.prototype, 'connect').callsFake(function (
      this: Socket,
      ...args: unknown[]
    ) {
      asked.push(args.flat()[0]);
      return this;
    });
    try {
      for (const [url, host, name] of [
        ['tcp://MÜNCHEN.example:80', 'xn--mnchen-3ya.example', 'tcp://xn--mnchen-3ya.example:80'],
        ['tls://m%C3%BCnchen.example:443', 'xn--mnchen-3ya.example', 'tls://xn--mnchen-3ya.example:443'],
        ['tcp://Collector:1', 'collector', 'tcp://collector:1'],
        ['tcp://[::0:1]:1', '::1', 'tcp://[::1]:1'],
      ] as const) {
        const connection = tcpConnection(url);
        expect(connection.name).to.equal(name);
        const opened = new OpenConnection(connection);
        await until('it connects', () => asked.length > 0);
        opened.close();
        expect(asked.splice(0)[0]).to.include({ host });
      }
    } finally {
      connecting.restore();
    }
  });

  it('should be options that make sense', () => {
    const limit = 'milliseconds from 0 to 2147483647, or Infinity';
    const cases: readonly (readonly [unknown, ErrorType, string])[] = [
      [null, TypeError, '`options` to be an object, got `null` (null)'],
      [{ name: 1 }, TypeError, '`name` to be a string, got `1` (number)'],
      [{ window: -1 }, RangeError, '`window` to be a non-negative integer or Infinity, got `-1` (number)'],
      [{ classify: 1 }, TypeError, '`classify` to be a function, got `1` (number)'],
      [
        { batch: {} },
        TypeError,
        '`batch.size` to be a positive integer or Infinity, got `undefined` (undefined)',
      ],
      [{ framing: 'line' }, TypeError, "`framing` to be 'newline' or 'length', got `\"line\"` (string)"],
      [{ framing: null }, TypeError, "`framing` to be 'newline' or 'length', got `null` (null)"],
      [{ encode: 'json' }, TypeError, '`encode` to be a function, got `"json"` (string)'],
      [{ read: 'json' }, TypeError, '`read` to be a function, got `"json"` (string)'],
      [{ unacknowledged: 1 }, TypeError, '`unacknowledged` to be a boolean, got `1` (number)'],
      [
        { unacknowledged: true, read: () => 1 },
        TypeError,
        '`read` to be absent beside `unacknowledged`, got `function read` (function)',
      ],
      [{ tls: true }, TypeError, '`tls` to be an object, got `true` (boolean)'],
      [{ keepAlive: '1' }, TypeError, `\`keepAlive\` to be ${limit}, got \`"1"\` (string)`],
      [{ keepAlive: -1 }, RangeError, `\`keepAlive\` to be ${limit}, got \`-1\` (number)`],
      [{ connectTimeout: NaN }, RangeError, `\`connectTimeout\` to be ${limit}, got \`NaN\` (number)`],
      [{ idleTimeout: 2 ** 31 }, RangeError, `\`idleTimeout\` to be ${limit}, got \`2147483648\` (number)`],
      [
        { maxAnswerSize: 1.5 },
        RangeError,
        '`maxAnswerSize` to be a non-negative integer or Infinity, got `1.5` (number)',
      ],
    ];
    for (const [options, type, message] of cases) {
      expect(() => tcpConnection('tls://host:1', options as SingleOptions), message)
        .to.throw(type)
        .with.property('message', `tcpConnection: expected ${message}`);
    }
    expect(() => tcpConnection('tcp://host:1', { tls: {} }))
      .to.throw(TypeError)
      .with.property(
        'message',
        'tcpConnection: expected `tls` to be absent beside a tcp: URL, got `[object Object]` (object)',
      );
  });

  it('should be allowed to be absent', () => {
    tcpConnection('tcp://host:1', {});
    tcpConnection('tcp://host:1', undefined);
    tcpConnection('tls://host:1', {
      tls: {},
      keepAlive: Infinity,
      connectTimeout: Infinity,
      maxAnswerSize: 0,
    });
    tcpConnection('tcp://host:1', { unacknowledged: false, framing: 'newline', batch: { size: Infinity } });
  });

  it('should tell the types of events and values', () => {
    const url = 'tcp://host:1';
    const batch = { size: 1 };
    const encode = (event: Date): string => event.toISOString();
    expectTypeOf(tcpConnection(url)).toEqualTypeOf<Connection<unknown, string>>();
    expectTypeOf(tcpConnection(url, { batch })).toEqualTypeOf<BatchConnection<unknown, string>>();
    expectTypeOf(tcpConnection(url, { encode })).toEqualTypeOf<Connection<Date, string>>();
    expectTypeOf(tcpConnection(url, { encode, read: Number })).toEqualTypeOf<Connection<Date, number>>();
    expectTypeOf(tcpConnection(url, { encode, framing: 'length' })).toEqualTypeOf<Connection<Date, string>>();
    expectTypeOf(tcpConnection(url, { encode, unacknowledged: true })).toEqualTypeOf<
      Connection<Date, void>
    >();
    expectTypeOf(tcpConnection(url, { unacknowledged: true, batch })).toEqualTypeOf<
      BatchConnection<unknown, void>
    >();
    tcpConnection(url, {
      read: (answer) => {
        expectTypeOf(answer).toEqualTypeOf<string>();
      },
    });
    tcpConnection(url, {
      framing: 'length',
      batch,
      read: (answer, event: Date) => {
        expectTypeOf(answer).toEqualTypeOf<Buffer>();
        return event;
      },
    });
    const options: TcpOptions<Date, number> = { read: Number };
    expectTypeOf(tcpConnection(url, options as TcpOptions<Date, number>)).toEqualTypeOf<
      Connection<Date, number> | BatchConnection<Date, number>
    >();
    // @ts-expect-error -- nothing is read where nothing is answered
    expect(() => tcpConnection(url, { unacknowledged: true, read: Number })).to.throw(TypeError);
  });
});
