/** A timer that can tell beforehand how long it is: for the monitor. */
import { timer, type Observable, type SchedulerLike } from 'rxjs';

/** Emits 0 after a delay, and completes. */
export type Delay = Observable<0> & { readonly milliseconds: number };

/**
 * Makes one.
 * @param milliseconds How long it is.
 * @param scheduler The timer.
 * @returns The delay.
 */
export function delayOf(milliseconds: number, scheduler?: SchedulerLike): Delay {
  return Object.assign(timer(milliseconds, scheduler), { milliseconds });
}

/**
 * Tells how long a notifier is.
 * @param notifier Anything that ends a wait.
 * @returns Milliseconds, or `undefined` when it cannot tell.
 */
export function lengthOf(notifier: object): number | undefined {
  return 'milliseconds' in notifier && typeof notifier.milliseconds === 'number'
    ? notifier.milliseconds
    : undefined;
}
