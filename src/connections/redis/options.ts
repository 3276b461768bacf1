/** The options of a Redis connection, checked, with every default in its place. */
import type { ConnectionOptions as TlsOptions } from 'node:tls';
import { longestDelay } from '../../internal/alarm.js';
import { expectCount, expectFunction, expectNumber, expectObject, wrongType } from '../../internal/expect.js';
import type { Encode } from '../encoding.js';
import { Secrets } from '../secrets.js';
import {
  connectionSettings,
  type ConnectionOptions as CommonOptions,
  type ConnectionSettings,
} from '../settings.js';
import { listCommand, streamCommand, type CommandOf } from './commands.js';
import type { Endpoint } from './endpoint.js';

/** What connections to lists and to streams have in common. */
export interface RedisBaseOptions<T> extends CommonOptions<T> {
  /** Writes an event. What it throws drops the event, reason `rejected`. Default: as JSON. */
  readonly encode?: Encode<T>;
  /** Options of TLS for `rediss:`, as of Node's `tls.connect`: `ca`, `cert`, `key`, `servername`. Default: Node's, which verifies. */
  readonly tls?: TlsOptions;
  /**
   * How often the server is sent a PING, in milliseconds. The connection is lost when nothing has moved on it
   * for twice as long. Default 10,000; `Infinity`: not at all.
   */
  readonly pingInterval?: number;
}

/** Options of a {@link redisConnection} that pushes events to a list. */
export interface RedisListOptions<T> extends RedisBaseOptions<T> {
  /** The key of the list. */
  readonly list: string;
  /** To which end of it: `right` is RPUSH, `left` is LPUSH. Default `right`. */
  readonly side?: 'left' | 'right';
  /** Absent: an event goes to one key. */
  readonly stream?: undefined;
}

/** Options of a {@link redisConnection} that adds events to a stream. */
export interface RedisStreamOptions<T> extends RedisBaseOptions<T> {
  /** The key of the stream. */
  readonly stream: string;
  /** How many entries the stream keeps, roughly: `MAXLEN ~`. Default: all. */
  readonly maxLength?: number;
  /**
   * The fields of an event's entry, at least one. What it throws drops the event, reason `rejected`.
   * Default: one field `event`, as `encode` writes it.
   */
  readonly fields?: (event: T) => Readonly<Record<string, string | Uint8Array>>;
  /** Absent: an event goes to one key. */
  readonly list?: undefined;
}

/** What a Redis connection works with. */
export interface RedisSettings<T> extends ConnectionSettings<T> {
  readonly commandOf: CommandOf<T>;
  /** The type of an answer that acknowledges an event. */
  readonly answer: 'number' | 'string';
  readonly tls: TlsOptions;
  readonly pingInterval: number;
  readonly secrets: Secrets;
}

/**
 * Checks the options.
 * @param who The function that was called with them, for the error.
 * @param endpoint Where the connection sends to.
 * @param options The user's.
 * @returns Them, with the defaults.
 * @throws TypeError or RangeError for the first that is not what it should be.
 */
export function redisSettings<T>(
  who: string,
  endpoint: Endpoint,
  options: RedisListOptions<T> | RedisStreamOptions<T>,
): RedisSettings<T> {
  expectObject(who, 'options', options);
  const { encode, tls = {}, pingInterval = 10_000 } = options;
  const target = targetOf(who, options);
  const settings = connectionSettings(who, options, {
    name: `${endpoint.name}/${target.key}`,
    window: options.batch === undefined ? 256 : 1,
  });
  if (encode !== undefined) {
    expectFunction(who, 'encode', encode);
  }
  expectObject(who, 'tls', tls);
  const expected = `milliseconds from 1 to ${longestDelay}, or Infinity`;
  expectNumber(
    who,
    'pingInterval',
    pingInterval,
    expected,
    (time) => time === Infinity || (time >= 1 && time <= longestDelay),
  );
  const { commandOf, answer } = target;
  return { ...settings, commandOf, answer, tls, pingInterval, secrets: new Secrets(endpoint.secrets) };
}

/** Where in the database, and by which command. */
interface Target<T> extends Pick<RedisSettings<T>, 'commandOf' | 'answer'> {
  readonly key: string;
}

function targetOf<T>(who: string, options: RedisListOptions<T> | RedisStreamOptions<T>): Target<T> {
  if (options.stream === undefined) {
    const { list, side = 'right' } = options;
    if (typeof (list as unknown) !== 'string') {
      throw wrongType(who, 'list', 'a key, or `stream` to be one', list);
    }
    expectAbsent(who, options, 'list', ['maxLength', 'fields']);
    if ((side as string) !== 'left' && (side as string) !== 'right') {
      throw wrongType(who, 'side', "'left' or 'right'", side);
    }
    return { key: list, commandOf: listCommand(list, side, options.encode), answer: 'number' };
  }
  const { stream, maxLength = Infinity, fields } = options;
  if (typeof (stream as unknown) !== 'string') {
    throw wrongType(who, 'stream', 'a key', stream);
  }
  expectAbsent(who, options, 'stream', ['list', 'side']);
  expectCount(who, 'maxLength', maxLength, 1);
  if (fields !== undefined) {
    expectFunction(who, 'fields', fields);
    expectAbsent(who, options, 'fields', ['encode']);
  }
  return {
    key: stream,
    commandOf: streamCommand(stream, maxLength, fields, options.encode),
    answer: 'string',
  };
}

/** Throws when an option is there that means nothing beside another. */
function expectAbsent(who: string, options: object, beside: string, names: readonly string[]): void {
  for (const name of names) {
    const value: unknown = (options as Readonly<Record<string, unknown>>)[name];
    if (value !== undefined) {
      throw wrongType(who, name, `absent beside \`${beside}\``, value);
    }
  }
}
