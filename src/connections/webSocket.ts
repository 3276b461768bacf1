/** './websocket': a connection over a WebSocket, in a browser and in Node. */
import type { BatchConnection, Connection } from '../connection.js';
import { Peer } from './peer.js';
import { readyConnection } from './readyConnection.js';
import type { BatchLimits } from './settings.js';
import { WebSocketClient } from './webSocket/client.js';
import { Endpoint } from './webSocket/endpoint.js';
import { webSocketSettings, type WebSocketOptions } from './webSocket/options.js';
import { platformSocket, wsSocket } from './webSocket/socket.js';

export type { WebSocketAnswer, WebSocketResult } from './webSocket/answer.js';
export type { WebSocketOptions } from './webSocket/options.js';
export type { WebSocketConstructor, WebSocketLike } from './webSocket/socket.js';
export type { BatchLimits, ConnectionOptions } from './settings.js';

/**
 * Makes a connection over a WebSocket, on RxJS's own `webSocket`. It runs in a browser, and in Node with
 * [ws](https://github.com/websockets/ws) (`npm install ws@8`). Where that is not installed, it takes the global
 * `WebSocket` of Node 22, which cannot let go of a peer that hangs, and does not say why it could not connect; not with
 * `headers`, `tls` or a password in the URL, which need ws.
 *
 * *Each message has a number, and the answer has the same.*
 *
 * An event is sent as `{"id":1,"event":…}`, with `batch` many as `{"id":1,"events":[…]}`. What the server answers:
 *
 * | the message | the event | the connection |
 * |---|---|---|
 * | `{"id":1}`, perhaps with a `"value"` | delivered, with that value | goes on |
 * | `{"id":1,"error":"text"}`, perhaps with `"retryAfter":ms` | put back | stays open, pauses for so long, or for the backoff |
 * | `{"id":1,"error":"text","rejected":true}` | dropped, reason `rejected` | goes on |
 * | `{"id":1,"results":[{"index":0},{"index":1,"error":"text"}]}` | each of a batch as one of the above; those not named have failed | goes on |
 * | JSON without a number as its `id`, or with one that nobody waits for | still waits | goes on |
 * | what is not JSON | put back | is closed, and opened again after the backoff |
 *
 * One message answers one send; answers come in any order. A field that is null is not there; an `error` that is
 * `""` or `false` is none. Other messages, other answers: `encode` and `decode`.
 *
 * ```text
 * server:    listens          is killed    listens again
 * state$:    c-u--------------#      c-#   c-u----------
 * sent:         1--2--3          1
 * answers:         -1---3-2      (x)
 * ```
 *
 * The connection is up when the socket is open. It breaks when that closes; the error says with which code and
 * reason. (A server that refuses tells Node its status; a browser does not say why.) Nothing asks the peer whether it
 * is still there, since a browser has no ping: one that hangs is found by `timeout.send`, when something is sent. With
 * ws, the system asks after ten seconds of silence, which finds a machine that is gone. What waits in the socket to be
 * sent, `bufferedAmount`, is never more than the window.
 *
 * Cancelling a send does not unsend it: its answer is ignored. The values of headers and parameters of the URL that
 * are called a key, a token or the like, and a user and password, are in no name and no error.
 *
 * As any connection of `connection()`, it serves one subscription at a time.
 *
 * @example
 * ```ts
 * import { from } from 'rxjs';
 * import { loadBalance } from 'rxjs-load-balance';
 * import { webSocketConnection } from 'rxjs-load-balance/websocket';
 *
 * const collectors = ['ws://127.0.0.1:4001/events', 'ws://127.0.0.1:4002/events'].map((url) =>
 *   webSocketConnection(url, { batch: { size: 100 }, window: 8 }),
 * );
 *
 * export const outcome$ = from([{ message: 'hello' }]).pipe(loadBalance(collectors));
 * ```
 * @param url Where to: ws: or wss:.
 * @param options How. Every part has a default; `window` is 64.
 * @returns The connection; with `batch`, one that takes batches.
 * @throws TypeError or RangeError when an argument is not what it should be; Error when ws is needed and not installed.
 */
export function webSocketConnection<T = unknown, R = unknown>(
  url: string | URL,
  options: WebSocketOptions<T, R> & { readonly batch: BatchLimits },
): BatchConnection<T, R>;
export function webSocketConnection<T = unknown, R = unknown>(
  url: string | URL,
  options?: WebSocketOptions<T, R> & { readonly batch?: undefined },
): Connection<T, R | undefined>;
export function webSocketConnection<T = unknown, R = unknown>(
  url: string | URL,
  options: WebSocketOptions<T, R>,
): Connection<T, R | undefined> | BatchConnection<T, R>;
export function webSocketConnection<T, R>(
  url: string | URL,
  options: WebSocketOptions<T, R> = {},
): Connection<T, R | undefined> | BatchConnection<T, R> {
  const who = 'webSocketConnection';
  const endpoint = new Endpoint(who, url);
  const settings = webSocketSettings(who, endpoint, options);
  const ws = new Peer(who, 'ws', 8);
  const { needsWs, wsOptions, WebSocketCtor = platformSocket(ws, needsWs) } = settings;
  if (WebSocketCtor === undefined) {
    ws.expect();
  }
  return readyConnection<T, R>(settings, async (life) => {
    const Ctor = WebSocketCtor ?? (await wsSocket(ws, wsOptions));
    return WebSocketClient.open<T, R>(Ctor, endpoint, settings, life);
  });
}
