/** What both kinds of client have in common: they are checked, connected, closed, and connected again. */
import { race } from 'rxjs';
import type { CancelSignal } from '../cancelSignal.js';
import type { ClientConfig } from '../clientConnection.js';
import { aborted } from '../internal/aborted.js';
import {
  expectCount,
  expectFunction,
  expectLimit,
  expectMilliseconds,
  expectObject,
  wrongType,
} from '../internal/expect.js';
import { isPromiseLike } from '../internal/promiseLike.js';
import type { SyncClient, SyncConnectionConfig } from './clients.js';

/** A client's part in `connection()`. It is one and the same through all openings, so `open` gives nothing. */
export type ClientLife = Pick<ClientConfig<unknown, void>, 'name' | 'open' | 'close'>;

/**
 * Checks a client and its config.
 * @param who The function that was called with them, for errors, and the default name.
 * @param client The user's.
 * @param config The user's.
 * @returns Its name, and how it is opened and closed.
 * @throws TypeError or RangeError for the first part that is not what it should be.
 */
export function clientLife(
  who: string,
  client: Pick<SyncClient<never>, 'connect' | 'close'>,
  config: SyncConnectionConfig,
): ClientLife {
  expectClient(who, client);
  expectObject(who, 'config', config);
  const { name = who, timeout = 30_000, batch } = config;
  if (typeof name !== 'string') {
    throw wrongType(who, 'name', 'a string', name);
  }
  expectLimit(who, 'timeout', timeout);
  if (batch !== undefined) {
    expectObject(who, 'batch', batch);
    const { size, linger = 0 } = batch;
    expectCount(who, 'batch.size', size, 1);
    expectMilliseconds(who, 'batch.linger', linger);
    const { publishAll } = client as { readonly publishAll?: unknown };
    if (typeof publishAll !== 'function') {
      throw wrongType(who, 'client.publishAll', 'a function, as `batch` needs it', publishAll);
    }
  }
  return {
    name,
    open: (signal) => {
      const connecting = client.connect(timeout);
      return isPromiseLike(connecting) ? untilAborted(connecting, signal) : undefined;
    },
    close: () => client.close(),
  };
}

function expectClient(who: string, client: unknown): void {
  expectObject(who, 'client', client);
  for (const method of ['connect', 'close', 'publish']) {
    expectFunction(who, `client.${method}`, (client as Record<string, unknown>)[method]);
  }
}

/**
 * A `connect` that is given up counts as over at that very moment, so that the client is closed at once.
 * Otherwise its late answer would close the client when it is connected again.
 */
function untilAborted(connecting: PromiseLike<void>, signal: CancelSignal): PromiseLike<void> {
  const over$ = race(connecting, aborted(signal));
  // Not a promise, which would tell of it a moment later.
  const then = (opened: (nothing?: unknown) => void, failed: (error: unknown) => void): void => {
    over$.subscribe({ next: opened, error: failed });
  };
  return { then } as PromiseLike<void>;
}
