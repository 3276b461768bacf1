/** Whether a scheduler has a time of its own, as RxJS's TestScheduler does. */
import type { SchedulerLike } from 'rxjs';

/** A clock that is further than this from the real one, in milliseconds, is another clock. */
const beyond = 1_000;

/**
 * Compares a scheduler's clock with the real one.
 * @param scheduler The scheduler.
 * @returns Whether its time is virtual.
 */
export function isVirtual(scheduler: SchedulerLike): boolean {
  return Math.abs(scheduler.now() - Date.now()) > beyond;
}
