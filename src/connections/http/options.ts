/** The options of an HTTP connection, checked, with every default in its place. */
import type { ConnectionOptions } from 'node:tls';
import { isObservable } from 'rxjs';
import type { Batching, ConnectionBase } from '../../connection.js';
import {
  expectCount,
  expectFunction,
  expectLimit,
  expectMilliseconds,
  expectNumber,
  expectObject,
  outOfRange,
  wrongType,
} from '../../internal/expect.js';
import type { Endpoint } from './endpoint.js';
import { json, ndjson, type HttpFormat } from './format.js';
import { checkedHeaders, type HttpHeaders } from './headers.js';

/** How the health of an endpoint is looked after. */
export interface HttpHealth {
  /** What is asked for, with GET: a path of the same origin. Any status but 200 to 299 is a failure. */
  readonly path: string;
  /** How often it is asked while the connection is up, in milliseconds. Default 10,000; `Infinity`: not at all. */
  readonly interval?: number;
  /** How long an answer may take, in milliseconds. Default 5,000. */
  readonly timeout?: number;
}

/** Options of {@link httpConnection}. */
export interface HttpOptions<T, R> extends Partial<ConnectionParts<T>> {
  /** How events are written into a request, and what a success says of them. Default: `json()`; with `batch` `ndjson()`. */
  readonly format?: HttpFormat<T, R>;
  /** Headers of every request, also of those that ask for its health. Default: none. */
  readonly headers?: HttpHeaders;
  /**
   * A path that must answer before the connection is up, before it is up again after a failure, and from time
   * to time while it is up. Default: a TCP (and TLS) connection that can be opened is enough.
   */
  readonly health?: string | HttpHealth;
  /** Options of TLS, as of Node's `tls.connect`: `ca`, `cert`, `key`, `servername`. Default: Node's, which verifies. */
  readonly tls?: ConnectionOptions;
  /** How much of an answer's body is read, in bytes. A longer one is cut off with its socket. Default 10,485,760. */
  readonly maxResponseSize?: number;
  /**
   * How many requests may be under way on one socket. Default 1: as many sockets as `window`. With more,
   * answers wait for those before them, and a request that is cancelled takes the others of its socket with it.
   */
  readonly pipelining?: number;
  /** Many events a request. Default: one. */
  readonly batch?: HttpBatching;
}

/** How many events go into a request. */
export type HttpBatching = Pick<Batching<unknown>, 'size' | 'linger'>;

type ConnectionParts<T> = Pick<ConnectionBase<T>, 'name' | 'window' | 'classify'>;

/** What an HTTP connection works with. */
export interface HttpSettings<T, R> extends Pick<ConnectionBase<T>, 'name' | 'classify'> {
  readonly window: NonNullable<ConnectionBase<T>['window']>;
  readonly format: HttpFormat<T, R>;
  readonly headers: Record<string, string>;
  readonly health: Required<HttpHealth> | undefined;
  readonly tls: ConnectionOptions;
  readonly maxResponseSize: number;
  readonly pipelining: number;
  readonly batch: HttpBatching | undefined;
}

/**
 * Checks the options.
 * @param who The function that was called with them, for the error.
 * @param endpoint Where the connection sends to.
 * @param options The user's.
 * @returns Them, with the defaults.
 * @throws TypeError or RangeError for the first that is not what it should be.
 */
export function httpSettings<T, R>(
  who: string,
  endpoint: Endpoint,
  options: HttpOptions<T, R>,
): HttpSettings<T, R> {
  expectObject(who, 'options', options);
  const { name = endpoint.name, window = 8, classify, batch, headers = {}, tls = {} } = options;
  const { maxResponseSize = 10_485_760, pipelining = 1 } = options;
  const { format = batch === undefined ? json<T, R>() : ndjson<T, R>() } = options;
  if (typeof (name as unknown) !== 'string') {
    throw wrongType(who, 'name', 'a string', name);
  }
  if (!isObservable(window)) {
    expectCount(who, 'window', window, 0);
  }
  if (classify !== undefined) {
    expectFunction(who, 'classify', classify);
  }
  expectObject(who, 'format', format);
  expectFunction(who, 'format.encode', format.encode);
  if (format.read !== undefined) {
    expectFunction(who, 'format.read', format.read);
  }
  expectObject(who, 'tls', tls);
  expectCount(who, 'maxResponseSize', maxResponseSize, 0);
  expectNumber(
    who,
    'pipelining',
    pipelining,
    'a positive integer',
    (count) => Number.isSafeInteger(count) && count > 0,
  );
  if (batch !== undefined) {
    expectObject(who, 'batch', batch);
    expectCount(who, 'batch.size', batch.size, 1);
    expectMilliseconds(who, 'batch.linger', batch.linger ?? 0);
  }
  return {
    name,
    window,
    ...(classify === undefined ? {} : { classify }),
    format,
    headers: {
      ...(endpoint.authorization === undefined ? {} : { authorization: endpoint.authorization }),
      ...checkedHeaders(who, 'headers', headers),
    },
    health: healthFrom(who, endpoint, options.health),
    tls,
    maxResponseSize,
    pipelining,
    batch,
  };
}

function healthFrom(
  who: string,
  endpoint: Endpoint,
  health: string | HttpHealth | undefined,
): Required<HttpHealth> | undefined {
  if (health === undefined) {
    return undefined;
  }
  const given = typeof health === 'string' ? { path: health } : health;
  expectObject(who, 'health', given);
  const { path, interval = 10_000, timeout = 5_000 } = given;
  if (typeof (path as unknown) !== 'string') {
    throw wrongType(who, 'health.path', 'a string', path);
  }
  const resolved = endpoint.pathTo(path);
  if (resolved === undefined) {
    throw outOfRange(who, 'health.path', `a path of ${endpoint.origin}`, path);
  }
  expectLimit(who, 'health.interval', interval);
  expectLimit(who, 'health.timeout', timeout);
  return { path: resolved, interval, timeout };
}
