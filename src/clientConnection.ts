/** A connection made from a client: something that is opened, sends, may break, and is closed. */
import { defer, Observable, type ObservableInput, type Subscriber } from 'rxjs';
import type { CancelSignal } from './cancelSignal.js';
import type {
  Batching,
  BatchAnswer,
  BatchConnection,
  Connection,
  ConnectionBase,
  ConnectionState,
  SendContext,
} from './connection.js';
import { newAborter } from './internal/aborter.js';
import { expectFunction, expectObject } from './internal/expect.js';
import { alreadyInUse } from './internal/misuseError.js';
import { isA } from './internal/isA.js';
import { isPromiseLike } from './internal/promiseLike.js';
import { expectConnection, limitsOf } from './internal/target.js';

/** How a client is opened, watched and closed. */
export interface ClientConfig<T, Client> extends Partial<Pick<ConnectionBase<T>, 'window' | 'classify'>> {
  /** The name by which outcomes, errors and the monitor call the connection. */
  readonly name: string;
  /**
   * Opens a client, a new one each time. Rejecting or throwing is a connection failure. The signal is aborted
   * when the client is not wanted any more; one that comes all the same is closed.
   */
  readonly open: (signal: CancelSignal) => Client | PromiseLike<Client>;
  /** Emits or errors when an open client breaks: what it says becomes the error. Completion says nothing. */
  readonly lost?: (client: Client) => ObservableInput<unknown>;
  /**
   * Closes a client. It may take its time: the connection is not opened again before it is done, or one
   * `timeout.connect` has passed. Its errors are ignored: the client is gone either way.
   */
  readonly close?: (client: Client) => unknown;
}

/** How a client takes events one by one. */
export interface SingleClientConfig<T, R, Client> extends ClientConfig<T, Client> {
  /** Sends one event, as `Connection.send` does. */
  readonly send: (client: Client, event: T, context: SendContext) => ObservableInput<R>;
}

/** How a client takes events in batches. */
export interface BatchClientConfig<T, R, Client> extends ClientConfig<T, Client> {
  /** Sends many events, as `BatchConnection.batch` does. */
  readonly batch: Pick<Batching<T, R>, 'size' | 'linger'> & {
    /** Sends many events in one go. */
    readonly send: (
      client: Client,
      events: readonly T[],
      context: SendContext,
    ) => ObservableInput<BatchAnswer<R>>;
  };
}

/**
 * Makes a connection from a client with a life: `open`, `send`, `lost`, `close`.
 *
 * *Say how to open and close it; the balancer decides when.*
 *
 * The connection is `connecting` while `open` runs, and `up` once it has given a client. It breaks when
 * `open` fails or `lost` speaks, and is then opened again after the balancer's `reconnectDelay`.
 *
 * ```text
 * open:    --(c|)
 * lost(c):   ------x
 * state$:  c-u-----#
 * ```
 *
 * A connection made here serves one subscription at a time: a second balancer that uses it ends with an
 * error that names it. Give the balancer a function that makes the connections where it is subscribed more
 * than once.
 *
 * @example
 * ```ts
 * import { createConnection, type Socket } from 'node:net';
 * import { once } from 'node:events';
 * import { fromEvent } from 'rxjs';
 * import { connection } from 'rxjs-load-balance';
 *
 * export const collector = connection({
 *   name: 'collector',
 *   open: async (signal): Promise<Socket> => {
 *     const socket = createConnection({ port: 4_000 });
 *     try {
 *       await once(socket, 'connect', { signal });
 *     } catch (error) {
 *       socket.destroy(); // it may still be connecting
 *       throw error;
 *     }
 *     return socket;
 *   },
 *   lost: (socket) => fromEvent(socket, 'close'),
 *   close: (socket) => socket.destroy(),
 *   send: async (socket, line: string) => {
 *     socket.write(`${line}\n`);
 *     await once(socket, 'data');
 *   },
 * });
 * ```
 * @param config What the client does; `send` or `batch`.
 * @returns The connection.
 * @throws TypeError or RangeError when a part of the config is not what it should be.
 */
