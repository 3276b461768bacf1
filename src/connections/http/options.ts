/** The options of an HTTP connection, checked, with every default in its place. */
import type { ConnectionOptions as TlsOptions } from 'node:tls';
import {
  expectCount,
  expectFunction,
  expectLimit,
  expectObject,
  outOfRange,
  wrongType,
} from '../../internal/expect.js';
import { Secrets } from '../secrets.js';
import { secretsIn, withoutUser } from '../serverUrl.js';
import {
  connectionSettings,
  type ConnectionOptions as CommonOptions,
  type ConnectionSettings,
} from '../settings.js';
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
export interface HttpOptions<T, R> extends CommonOptions<T> {
  /** How events are written into a request, and what a success says of them. Default: `json()`; with `batch` `ndjson()`. */
  readonly format?: HttpFormat<T, R>;
  /** Headers of every request, also of those that ask for its health. Default: none. */
  readonly headers?: HttpHeaders;
  /**
   * A path that must answer before the connection is up, before it is up again after a failure, and from time
   * to time while it is up. When it does not, what is in flight is cancelled, and goes elsewhere. Default: a TCP
   * (and TLS) connection that can be opened is enough, and is tried at the same times.
   */
  readonly health?: string | HttpHealth;
  /** Options of TLS, as of Node's `tls.connect`: `ca`, `cert`, `key`, `servername`. Default: Node's, which verifies. */
  readonly tls?: TlsOptions;
  /** How much of an answer's body is read, in bytes. A longer one is cut off with its socket; one that has
   * no end is cut off by `timeout.send`, and the send has failed. Default 10,485,760. */
  readonly maxResponseSize?: number;
}

/** How an endpoint is looked after. */
export interface Look {
  readonly path: string | undefined;
  /** Milliseconds. */
  readonly interval: number;
  readonly timeout: number;
}

/** What an HTTP connection works with. */
export interface HttpSettings<T, R> extends ConnectionSettings<T> {
  readonly format: HttpFormat<T, R>;
  readonly headers: Record<string, string>;
  /** How the endpoint is looked after; without a path, by opening a socket to it. */
  readonly look: Look;
  readonly secrets: Secrets;
  readonly tls: TlsOptions;
  readonly maxResponseSize: number;
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
  const settings = connectionSettings(who, options, { name: endpoint.name, window: 8 });
  const { batch, headers = {}, tls = {}, maxResponseSize = 10_485_760 } = options;
  const { format = batch === undefined ? json<T, R>() : ndjson<T, R>() } = options;
  expectObject(who, 'format', format);
  expectFunction(who, 'format.encode', format.encode);
  if (format.read !== undefined) {
    expectFunction(who, 'format.read', format.read);
  }
  expectObject(who, 'tls', tls);
  expectCount(who, 'maxResponseSize', maxResponseSize, 0);
  if (batch !== undefined && format.single === true) {
    throw wrongType(who, 'format', 'one for many events beside `batch`, as `ndjson()`', format);
  }
  const given = checkedHeaders(who, 'headers', headers);
  return {
    ...settings,
    format,
    headers: {
      ...(endpoint.authorization === undefined ? {} : { authorization: endpoint.authorization }),
      ...given,
    },
    look: lookFrom(who, endpoint, options.health),
    secrets: new Secrets([...endpoint.secrets, ...secretsIn(given)]),
    tls,
    maxResponseSize,
  };
}

function lookFrom(who: string, endpoint: Endpoint, health: string | HttpHealth | undefined): Look {
  const given: Partial<HttpHealth> | undefined = typeof health === 'string' ? { path: health } : health;
  if (given !== undefined) {
    expectObject(who, 'health', given);
  }
  const { path, interval = 10_000, timeout = 5_000 } = given ?? {};
  expectLimit(who, 'health.interval', interval);
  expectLimit(who, 'health.timeout', timeout);
  if (health === undefined) {
    return { path, interval, timeout };
  }
  if (typeof path !== 'string') {
    throw wrongType(who, 'health.path', 'a string', path);
  }
  const resolved = endpoint.pathTo(path);
  if (resolved === undefined) {
    throw outOfRange(who, 'health.path', `a path of ${endpoint.origin}`, withoutUser(path));
  }
  return { path: resolved, interval, timeout };
}
