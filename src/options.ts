/** The options of a balancer, with their units and defaults. */
import type { ObservableInput, Observer, RetryConfig, SchedulerLike } from 'rxjs';
import type { BalancerActivity } from './activity.js';
import type { CancelSignal } from './cancelSignal.js';

/** How long to wait before a connection that failed is opened again: RxJS's own type of `retry`'s `delay`. */
export type ReconnectDelay = NonNullable<RetryConfig['delay']>;

/** How long things may take; all in milliseconds, `Infinity` for without limit. */
export interface Timeouts {
  /** How long a connection may be `connecting` before that counts as a failure. Default 30,000. */
  readonly connect?: number;
  /** How long a send may take before it is cancelled and has failed. Default 30,000. */
  readonly send?: number;
  /**
   * How long an event waits while no connection is up before that uses up one of its attempts.
   * Default `Infinity`: **in an outage events wait, and nothing is dropped**.
   */
  readonly wait?: number;
}

/** The events that wait for a connection. */
export interface QueueOptions {
  /**
   * How many events may wait, those put back included. Default `Infinity`. With 0, an event that no
   * connection is ready for is dropped.
   */
  readonly capacity?: number;
  /** Which event a full queue drops: the one that arrives, or the one that waits longest. Default `drop-newest`. */
  readonly overflow?: 'drop-newest' | 'drop-oldest';
}

/** The options of everything that balances, apart from the queue's. */
export interface BalanceOptions<T> {
  /** How many attempts an event has. Default 3; `Infinity`: until it is delivered. */
  readonly maxAttempts?: number;
  /**
   * Which events have attempts without limit. Default `false`. A function is asked for an event when it
   * first matters, at most once; an error that it throws closes the balancer.
   */
  readonly guaranteed?: boolean | ((event: T) => boolean);
  /** Milliseconds. A number is all three. Default `{ connect: 30_000, send: 30_000, wait: Infinity }`. */
  readonly timeout?: number | Timeouts;
  /**
   * How long to wait before a failed connection is opened again, and for how long a temporary failure
   * pauses one: milliseconds, or a function of the error and of the number of failures in a row whose
   * notifier ends the wait. A notifier that completes without emitting, or errors, retires the connection.
   * Default `exponentialBackoff()`.
   */
  readonly reconnectDelay?: ReconnectDelay;
  /**
   * Closes the balancer when it emits or is aborted: sends are cancelled, and every outstanding event is
   * dropped with reason `closed`. Completion without a value does nothing; an error is passed on after closing.
   */
  readonly closeOn?: ObservableInput<unknown> | CancelSignal;
  /** How long outstanding events may take after the source has ended, in milliseconds; then it closes. Default `Infinity`. */
  readonly drainTimeout?: number;
  /** Told what happens inside; costs nothing when absent. */
  readonly monitor?: Partial<Observer<BalancerActivity>>;
  /** The clock and the timers. Default RxJS's `asyncScheduler`. */
  readonly scheduler?: SchedulerLike;
}

/** The options of `loadBalance` and `LoadBalancer`. */
export interface LoadBalanceOptions<T> extends BalanceOptions<T> {
  /** The events that wait for a connection. Default: unbounded, **so in an outage the queue grows with the source**. */
  readonly queue?: QueueOptions;
}
