/** The two kinds of client that libbeat knows: what they must do, and what can be said about them. */
import type { Batching, ConnectionBase } from '../connection.js';

/**
 * A client whose `publish` is over when the event is published.
 *
 * Every method MAY answer at once or with a promise. What one throws or rejects with counts as any error of
 * a send or of connecting: a `TemporaryError` pauses the connection, a `RejectedError` drops the event, any
 * other breaks the connection, and the client is closed and connected again.
 */
export interface SyncClient<T> {
  /**
   * Connects, in `timeout` milliseconds at most. It MUST be possible again after `close`, and MUST NOT count
   * on being the first.
   */
  connect(timeout: number): void | PromiseLike<void>;
  /**
   * Closes. It MUST also end a `connect` that is under way. The client is not connected again before this is
   * done, or one of the balancer's `timeout.connect` has passed; what it throws is ignored.
   */
  close(): void | PromiseLike<void>;
  /** Publishes one event. */
  publish(event: T): void | PromiseLike<void>;
  /** Publishes many events, and says which of them were not published. Needed for `batch`. */
  publishAll?(events: readonly T[]): Published<T> | PromiseLike<Published<T>>;
}

/**
 * What `publishAll` says:
 *
 * - nothing, or an empty array: all events are published;
 * - an array: these are not, and nothing is wrong; they take another turn;
 * - an object: these are not, and this is why. With an error that is `undefined` or `null` it means the same
 *   as the array.
 *
 * The events MUST be those of the batch, the very same values. One that is twice in the batch and once in
 * the reply was published the first time.
 */
// eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- a publishAll may be a function without a value
export type Published<T> = void | readonly T[] | Unpublished<T>;

/** What `publishAll` says when something is wrong. */
export interface Unpublished<T> {
  /** The events that were not published; may be empty. */
  readonly unpublished: readonly T[];
  /** Why not. */
  readonly error: unknown;
}

/**
 * A client that calls back when the event is published, so that many may be on their way.
 *
 * Only the first call back counts, and none that comes after the send was given up. A method that throws
 * instead has failed with what it threw.
 */
export interface AsyncClient<T> {
  /** As that of a {@link SyncClient}. */
  connect(timeout: number): void | PromiseLike<void>;
  /** As that of a {@link SyncClient}. */
  close(): void | PromiseLike<void>;
  /** Publishes one event, then calls back: with an error, or without one (`undefined` or `null`). */
  publish(event: T, done: (error?: unknown) => void): void;
  /**
   * Publishes many events, then calls back with the error, if there was one, and the events that were not
   * published: with an error and no such list, none was. Needed for `batch`.
   */
  publishAll?(events: readonly T[], done: (error?: unknown, unpublished?: readonly T[]) => void): void;
}

/** How many events a client takes at once; as `batch` of a connection. */
export type ClientBatching = Pick<Batching<unknown>, 'size' | 'linger'>;

/** What can be said about a synchronous client. */
export interface SyncConnectionConfig {
  /** The name by which outcomes, errors and the monitor call the connection. Default: that of the function. */
  readonly name?: string;
  /**
   * What `connect` is told, in milliseconds; `Infinity` for without limit. Default 30,000. The balancer does
   * not wait longer than its own `timeout.connect` either way.
   */
  readonly timeout?: number;
  /** Publishes in batches, with `publishAll`. Default: one by one, with `publish`. */
  readonly batch?: ClientBatching;
}

/** What can be said about an asynchronous client. */
export interface AsyncConnectionConfig extends SyncConnectionConfig {
  /** How many events, or batches, may be on their way at once, as of any connection. Default 1. */
  readonly window?: NonNullable<ConnectionBase<unknown>['window']>;
}
