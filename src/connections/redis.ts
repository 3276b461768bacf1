/** './redis': a connection to a list or a stream of Redis. */
import type { BatchConnection, Connection } from '../connection.js';
import { Peer } from './peer.js';
import { RedisClient } from './redis/client.js';
import { Endpoint } from './redis/endpoint.js';
import { redisSettings, type RedisListOptions, type RedisStreamOptions } from './redis/options.js';
import { readyConnection } from './readyConnection.js';
import type { BatchLimits } from './settings.js';

export type { Encode } from './encoding.js';
export type { RedisBaseOptions, RedisListOptions, RedisStreamOptions } from './redis/options.js';
export type { BatchLimits, ConnectionOptions } from './settings.js';

/**
 * Makes a connection that pushes events to a list of Redis, or adds them to a stream, with
 * [node-redis](https://github.com/redis/node-redis) (`npm install redis@6`).
 *
 * *Delivered is what Redis has counted.*
 *
 * | | the command | the outcome's value |
 * |---|---|---|
 * | `list: 'key'` | `RPUSH`, or `LPUSH` with `side: 'left'` | the length of the list after it |
 * | `stream: 'key'` | `XADD` with the id `*`, and `MAXLEN ~` with `maxLength` | the id of the entry |
 *
 * An acknowledged event is in the server's memory, and on its disk as `appendfsync` says: with `always` before
 * the answer, by default up to a second later, and without `appendonly` with the next snapshot. Replicas
 * have it later. An event whose answer was lost is sent again, and may then be there twice: Redis has no way
 * to tell, so give events an id if that matters.
 *
 * | the reply | the event | the connection |
 * |---|---|---|
 * | a length, an id | delivered | goes on |
 * | `OOM`, `MISCONF`, `NOREPLICAS`, `LOADING`, `BUSY`, `MASTERDOWN`, `CLUSTERDOWN`, `TRYAGAIN` | put back | stays open, pauses for the backoff |
 * | `READONLY`, `NOAUTH`, `NOPERM`, `MOVED`, `WRONGTYPE`, any other error; none at all | put back | is closed, and opened again after the backoff |
 * | `ERR Elements are too large` | dropped, reason `rejected` | goes on |
 *
 * `WRONGTYPE` says that the key holds something else: no event would be taken there, so it is the connection
 * that is wrong. The server closes the socket on a value that is longer than its `proto-max-bulk-len`
 * (512 MB), and the event is put back, as all that have no answer.
 *
 * The sends of one turn of the event loop are one write, with `batch` and without. In a batch each event is a
 * command, and has its own result: what the server takes is delivered, whatever it says of the rest.
 *
 * The connection is up once the server has answered a PING: it has let us in, and has loaded its data. It is lost
 * as soon as its socket closes, and also without traffic when the server falls silent (`pingInterval`). The
 * client's own reconnecting, queue and timeouts are off: those are the balancer's.
 *
 * ```text
 * server:     listens            is killed          listens again
 * state$:     c-u----------------#      c-#      c-u-------------
 * RPUSH:           --r|  --r|
 * ```
 *
 * The password is in no name, error, outcome or activity. A send that is cancelled may still arrive.
 *
 * As any connection of `connection()`, it serves one subscription at a time.
 *
 * @example
 * ```ts
 * import { from } from 'rxjs';
 * import { loadBalance } from 'rxjs-load-balance';
 * import { redisConnection } from 'rxjs-load-balance/redis';
 *
 * const places = ['redis://127.0.0.1:6379', 'redis://127.0.0.1:6380'].map((url) =>
 *   redisConnection(url, { stream: 'events', maxLength: 1_000_000, batch: { size: 500, linger: 10 } }),
 * );
 *
 * export const outcome$ = from([{ message: 'hello' }]).pipe(loadBalance(places));
 * ```
 * @param url Where to: `redis://user:password@host:port/database`, or rediss: for TLS.
 * @param options To which key, and how. Every part but the key has a default; `window` is 256, or 1 with `batch`.
 * @returns The connection; with `batch`, one that takes batches.
 * @throws TypeError or RangeError when an argument is not what it should be; Error when redis is not installed.
 */
export function redisConnection<T = unknown>(
  url: string | URL,
  options: RedisListOptions<T> & { readonly batch: BatchLimits },
): BatchConnection<T, number>;
export function redisConnection<T = unknown>(
  url: string | URL,
  options: RedisListOptions<T> & { readonly batch?: undefined },
): Connection<T, number>;
export function redisConnection<T = unknown>(
  url: string | URL,
  options: RedisListOptions<T>,
): Connection<T, number> | BatchConnection<T, number>;
export function redisConnection<T = unknown>(
  url: string | URL,
  options: RedisStreamOptions<T> & { readonly batch: BatchLimits },
): BatchConnection<T, string>;
export function redisConnection<T = unknown>(
  url: string | URL,
  options: RedisStreamOptions<T> & { readonly batch?: undefined },
): Connection<T, string>;
export function redisConnection<T = unknown>(
  url: string | URL,
  options: RedisStreamOptions<T>,
): Connection<T, string> | BatchConnection<T, string>;
export function redisConnection<T>(
  url: string | URL,
  options: RedisListOptions<T> | RedisStreamOptions<T>,
): Connection<T, number | string> | BatchConnection<T, number | string> {
  const who = 'redisConnection';
  const redis = new Peer(who, 'redis', 6);
  redis.expect();
  const endpoint = new Endpoint(who, url);
  const settings = redisSettings(who, endpoint, options);
  return readyConnection(settings, async (life) => {
    const library = await redis.load(() => import('./redis/library.js'));
    life.throwIfAborted();
    return RedisClient.open<T, number | string>(library, endpoint, settings, life);
  });
}
