/** What all ready-made connections are: settings, and clients that are opened one after the other. */
import type { Observable, ObservableInput } from 'rxjs';
import { connection } from '../clientConnection.js';
import type { BatchAnswer, BatchConnection, Connection } from '../connection.js';
import type { ConnectionSettings } from './settings.js';

/** An open client. */
export interface ReadyClient<T, R> {
  /** Errors, or says why, when it breaks. */
  readonly lost$: Observable<unknown>;
  /** Sends one event. The stream, or the promise, gives its value. */
  one(event: T): ObservableInput<R>;
  /** Sends many events in one go. The stream gives results. */
  many(events: readonly T[]): ObservableInput<BatchAnswer<R>>;
  /** Closes it, at once; what it gives resolves when nothing is left. */
  close(): unknown;
}

/**
 * Makes the connection.
 * @param settings Those of the connection; with `batch`, it takes batches.
 * @param open Opens a client. When the signal is aborted, nobody wants it any more, and it leaves nothing behind.
 * @returns The connection.
 */
export function readyConnection<T, R>(
  settings: ConnectionSettings<T>,
  open: (life: AbortSignal) => Promise<ReadyClient<T, R>>,
): Connection<T, R> | BatchConnection<T, R> {
  const { name, window, classify, batch } = settings;
  const base = {
    name,
    window,
    ...(classify === undefined ? {} : { classify }),
    open,
    lost: ({ lost$ }: ReadyClient<T, R>) => lost$,
    close: (client: ReadyClient<T, R>) => client.close(),
  };
  type Client = ReadyClient<T, R>;
  return batch === undefined
    ? connection({ ...base, send: (client: Client, event: T) => client.one(event) })
    : connection({
        ...base,
        batch: { ...batch, send: (client: Client, events: readonly T[]) => client.many(events) },
      });
}
