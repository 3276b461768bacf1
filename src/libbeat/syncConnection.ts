/** A connection made from a client as libbeat's synchronous ones are. */
import { EMPTY, from, mergeMap, type ObservableInput } from 'rxjs';
import { connection } from '../clientConnection.js';
import type { BatchConnection, Connection, ItemResult } from '../connection.js';
import { isPromiseLike } from '../internal/promiseLike.js';
import { limitsOf } from '../internal/target.js';
import { clientLife } from './clientLife.js';
import type { ClientBatching, Published, SyncClient, SyncConnectionConfig } from './clients.js';
import { answerTo, type Reply } from './published.js';

/**
 * Makes a connection from a client with `connect`, `close`, `publish` and perhaps `publishAll`.
 *
 * *libbeat's synchronous client: one thing at a time, and a batch says what it left.*
 *
 * The connection is up once `connect` is done. It has a window of 1: the next event or batch is published
 * when the last one is. With `batch`, a batch that is published in part makes progress: the events that are
 * left go back to the queue, have used no attempt, and may go to another connection.
 *
 * ```text
 * source:           (abc|)
 * connect():        --|
 * publishAll(abc):    -----(c|)      c was not published
 * publishAll(c):           -----|
 * loadBalance([…]): -------(ab)-(c|)
 * ```
 *
 * What a batch leaves is left with an error or without one:
 *
 * | `publishAll` says | the published events | the others |
 * |---|---|---|
 * | nothing | delivered | |
 * | some, no error | delivered | put back, no attempt used |
 * | all, no error | | failed with a `TemporaryError`: the connection pauses, as for any of those |
 * | some, and an error | delivered | put back, no attempt used; the error pauses or breaks the connection |
 * | all, and an error | | failed with the error, which pauses or breaks the connection |
 * | none, and an error | delivered | none; the error pauses or breaks the connection |
 *
 * (A `RejectedError` drops the others instead, and the connection goes on.) A `connect` that takes longer
 * than the balancer's `timeout.connect` is given up: the client is closed at once. A send that takes longer
 * than `timeout.send` has failed, and what it says later is ignored. As `connection()`, it serves one
 * subscription at a time.
 *
 * @example
 * ```ts
 * import { from } from 'rxjs';
 * import { loadBalance } from 'rxjs-load-balance';
 * import { syncConnection } from 'rxjs-load-balance/libbeat';
 *
 * const taken: string[] = [];
 * const collector = syncConnection(
 *   {
 *     connect() {},
 *     close() {},
 *     publish(line: string) {
 *       taken.push(line);
 *     },
 *     publishAll(lines: readonly string[]) {
 *       taken.push(...lines.slice(0, 2)); // takes two at a time, and says what is left
 *       return lines.slice(2);
 *     },
 *   },
 *   { name: 'collector', batch: { size: 100 } },
 * );
 *
 * from(['a', 'b', 'c'])
 *   .pipe(loadBalance([collector]))
 *   .subscribe((outcome) => console.log(outcome.event, outcome.status)); // a delivered, b …, c …
 * ```
 * @param client The client.
 * @param config Its name, what `connect` is told, and whether it publishes in batches; every part has a default.
 * @returns The connection; with `batch`, one that takes batches.
 * @throws TypeError or RangeError when a part of the client or of the config is not what it should be: a
 * `batch` without `publishAll` is one.
 */
export function syncConnection<T>(
  client: SyncClient<T>,
  config: SyncConnectionConfig & { readonly batch: ClientBatching },
): BatchConnection<T, void>;
export function syncConnection<T>(
  client: SyncClient<T>,
  config?: SyncConnectionConfig & { readonly batch?: undefined },
): Connection<T, void>;
export function syncConnection<T>(
  client: SyncClient<T>,
  config: SyncConnectionConfig = {},
): Connection<T, void> | BatchConnection<T, void> {
  const life = clientLife('syncConnection', client, config);
  return config.batch === undefined
    ? connection({ ...life, send: (_open, event: T) => published(client, event) })
    : connection({
        ...life,
        batch: {
          ...limitsOf(config.batch),
          // clientLife has checked that it can.
          send: (_open, events: readonly T[]) =>
            allPublished(life.name, client as Required<SyncClient<T>>, events),
        },
      });
}

function published<T>(client: SyncClient<T>, event: T): ObservableInput<void> {
  const publishing = client.publish(event);
  return isPromiseLike(publishing) ? publishing : EMPTY;
}

function allPublished<T>(
  name: string,
  client: Required<SyncClient<T>>,
  events: readonly T[],
): ObservableInput<readonly ItemResult<void>[]> {
  const publishing = client.publishAll(events);
  return isPromiseLike(publishing)
    ? from(publishing).pipe(mergeMap((said) => answerTo(name, events, replyOf(said))))
    : answerTo(name, events, replyOf(publishing));
}

function replyOf(said: Published<unknown>): Reply {
  const reply = said ?? [];
  return typeof reply === 'object' && 'unpublished' in reply
    ? reply
    : { unpublished: reply, error: undefined };
}
