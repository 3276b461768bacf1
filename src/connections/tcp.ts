/** './tcp': a connection to a TCP socket, plain or with TLS. */
import type { BatchConnection, Connection } from '../connection.js';
import { readyConnection } from './readyConnection.js';
import type { BatchLimits } from './settings.js';
import { Address } from './tcp/address.js';
import { TcpClient } from './tcp/client.js';
import {
  tcpSettings,
  type TcpLengthOptions,
  type TcpLineOptions,
  type TcpOptions,
  type TcpUnacknowledgedOptions,
} from './tcp/options.js';

export type { Encode } from './encoding.js';
export type { BatchLimits, ConnectionOptions } from './settings.js';
export type {
  TcpBaseOptions,
  TcpLengthOptions,
  TcpLineOptions,
  TcpOptions,
  TcpUnacknowledgedOptions,
} from './tcp/options.js';

/**
 * Makes a connection that writes events to a TCP socket, each as one frame, and reads one frame as the answer to each.
 * It needs nothing but Node.
 *
 * *A line out, a line back.*
 *
 * A frame is a line of text, or with `framing: 'length'` its length in four bytes (the highest first) and so many bytes.
 * The peer has to answer every event with one frame, in the order of the events; what it says becomes the outcome's
 * value. It MUST answer only once it has the event in safety: an event is delivered when it is answered. `read` makes
 * something else of an answer, or throws: a `RejectedError` drops the event, a `TemporaryError` makes the connection
 * pause, any other error breaks it; with `batch`, any other error is a temporary one. An answer for which there is no
 * event breaks the connection in either case.
 *
 * With `unacknowledged: true` the peer answers nothing, and an event is delivered when the system has taken it. That
 * loses events: those in the buffers of this machine, of the network and of the peer when the connection breaks. What
 * the peer says all the same is read and thrown away. When the connection is closed, a slow peer has half a minute, as
 * long as this process lives, to read what is on its way; only then is the socket destroyed. The next opening waits for
 * it for a second at most.
 *
 * The connection is up once the socket is open, and TLS agreed upon where the URL says tls:. It is down as soon as the
 * peer closes its side or the socket breaks. A machine that is gone without a word is noticed after some twenty seconds
 * (`keepAlive`), while nothing is on its way. What is being written is tried again by the system for about a quarter of
 * an hour: acknowledged sends end by `timeout.send`, unacknowledged ones count as delivered until the system's buffer
 * is full.
 *
 * ```text
 * peer:     listens        is killed       listens again
 * state$:   c-u------------#     c-#     c-u------------
 * send:        -r|  -r|  --#
 * ```
 *
 * What is sent in one turn of the event loop is written in one go, and nothing while the socket has more than it can
 * hold. A send that is cancelled before that is not written. One that is cancelled later keeps its place in the order:
 * its answer is read, and told to nobody. With `window`, so many events are on their way at a time: 64 unless it is
 * said otherwise, for by then a round trip costs an event little. A batch is written as so many frames, and each event
 * has its result as it is answered.
 *
 * With TLS, the certificate of the peer is verified, unless `tls` says otherwise, and a name is told to it by SNI.
 *
 * As any connection of `connection()`, it serves one subscription at a time.
 *
 * @example
 * ```ts
 * import { from } from 'rxjs';
 * import { loadBalance, RejectedError } from 'rxjs-load-balance';
 * import { tcpConnection } from 'rxjs-load-balance/tcp';
 *
 * const collectors = ['tcp://127.0.0.1:4001', 'tcp://127.0.0.1:4002'].map((url) =>
 *   tcpConnection(url, {
 *     read: (line) => {
 *       if (line !== 'ok') {
 *         throw new RejectedError(line);
 *       }
 *     },
 *   }),
 * );
 *
 * export const outcome$ = from([{ message: 'hello' }]).pipe(loadBalance(collectors));
 * ```
 * @param url Where to: `tcp://host:port` or `tls://host:port`.
 * @param options How. Every part has a default.
 * @returns The connection; with `batch`, one that takes batches.
 * @throws TypeError or RangeError when an argument is not what it should be.
 */
export function tcpConnection<T = unknown>(
  url: string | URL,
  options: TcpUnacknowledgedOptions<T> & { readonly batch: BatchLimits },
): BatchConnection<T, void>;
export function tcpConnection<T = unknown>(
  url: string | URL,
  options: TcpUnacknowledgedOptions<T> & { readonly batch?: undefined },
): Connection<T, void>;
export function tcpConnection<T = unknown, R = string>(
  url: string | URL,
  options: (TcpLineOptions<T, R> | TcpLengthOptions<T, R>) & { readonly batch: BatchLimits },
): BatchConnection<T, R>;
export function tcpConnection<T = unknown, R = string>(
  url: string | URL,
  options: (TcpLineOptions<T, R> | TcpLengthOptions<T, R>) & { readonly batch?: undefined },
): Connection<T, R>;
export function tcpConnection<T = unknown>(url: string | URL, options?: undefined): Connection<T, string>;
export function tcpConnection<T = unknown, R = string>(
  url: string | URL,
  options: TcpOptions<T, R>,
): Connection<T, R> | BatchConnection<T, R>;
export function tcpConnection<T, R>(
  url: string | URL,
  options: TcpOptions<T, R> = {},
): Connection<T, R> | BatchConnection<T, R> {
  const who = 'tcpConnection';
  const address = new Address(who, url);
  const settings = tcpSettings<T, R, never>(who, address, options);
  return readyConnection(settings, (life) => TcpClient.open(address, settings, life));
}
