/** Bad arguments of './http': who expected what, and what it got, without showing a secret. */
import { expect } from 'chai';
import { bulk, httpConnection, type BulkOptions, type HttpOptions } from '../../src/connections/http.js';

/** What the compiler is made to believe. */
type SingleOptions = HttpOptions<unknown, void> & { readonly batch?: undefined };

type ErrorType = typeof TypeError | typeof RangeError;

describe('the arguments of httpConnection', () => {
  it('should be a URL of HTTP', () => {
    const cases: readonly (readonly [unknown, string])[] = [
      ['ftp://x', '`"ftp://x"` (string)'],
      [new URL('file:///etc/passwd'), '`"file:///etc/passwd"` (string)'],
      ['host:8080/events', '`"host:8080/events"` (string)'],
      ['/events', '`"/events"` (string)'],
      ['http://', '`"http://"` (string)'],
      ['http://host:99999/', '`"http://host:99999/"` (string)'],
      ['', '`""` (string)'],
      [undefined, '`undefined` (undefined)'],
      [null, '`null` (null)'],
      [8080, '`8080` (number)'],
      [{ href: 'http://host' }, '`[object Object]` (object)'],
    ];
    for (const [url, got] of cases) {
      expect(() => httpConnection(url as string))
        .to.throw(TypeError)
        .with.property(
          'message',
          `httpConnection: expected \`url\` to be an http: or https: URL, got ${got}`,
        );
    }
  });

  it('should not show the credentials of a URL', () => {
    for (const [url, shown] of [
      ['ftp://robert:hunter2@host/path', 'ftp://…@host/path'],
      ['http://robert:hunter2@host:99999/', 'http://…@host:99999/'],
      ['http://robert:hunter2@', 'http://…@'],
      ['http://robert:p@hunter2@host:x/', 'http://…@host:x/'],
      ['HTTP://robert:hunter2@ho st/', 'HTTP://…@ho st/'],
      ['//robert:hunter2@host/', '//…@host/'],
      ['http:/robert:hunter2@host:x', 'http:/…@host:x'],
      ['robert:hunter2@host/in', '…@host/in'],
      [new URL('ftp://robert:hunter2@host/'), 'ftp://…@host/'],
    ] as const) {
      expect(() => httpConnection(url))
        .to.throw(TypeError)
        .with.property('message')
        .that.includes(`got \`${JSON.stringify(shown)}\``);
    }
  });

  it('should be options that make sense', () => {
    const encode = (): { body: string } => ({ body: '' });
    const count = 'a positive integer or Infinity';
    const limit = 'milliseconds from 0 to 2147483647, or Infinity';
    const cases: readonly (readonly [unknown, ErrorType, string])[] = [
      [null, TypeError, '`options` to be an object, got `null` (null)'],
      ['json', TypeError, '`options` to be an object, got `"json"` (string)'],
      [{ name: 1 }, TypeError, '`name` to be a string, got `1` (number)'],
      [{ window: '8' }, TypeError, '`window` to be a non-negative integer or Infinity, got `"8"` (string)'],
      [{ window: -1 }, RangeError, '`window` to be a non-negative integer or Infinity, got `-1` (number)'],
      [{ window: 1.5 }, RangeError, '`window` to be a non-negative integer or Infinity, got `1.5` (number)'],
      [{ classify: 'temporary' }, TypeError, '`classify` to be a function, got `"temporary"` (string)'],
      [{ format: 'ndjson' }, TypeError, '`format` to be an object, got `"ndjson"` (string)'],
      [{ format: {} }, TypeError, '`format.encode` to be a function, got `undefined` (undefined)'],
      [{ format: { encode, read: 1 } }, TypeError, '`format.read` to be a function, got `1` (number)'],
      [{ tls: true }, TypeError, '`tls` to be an object, got `true` (boolean)'],
      [{ tls: null }, TypeError, '`tls` to be an object, got `null` (null)'],
      [
        { maxResponseSize: '1' },
        TypeError,
        '`maxResponseSize` to be a non-negative integer or Infinity, got `"1"` (string)',
      ],
      [
        { maxResponseSize: NaN },
        RangeError,
        '`maxResponseSize` to be a non-negative integer or Infinity, got `NaN` (number)',
      ],
      [{ batch: 10 }, TypeError, '`batch` to be an object, got `10` (number)'],
      [{ batch: {} }, TypeError, `\`batch.size\` to be ${count}, got \`undefined\` (undefined)`],
      [{ batch: { size: 0 } }, RangeError, `\`batch.size\` to be ${count}, got \`0\` (number)`],
      [
        { batch: { size: 1, linger: -1 } },
        RangeError,
        '`batch.linger` to be milliseconds from 0 to 2147483647, got `-1` (number)',
      ],
      [
        { batch: { size: 1, linger: '1' } },
        TypeError,
        '`batch.linger` to be milliseconds from 0 to 2147483647, got `"1"` (string)',
      ],
      [{ health: 1 }, TypeError, '`health` to be an object, got `1` (number)'],
      [{ health: null }, TypeError, '`health` to be an object, got `null` (null)'],
      [{ health: {} }, TypeError, '`health.path` to be a string, got `undefined` (undefined)'],
      [
        { health: { path: '/', interval: -1 } },
        RangeError,
        `\`health.interval\` to be ${limit}, got \`-1\` (number)`,
      ],
      [
        { health: { path: '/', interval: '1' } },
        TypeError,
        `\`health.interval\` to be ${limit}, got \`"1"\` (string)`,
      ],
      [
        { health: { path: '/', timeout: 2 ** 31 } },
        RangeError,
        `\`health.timeout\` to be ${limit}, got \`2147483648\` (number)`,
      ],
      [{ headers: 'x: y' }, TypeError, '`headers` to be an object, got `"x: y"` (string)'],
      [{ headers: null }, TypeError, '`headers` to be an object, got `null` (null)'],
    ];
    for (const [options, type, message] of cases) {
      expect(() => httpConnection('http://host', options as SingleOptions), message)
        .to.throw(type)
        .with.property('message', `httpConnection: expected ${message}`);
    }
  });

  it('should be a path of the same origin', () => {
    for (const path of [
      'http://elsewhere/health',
      'https://host:8080/health',
      '//elsewhere/health',
      '\\\\elsewhere/health',
      'http://host:8081/',
      'http://[',
      'file:///etc/passwd',
    ]) {
      for (const health of [path, { path }]) {
        expect(() => httpConnection('http://user:hunter2@host:8080/events', { health }), path)
          .to.throw(RangeError)
          .with.property('message')
          .that.includes('`health.path` to be a path of http://host:8080, got ')
          .and.not.includes('hunter2');
      }
    }
    for (const health of ['', '/', 'health', './health', '?deep', 'http://host:8080/health']) {
      httpConnection('http://user:hunter2@host:8080/events', { health });
    }
  });

  it('should be headers that can be sent, and not those that the client sets', () => {
    const values = [
      'a\r\nb: c',
      'a\nb',
      'a\rb',
      'a\0b',
      '\u0142',
      '\u{1f600}',
      1,
      undefined,
      null,
      ['a'],
      {},
    ];
    for (const value of values) {
      const headers = { 'X-Secret': value } as Record<string, string>;
      expect(() => httpConnection('http://host', { headers }), JSON.stringify(value))
        .to.throw(TypeError)
        .with.property('message')
        .that.matches(/^httpConnection: expected `headers\["X-Secret"\]` to be a string [^\r\n]*$/);
    }
    for (const name of ['', 'a b', 'a:b', 'a\r\nb', 'é', 'a\0']) {
      expect(() => httpConnection('http://host', { headers: { [name]: 'value' } }), JSON.stringify(name))
        .to.throw(TypeError)
        .with.property('message')
        .that.matches(/^httpConnection: expected `headers\[.*\]` to have the name of a header$/);
    }
    for (const name of [
      'connection',
      'content-length',
      'Expect',
      'Keep-Alive',
      'TE',
      'trailer',
      'Transfer-Encoding',
      'UPGRADE',
    ]) {
      expect(() => httpConnection('http://host', { headers: { [name]: 'x' } }))
        .to.throw(TypeError)
        .with.property('message')
        .that.matches(new RegExp(`^httpConnection: expected \`headers\\["${name}"\\]\` to be absent`));
    }
  });

  it('should be allowed to be absent', () => {
    httpConnection('http://host', {});
    httpConnection('http://host', undefined);
    httpConnection('http://host', { batch: { size: Infinity } });
    httpConnection('http://host', { maxResponseSize: 0, window: 0, headers: {}, tls: {} });
    httpConnection('http://host', { health: { path: '/', interval: Infinity, timeout: Infinity } });
  });

  it('should make sense to bulk', () => {
    const cases: readonly (readonly [unknown, ErrorType, string])[] = [
      [{ action: 'delete' }, TypeError, "`action` to be 'index' or 'create', got `\"delete\"` (string)"],
      [{ action: null }, TypeError, "`action` to be 'index' or 'create', got `null` (null)"],
      [{ index: 1 }, TypeError, '`index` to be a string, got `1` (number)'],
      [{ id: 'id' }, TypeError, '`id` to be a function, got `"id"` (string)'],
      [{ routing: 1 }, TypeError, '`routing` to be a function, got `1` (number)'],
      [{ document: {} }, TypeError, '`document` to be a function, got `[object Object]` (object)'],
    ];
    for (const [options, type, message] of cases) {
      expect(() => bulk(options as BulkOptions<unknown>))
        .to.throw(type)
        .with.property('message', `bulk: expected ${message}`);
    }
  });
});
