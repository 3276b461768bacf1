/** Bad arguments of './redis': who expected what, and what it got, without showing a secret. */
import { expect } from 'chai';
import { NEVER } from 'rxjs';
import { redisConnection, type RedisListOptions } from '../../../src/connections/redis.js';

type ErrorType = typeof TypeError | typeof RangeError;

/** What the compiler is made to believe. */
type ListOptions = RedisListOptions<unknown> & { readonly batch?: undefined };

describe('the arguments of redisConnection', () => {
  it('should be a URL of Redis', () => {
    const type = 'a redis: or rediss: URL';
    const shape = 'like redis://user:password@host:port/database';
    const cases: readonly (readonly [unknown, ErrorType, string, string])[] = [
      ['http://x', TypeError, type, '`"http://x"` (string)'],
      ['127.0.0.1:6379', TypeError, type, '`"127.0.0.1:6379"` (string)'],
      ['redis://host:99999', TypeError, type, '`"redis://host:99999"` (string)'],
      [undefined, TypeError, type, '`undefined` (undefined)'],
      [6379, TypeError, type, '`6379` (number)'],
      ['redis:localhost', RangeError, shape, '`"redis:localhost"` (string)'],
      ['redis:///0', RangeError, shape, '`"redis:///0"` (string)'],
      ['redis://host/key', RangeError, shape, '`"redis://host/key"` (string)'],
      ['redis://host/1/2', RangeError, shape, '`"redis://host/1/2"` (string)'],
      ['redis://host/-1', RangeError, shape, '`"redis://host/-1"` (string)'],
      ['redis://host/1e3', RangeError, shape, '`"redis://host/1e3"` (string)'],
      ['redis://host/1234567890', RangeError, shape, '`"redis://host/1234567890"` (string)'],
      ['redis://host#1', RangeError, shape, '`"redis://host#…"` (string)'],
      ['redis://host?db=1', RangeError, shape, '`"redis://host?…"` (string)'],
      ['redis://robert:hunter2@host/key', RangeError, shape, '`"redis://…@host/key"` (string)'],
      ['ftp://robert:hunter2@host', TypeError, type, '`"ftp://…@host"` (string)'],
    ];
    for (const [url, kind, expected, got] of cases) {
      expect(() => redisConnection(url as string, { list: 'key' }), String(url))
        .to.throw(kind)
        .with.property('message', `redisConnection: expected \`url\` to be ${expected}, got ${got}`);
    }
  });

  it('should be options that make sense', () => {
    const noop = (): string => '';
    const fields = (): Record<string, string> => ({ a: '' });
    const time = 'milliseconds from 1 to 2147483647, or Infinity';
    const count = 'a positive integer or Infinity';
    const cases: readonly (readonly [unknown, ErrorType, string])[] = [
      [undefined, TypeError, '`options` to be an object, got `undefined` (undefined)'],
      [null, TypeError, '`options` to be an object, got `null` (null)'],
      [{}, TypeError, '`list` to be a key, or `stream` to be one, got `undefined` (undefined)'],
      [{ list: 1 }, TypeError, '`list` to be a key, or `stream` to be one, got `1` (number)'],
      [{ stream: 1 }, TypeError, '`stream` to be a key, got `1` (number)'],
      [{ stream: null }, TypeError, '`stream` to be a key, got `null` (null)'],
      [{ list: 'a', stream: 'b' }, TypeError, '`list` to be absent beside `stream`, got `"a"` (string)'],
      [
        { stream: 'b', side: 'left' },
        TypeError,
        '`side` to be absent beside `stream`, got `"left"` (string)',
      ],
      [{ list: 'a', side: 'top' }, TypeError, "`side` to be 'left' or 'right', got `\"top\"` (string)"],
      [{ list: 'a', maxLength: 1 }, TypeError, '`maxLength` to be absent beside `list`, got `1` (number)'],
      [
        { list: 'a', fields },
        TypeError,
        '`fields` to be absent beside `list`, got `function fields` (function)',
      ],
      [{ stream: 'a', maxLength: 0 }, RangeError, `\`maxLength\` to be ${count}, got \`0\` (number)`],
      [{ stream: 'a', maxLength: '9' }, TypeError, `\`maxLength\` to be ${count}, got \`"9"\` (string)`],
      [{ stream: 'a', fields: {} }, TypeError, '`fields` to be a function, got `[object Object]` (object)'],
      [
        { stream: 'a', fields, encode: noop },
        TypeError,
        '`encode` to be absent beside `fields`, got `function noop` (function)',
      ],
      [{ list: 'a', encode: 'json' }, TypeError, '`encode` to be a function, got `"json"` (string)'],
      [{ list: 'a', tls: true }, TypeError, '`tls` to be an object, got `true` (boolean)'],
      [{ list: 'a', pingInterval: 0 }, RangeError, `\`pingInterval\` to be ${time}, got \`0\` (number)`],
      [{ list: 'a', pingInterval: NaN }, RangeError, `\`pingInterval\` to be ${time}, got \`NaN\` (number)`],
      [
        { list: 'a', pingInterval: 2 ** 31 },
        RangeError,
        `\`pingInterval\` to be ${time}, got \`2147483648\` (number)`,
      ],
      [{ list: 'a', pingInterval: '1' }, TypeError, `\`pingInterval\` to be ${time}, got \`"1"\` (string)`],
      [{ list: 'a', name: 1 }, TypeError, '`name` to be a string, got `1` (number)'],
      [
        { list: 'a', window: -1 },
        RangeError,
        '`window` to be a non-negative integer or Infinity, got `-1` (number)',
      ],
      [{ list: 'a', batch: { size: 0 } }, RangeError, `\`batch.size\` to be ${count}, got \`0\` (number)`],
      [{ list: 'a', classify: 1 }, TypeError, '`classify` to be a function, got `1` (number)'],
    ];
    for (const [options, kind, message] of cases) {
      expect(() => redisConnection('redis://host', options as ListOptions), message)
        .to.throw(kind)
        .with.property('message', `redisConnection: expected ${message}`);
    }
  });

  it('should make a name without secrets', () => {
    for (const [url, name] of [
      ['redis://host', 'redis://host/key'],
      ['redis://host/', 'redis://host/key'],
      ['redis://host:6380/0', 'redis://host:6380/key'],
      ['redis://robert:hunter2@host/2', 'redis://host/2/key'],
      ['rediss://[::1]:1/2', 'rediss://[::1]:1/2/key'],
    ] as const) {
      expect(redisConnection(url, { list: 'key' }).name).to.equal(name);
      expect(redisConnection(new URL(url), { stream: 'key' }).name).to.equal(name);
    }
    expect(redisConnection('redis://host', { list: 'key', name: 'place' }).name).to.equal('place');
  });

  it('should make a window: many events, or one batch', () => {
    const batch = { size: 10 };
    expect(redisConnection('redis://host', { list: 'key' }).window).to.equal(256);
    expect(redisConnection('redis://host', { list: 'key', batch }).window).to.equal(1);
    expect(redisConnection('redis://host', { list: 'key', batch, window: 4 }).window).to.equal(4);
    expect(redisConnection('redis://host', { stream: 'key', window: NEVER }).window).to.equal(NEVER);
  });
});
