/** './http': a connection to an HTTP endpoint. */
import type { BatchConnection, Connection } from '../connection.js';
import { Delivery } from './http/delivery.js';
import { Endpoint } from './http/endpoint.js';
import { httpSettings, type HttpOptions } from './http/options.js';
import { Peer } from './peer.js';
import { readyConnection } from './readyConnection.js';
import type { BatchLimits } from './settings.js';

export { HttpStatusError, type HttpAnswer } from './http/answer.js';
export { bulk, type BulkItem, type BulkOptions } from './http/bulk.js';
export {
  json,
  jsonAnswer,
  jsonArray,
  jsonArrayAnswer,
  ndjson,
  ndjsonAnswer,
  type HttpAnswerReader,
  type HttpBody,
  type HttpFormat,
  type JsonOptions,
} from './http/format.js';
export type { HttpHeaders } from './http/headers.js';
export type { HttpHealth, HttpOptions } from './http/options.js';
export type { BatchLimits, ConnectionOptions } from './settings.js';

/**
 * Makes a connection that POSTs events to one URL, with [undici](https://undici.nodejs.org)'s pool of
 * kept-alive sockets (`npm install undici@7`).
 *
 * *A status is an answer: taken, later, never, or not here.*
 *
 * | the answer | the event | the connection |
 * |---|---|---|
 * | 200 to 299 | delivered | goes on |
 * | 408, 423, 425, 429, 503 | put back | stays open, pauses for `Retry-After` (seconds or a date, at most a day), or else for the backoff |
 * | 401, 402, 403, 407, 421, 426, any 3xx, any other 5xx, none at all | put back | is closed, and opened again after the backoff |
 * | any other 4xx | dropped, reason `rejected` | goes on |
 *
 * A batch that is answered 400, 413 or 422 is sent again in halves, as part of the same send, until only
 * what is refused by itself is left: the rest is delivered. (A server that takes a part of a batch before it
 * refuses the whole gets that part twice.) So is one in which an event cannot be encoded.
 *
 * The connection is up once a socket to the endpoint could be opened, or with `health` once that path has
 * answered, and the same again after every failure. While it is up this is looked after every ten seconds
 * (`health.interval`), and when a socket was closed at once and again a second later, so that a connection
 * without traffic notices too. Sockets are kept open from one request to the next, and for four idle seconds, or
 * what the server says in `Keep-Alive`.
 *
 * ```text
 * endpoint:   listens            is killed          listens again
 * state$:     c-u----------------#      c-#      c-u-------------
 * POST:            --r|  --r|
 * ```
 *
 * Requests go over parallel sockets, as many as the window, and not pipelined on one. With a window of 8, on
 * loopback, that had 0.7 of the rate of pipelining where the server did nothing, the same where it took 5 ms,
 * and 7.7 times the rate where nginx stood before that server: it passes pipelined requests on one by one.
 * And an answer need not wait for those before it, and a request that breaks its socket concerns no other.
 *
 * Redirects are not followed: the error says where they lead. A user name and password in the URL are sent
 * as `Authorization: Basic`. They appear in no name, error, outcome or activity, even if the server says them
 * again; nor do the values of headers and parameters of the URL that are called a key, a token or the like.
 *
 * Cancelling a send aborts its request. A delivered event's value is what the format's reader gives; without
 * one it is `undefined`.
 *
 * As any connection of `connection()`, it serves one subscription at a time.
 *
 * @example
 * ```ts
 * import { from } from 'rxjs';
 * import { loadBalance } from 'rxjs-load-balance';
 * import { httpConnection, ndjson } from 'rxjs-load-balance/http';
 *
 * const collectors = ['http://127.0.0.1:4001/events', 'http://127.0.0.1:4002/events'].map((url) =>
 *   httpConnection(url, {
 *     format: ndjson(),
 *     batch: { size: 500, linger: 50 },
 *     window: 2,
 *     health: '/health',
 *   }),
 * );
 *
 * export const outcome$ = from([{ message: 'hello' }]).pipe(loadBalance(collectors));
 * ```
 * @param url Where to: http: or https:.
 * @param options How. Every part has a default; `window` is 8.
 * @returns The connection; with `batch`, one that takes batches.
 * @throws TypeError or RangeError when an argument is not what it should be; Error when undici is not installed.
 */
export function httpConnection<T = unknown, R = void>(
  url: string | URL,
  options: HttpOptions<T, R> & { readonly batch: BatchLimits },
): BatchConnection<T, R>;
export function httpConnection<T = unknown, R = void>(
  url: string | URL,
  options?: HttpOptions<T, R> & { readonly batch?: undefined },
): Connection<T, R>;
export function httpConnection<T = unknown, R = void>(
  url: string | URL,
  options: HttpOptions<T, R>,
): Connection<T, R> | BatchConnection<T, R>;
export function httpConnection<T, R>(
  url: string | URL,
  options: HttpOptions<T, R> = {},
): Connection<T, R> | BatchConnection<T, R> {
  const who = 'httpConnection';
  const undici = new Peer(who, 'undici', 7);
  undici.expect();
  const endpoint = new Endpoint(who, url);
  const settings = httpSettings(who, endpoint, options);
  const delivery = new Delivery(endpoint, settings);
  return readyConnection(settings, async (life) => {
    const { HttpClient } = await undici.load(() => import('./http/client.js'));
    life.throwIfAborted();
    return new HttpClient(endpoint, settings, delivery, life).reached();
  });
}