export function connection<T, R, Client>(config: BatchClientConfig<T, R, Client>): BatchConnection<T, R>;
export function connection<T, R, Client>(config: SingleClientConfig<T, R, Client>): Connection<T, R>;
export function connection<T, R, Client>(
  config: SingleClientConfig<T, R, Client> | BatchClientConfig<T, R, Client>,
): Connection<T, R> | BatchConnection<T, R> {
  const who = 'connection';
  expectObject(who, 'config', config);
  const { name, open, lost, close, window, classify } = config;
  expectFunction(who, 'config.open', open);
  for (const [option, value] of Object.entries({ lost, close })) {
    if (value !== undefined) {
      expectFunction(who, `config.${option}`, value);
    }
  }
  const life = new ClientLife<T, Client>(config);
  // The rest is what any connection has.
  const { send, batch } = config as Partial<
    SingleClientConfig<T, R, Client> & BatchClientConfig<T, R, Client>
  >;
  expectConnection(who, 'config', { name, state$: life.state$, window, classify, send, batch });
  const base: ConnectionBase<T> = {
    name,
    state$: life.state$,
    ...(window === undefined ? {} : { window }),
    ...(classify === undefined ? {} : { classify }),
  };
  if (batch === undefined) {
    const { send: sendOne } = config as SingleClientConfig<T, R, Client>;
    return { ...base, send: (event, context) => sendOne.call(config, life.client, event, context) };
  }
  return {
    ...base,
    batch: {
      ...limitsOf(batch),
      send: (events, context) => batch.send(life.client, events, context),
    },
  };
}

/** One client after the other. */
class ClientLife<T, Client> {
  private current: { readonly client: Client } | undefined;
  private inUse = false;
  /** The end of the last client, while it takes its time. */
  private closing: PromiseLike<unknown> | undefined;

  constructor(private readonly config: ClientConfig<T, Client>) {}

  /** The open client. */
  get client(): Client {
    if (this.current === undefined) {
      throw new Error(`connection "${this.config.name}" is not open`);
    }
    return this.current.client;
  }

  readonly state$ = new Observable<ConnectionState>((subscriber) => {
    if (this.inUse) {
      subscriber.error(alreadyInUse(this.config.name));
      return;
    }
    this.inUse = true;
    subscriber.add(() => {
      this.inUse = false;
    });
    subscriber.next('connecting');
    this.afterClosing(subscriber, () => {
      this.open(subscriber);
    });
  });

  /** Waits for the last client to be closed; whoever gives up waiting ends the wait for the next one too. */
  private afterClosing(subscriber: Subscriber<ConnectionState>, next: () => void): void {
    const { closing } = this;
    if (closing === undefined) {
      next();
      return;
    }
    const done = (): void => {
      if (!subscriber.closed) {
        next();
      }
    };
    subscriber.add(() => {
      if (this.closing === closing) {
        this.closing = undefined;
      }
    });
    closing.then(done, done);
  }

  private open(subscriber: Subscriber<ConnectionState>): void {
    const aborter = newAborter();
    subscriber.add(() => {
      aborter.abort();
    });
    const failed = (error: unknown): void => {
      subscriber.error(error);
    };
    const opened = (client: Client): void => {
      if (subscriber.closed) {
        this.close(client);
      } else {
        this.attach(client, subscriber);
      }
    };
    try {
      const client = this.config.open(aborter.signal);
      if (isPromiseLike(client)) {
        let answered = false;
        const once =
          <V>(heard: (value: V) => void) =>
          (value: V): void => {
            if (!answered) {
              answered = true;
              heard(value);
            }
          };
        client.then(once(opened), once(failed));
      } else {
        opened(client);
      }
    } catch (error) {
      failed(error);
    }
  }

  private attach(client: Client, subscriber: Subscriber<ConnectionState>): void {
    const { name, lost } = this.config;
    this.current = { client };
    subscriber.add(() => {
      this.current = undefined;
      this.close(client);
    });
    if (lost !== undefined) {
      subscriber.add(
        defer(() => lost(client)).subscribe({
          next: (said) => {
            subscriber.error(
              isA(Error, said) ? said : new Error(`connection "${name}" was lost`, { cause: said }),
            );
          },
          error: (error: unknown) => {
            subscriber.error(error);
          },
        }),
      );
    }
    subscriber.next('up');
  }

  /** Closes a client; until it is closed, no other is opened. */
  private close(client: Client): void {
    try {
      const closed = this.config.close?.(client);
      if (isPromiseLike(closed)) {
        const done = (): void => {
          if (this.closing === closed) {
            this.closing = undefined;
          }
        };
        this.closing = closed;
        closed.then(done, done);
      }
    } catch {
      // the client is gone either way
    }
  }
}
