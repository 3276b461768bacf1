/** The imperative face of the balancer: publish an event, get a promise of its outcome. */
import { loadBalance } from '../../operators/loadBalance.js';
import type { ConnectionInput, Connections, EventOf, ValueOf } from '../connection.js';
import { expectArray, expectBoolean, expectObject } from '../internal/expect.js';
import { listsFrom } from '../internal/lists.js';
import { Mailbox } from '../internal/mailbox.js';
import { settingsFrom } from '../internal/settings.js';
import { connectionsForTickets, optionsForTickets, outcomeOf, Ticket } from '../internal/ticket.js';
import type { LoadBalanceOptions } from '../options.js';
import type { Dropped, Outcome } from '../outcome.js';

declare global {
  // Declared as the standard library's `esnext.disposable` does, for projects without it.
  interface SymbolConstructor {
    readonly asyncDispose: unique symbol;
  }
}

/** The options of `publish` and `publishAll`. */
export interface PublishOptions {
  /** Whether attempts are without limit. Default: what the balancer's `guaranteed` says of the event. */
  readonly guaranteed?: boolean;
}

/** A balancer that is told its events one by one; libbeat's `LB`. */
export interface LoadBalancer<T, R> {
  /**
   * Publishes an event.
   * @param event The event.
   * @param options Whether it is guaranteed.
   * @returns Its outcome. It never rejects: after `drain`, `close` or an error the event is dropped, `closed`.
   */
  publish(event: T, options?: PublishOptions): Promise<Outcome<T, R>>;
  /**
   * Publishes events together, so that a connection for batches can take them together.
   * @param events The events.
   * @param options Whether they are guaranteed.
   * @returns Their outcomes, in the order of the events. It holds all of them until the last one is there.
   */
  publishAll(events: readonly T[], options?: PublishOptions): Promise<Outcome<T, R>[]>;
  /** Takes no new events. Resolves when every event has its outcome and every connection was told to close. */
  drain(): Promise<void>;
  /** Closes now: whatever is queued or in flight is dropped with reason `closed`, and connections are closed. */
  close(): Promise<void>;
  /** Drains. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Makes a {@link LoadBalancer}. */
export interface LoadBalancerConstructor {
  /** Of no connections at all: whatever is published is dropped. */
  new <T = unknown, R = never>(connections: readonly [], options?: LoadBalanceOptions<T>): LoadBalancer<T, R>;
  /**
   * Opens the connections.
   * @param connections As for `loadBalance`.
   * @param options As for `loadBalance`.
   * @throws TypeError or RangeError when an argument is not what it should be.
   */
  new <C extends ConnectionInput<never>>(
    connections: Connections<C>,
    options?: LoadBalanceOptions<EventOf<C>>,
  ): LoadBalancer<EventOf<C>, ValueOf<C>>;
  /** The same, for a list from which nothing can be inferred. */
  new <T, R>(
    // eslint-disable-next-line @typescript-eslint/unified-signatures -- it must come after the others
    connections: Connections<ConnectionInput<T, R>>,
    options?: LoadBalanceOptions<T>,
  ): LoadBalancer<T, R>;
}

const who = 'LoadBalancer';

class Publisher<T, R> implements LoadBalancer<T, R> {
  /** What a stack trace or a log should say. */
  static readonly name = who;

  private readonly mailbox = new Mailbox<Ticket<T, R>>();
  private readonly end: Promise<void>;
  /** What ended it, if anything did: what is published after that is told so. */
  private failure: { readonly error: unknown } | undefined;

  constructor(connections: Connections<ConnectionInput<T, R>>, options: LoadBalanceOptions<T> = {}) {
    // Checked here as well as there: an error names what was called.
    settingsFrom(who, options);
    const lists$ = listsFrom(who, connections);
    const outcomes$ = this.mailbox.pipe(
      loadBalance<Ticket<T, R>, ConnectionInput<Ticket<T, R>, R>>(
        connectionsForTickets(lists$),
        optionsForTickets<T, R>(options),
      ),
    );
    this.end = new Promise((resolve) => {
      outcomes$.subscribe({
        next: (outcome) => {
          outcome.event.resolve(outcomeOf(outcome as Outcome<Ticket<T, R>, R>));
        },
        error: (error: unknown) => {
          this.failure = { error };
          resolve();
        },
        complete: resolve,
      });
    });
  }

  publish(event: T, options: PublishOptions = {}): Promise<Outcome<T, R>> {
    const guaranteed = guaranteedOf(options);
    return new Promise((resolve) => {
      this.put([new Ticket(event, guaranteed, resolve)]);
    });
  }

  publishAll(events: readonly T[], options: PublishOptions = {}): Promise<Outcome<T, R>[]> {
    expectArray(who, 'events', events);
    const guaranteed = guaranteedOf(options);
    const tickets: Ticket<T, R>[] = [];
    // Unlike `map`, it passes over no hole of a sparse array.
    const outcomes = Array.from(
      events,
      (event) =>
        new Promise<Outcome<T, R>>((resolve) => {
          tickets.push(new Ticket(event, guaranteed, resolve));
        }),
    );
    this.put(tickets);
    return Promise.all(outcomes);
  }

  drain(): Promise<void> {
    this.mailbox.close();
    return this.end;
  }

  close(): Promise<void> {
    this.mailbox.abandon(new Error(`${who}: closed`));
    return this.end;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.drain();
  }

  private closed(event: T): Dropped<T> {
    const cause = this.failure === undefined ? {} : { cause: this.failure.error };
    const error = new Error(`${who}: takes no more events`, cause);
    return { status: 'dropped', event, reason: 'closed', error, attempts: 0, failures: [] };
  }

  private put(tickets: readonly Ticket<T, R>[]): void {
    if (!this.mailbox.put(tickets)) {
      for (const { event, resolve } of tickets) {
        resolve(this.closed(event));
      }
    }
  }
}

function guaranteedOf(options: PublishOptions): boolean | undefined {
  expectObject(who, 'options', options);
  const { guaranteed } = options;
  if (guaranteed !== undefined) {
    expectBoolean(who, 'guaranteed', guaranteed);
  }
  return guaranteed;
}

/**
 * A balancer for code that has events one by one, as an HTTP handler has: libbeat's `LB`.
 *
 * *Publish, and await what became of it.*
 *
 * ```text
 * publish(a), publish(b): -a-b----|   the events, as `loadBalance` sees them
 * promises:               ----A-B     each resolves with its outcome
 * ```
 *
 * The connections are opened by the constructor, and keep the process alive until `drain` or `close`. It is
 * an `AsyncDisposable` that drains: `await using balancer = new LoadBalancer(…)`. An error that ends the
 * balancer (of the membership stream, say) is the `error` of the outcomes that it causes, and the `cause` of
 * the error of what is published after it.
 *
 * @example
 * ```ts
 * import { LoadBalancer } from 'rxjs-load-balance';
 *
 * const shout = async (event: string): Promise<string> => event.toUpperCase();
 * const balancer = new LoadBalancer([shout], { timeout: { send: 1_000 } });
 *
 * const outcome = await balancer.publish('hello');
 * console.log(outcome.status === 'delivered' ? outcome.value : outcome.reason); // HELLO
 * await balancer.drain();
 * ```
 */
export const LoadBalancer: LoadBalancerConstructor = Publisher;
