/** A connection that is used by hand, as the balancer would use it: opened, sent to, closed. */
import { type Observable, Subscription, defer, lastValueFrom, map, toArray } from 'rxjs';
import type { BatchConnection, Connection, ConnectionState, ItemResult } from '../../src/index.js';
import { until } from '../until.js';

/** An open connection, and what became of it. */
export class OpenConnection<T, R> {
  /** Its states so far. */
  readonly states: ConnectionState[] = [];
  /** The error of its state stream, once it has failed. */
  failure: { readonly error: unknown } | undefined;
  readonly #open = new Subscription();

  /**
   * Opens it.
   * @param connection The connection.
   */
  constructor(private readonly connection: Connection<T, R> | BatchConnection<T, R>) {
    this.#open.add(
      connection.state$.subscribe({
        next: (state) => this.states.push(state),
        error: (error: unknown) => {
          this.failure = { error };
        },
      }),
    );
  }

  /** Waits until it is up. */
  async up(): Promise<this> {
    await until(`"${this.connection.name}" to be up`, () => this.states.at(-1) === 'up' || this.failed);
    if (this.failure !== undefined) {
      throw this.failure.error;
    }
    return this;
  }

  /** Waits until it has failed, and gives the error. */
  async lost(): Promise<Error> {
    await until(`"${this.connection.name}" to fail`, () => this.failed);
    return this.failure?.error as Error;
  }

  /** Whether its state stream has ended with an error. */
  get failed(): boolean {
    return this.failure !== undefined;
  }

  /** What becomes of one event; subscribing sends it, unsubscribing cancels that. */
  sending(event: T): Observable<R> {
    const { send } = this.connection as Connection<T, R>;
    return defer(() => send(event, { attempt: 1, signal: new AbortController().signal }));
  }

  /** Sends one event. */
  async send(event: T): Promise<R | undefined> {
    return lastValueFrom(this.sending(event), { defaultValue: undefined });
  }

  /** Sends one event that must fail, and gives the error. */
  async refused(event: T): Promise<Error> {
    return this.send(event).then(
      () => {
        throw new Error('it was delivered');
      },
      (error: unknown) => error as Error,
    );
  }

  /** What becomes of a batch; subscribing sends it, unsubscribing cancels that. */
  sendingAll(events: readonly T[]): Observable<readonly ItemResult<R>[]> {
    const { batch } = this.connection as BatchConnection<T, R>;
    return defer(() => batch.send(events, { attempt: 1, signal: new AbortController().signal })).pipe(
      map((results) => results ?? []),
    );
  }

  /** Sends a batch, and gives everything it answers. */
  async sendAll(events: readonly T[]): Promise<ItemResult<R>[]> {
    return (await lastValueFrom(this.sendingAll(events).pipe(toArray()), { defaultValue: [] })).flat();
  }

  /** Closes it. */
  close(): void {
    this.#open.unsubscribe();
  }
}
