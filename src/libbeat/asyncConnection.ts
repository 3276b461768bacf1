/** A connection made from a client as libbeat's asynchronous ones are. */
import { isObservable, Observable } from 'rxjs';
import { connection } from '../clientConnection.js';
import type { BatchConnection, Connection, ItemResult } from '../connection.js';
import { expectCount } from '../internal/expect.js';
import { limitsOf } from '../internal/target.js';
import { clientLife } from './clientLife.js';
import type { AsyncClient, AsyncConnectionConfig, ClientBatching } from './clients.js';
import { answerTo } from './published.js';

/**
 * Makes a connection from a client whose `publish` calls back.
 *
 * *libbeat's asynchronous client, with the window and the deadline that it did not have.*
 *
 * The connection is up once `connect` is done. Up to `window` events, or batches, are on their way at once;
 * answers may come in any order, and also before `publish` returns.
 *
 * ```text
 * source:           (abc|)
 * connect():        --|
 * publish(a, done):   ---|
 * publish(b, done):   -----|
 * publish(c, done):      ------|
 * loadBalance([…]): -----a-b---(c|)   window: 2
 * ```
 *
 * A call back counts once: a second one is ignored, and so is one that comes after the send was given up,
 * because it took longer than the balancer's `timeout.send` or because the connection is gone. A method that
 * throws instead of calling back has failed. What a batch leaves is treated as by
 * {@link syncConnection}. As `connection()`, it serves one subscription at a time.
 *
 * @example
 * ```ts
 * import { from } from 'rxjs';
 * import { loadBalance } from 'rxjs-load-balance';
 * import { asyncConnection } from 'rxjs-load-balance/libbeat';
 *
 * const collector = asyncConnection(
 *   {
 *     connect: async () => {},
 *     close() {},
 *     publish(line: string, done) {
 *       setTimeout(done, line.length); // calls back without an error
 *     },
 *   },
 *   { name: 'collector', window: 8 },
 * );
 *
 * from(['a', 'b', 'c'])
 *   .pipe(loadBalance([collector]))
 *   .subscribe((outcome) => console.log(outcome.event, outcome.status)); // a delivered, b …, c …
 * ```
 * @param client The client.
 * @param config Its name, its window, what `connect` is told, and whether it publishes in batches; every part
 * has a default.
 * @returns The connection; with `batch`, one that takes batches.
 * @throws TypeError or RangeError when a part of the client or of the config is not what it should be: a
 * `batch` without `publishAll` is one.
 */
export function asyncConnection<T>(
  client: AsyncClient<T>,
  config: AsyncConnectionConfig & { readonly batch: ClientBatching },
): BatchConnection<T, void>;
export function asyncConnection<T>(
  client: AsyncClient<T>,
  config?: AsyncConnectionConfig & { readonly batch?: undefined },
): Connection<T, void>;
export function asyncConnection<T>(
  client: AsyncClient<T>,
  config: AsyncConnectionConfig = {},
): Connection<T, void> | BatchConnection<T, void> {
  const who = 'asyncConnection';
  const life = clientLife(who, client, config);
  const { window = 1, batch } = config;
  if (!isObservable(window)) {
    expectCount(who, 'window', window, 0);
  }
  return batch === undefined
    ? connection({ ...life, window, send: (_open, event: T) => published(client, event) })
    : connection({
        ...life,
        window,
        batch: {
          ...limitsOf(batch),
          // clientLife has checked that it can.
          send: (_open, events: readonly T[]) =>
            allPublished(life.name, client as Required<AsyncClient<T>>, events),
        },
      });
}

function published<T>(client: AsyncClient<T>, event: T): Observable<never> {
  return new Observable((subscriber) => {
    client.publish(event, (error) => {
      if (error === undefined || error === null) {
        subscriber.complete();
      } else {
        subscriber.error(error);
      }
    });
  });
}

function allPublished<T>(
  name: string,
  client: Required<AsyncClient<T>>,
  events: readonly T[],
): Observable<readonly ItemResult<void>[]> {
  return new Observable((subscriber) => {
    client.publishAll(events, (error, unpublished) => {
      const rest = unpublished ?? (error === undefined || error === null ? [] : events);
      // Of a second call back, the subscriber takes no notice.
      answerTo(name, events, { unpublished: rest, error }).subscribe(subscriber);
    });
  });
}
