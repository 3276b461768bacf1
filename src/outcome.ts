/** What became of an event: every event has exactly one outcome. */

/** The event reached one of the connections. */
export interface Delivered<T, R = unknown> {
  readonly status: 'delivered';
  /** The event, as the source emitted it. */
  readonly event: T;
  /** The last value of the send that was acknowledged; `undefined` when it had none. */
  readonly value: R;
  /** The name of the connection that took it. */
  readonly connection: string;
  /** How many sends of it were started, this one included. */
  readonly attempts: number;
}

/** The event was given up. */
export interface Dropped<T> {
  readonly status: 'dropped';
  /** The event, as the source emitted it. */
  readonly event: T;
  /** Why it was given up. */
  readonly reason: DropReason;
  /** The error that stands for the drop: of the last attempt, of connecting, or of closing. */
  readonly error: unknown;
  /** How many sends of it were started. */
  readonly attempts: number;
  /** Every failed attempt, oldest first; the last 10. */
  readonly failures: readonly FailedAttempt[];
}

/** One failed attempt: where, and with which error. */
export interface FailedAttempt {
  /** The name of the connection. */
  readonly connection: string;
  /** The error of the send. */
  readonly error: unknown;
}

/**
 * Why an event was dropped:
 *
 * - `attempts`: it failed as often as `maxAttempts` allows;
 * - `no-connection`: none was up for too long, or none is left;
 * - `rejected`: a send failed with a {@link RejectedError};
 * - `overflow`: the queue was full;
 * - `closed`: the balancer was closed before it was delivered.
 */
export type DropReason = 'attempts' | 'no-connection' | 'rejected' | 'overflow' | 'closed';

/** What became of an event. */
export type Outcome<T, R = unknown> = Delivered<T, R> | Dropped<T>;

/**
 * Tells whether an outcome is a delivery; a type guard, also for `filter`.
 *
 * @example
 * ```ts
 * import { filter, of } from 'rxjs';
 * import { isDelivered, loadBalance } from 'rxjs-load-balance';
 *
 * of('a', 'b')
 *   .pipe(loadBalance([async (event) => event.toUpperCase()]), filter(isDelivered))
 *   .subscribe((outcome) => console.log(outcome.value)); // A, B
 * ```
 * @param outcome The outcome.
 * @returns Whether it is `delivered`.
 */
export function isDelivered<T, R>(outcome: Outcome<T, R>): outcome is Delivered<T, R> {
  return outcome.status === 'delivered';
}

/**
 * Tells whether an outcome is a drop; a type guard, also for `filter`.
 *
 * @example
 * ```ts
 * import { filter, of } from 'rxjs';
 * import { isDropped, loadBalance, RejectedError } from 'rxjs-load-balance';
 *
 * const send = async (): Promise<void> => {
 *   throw new RejectedError('not this one');
 * };
 * of('a')
 *   .pipe(loadBalance([send]), filter(isDropped))
 *   .subscribe((outcome) => console.log(outcome.reason)); // rejected
 * ```
 * @param outcome The outcome.
 * @returns Whether it is `dropped`.
 */
export function isDropped<T>(outcome: Outcome<T>): outcome is Dropped<T> {
  return outcome.status === 'dropped';
}
