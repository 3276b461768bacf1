/** The end of something of the user's. */
import { throwError, type Unsubscribable } from 'rxjs';

/**
 * Unsubscribes. That a teardown of the user's throws is no reason to lose an event, or to leave anything else open.
 * @param subscription What is no longer wanted.
 */
export function release(subscription: Unsubscribable | undefined): void {
  try {
    subscription?.unsubscribe();
  } catch (error) {
    reportUnhandled(error);
  }
}

/** Has RxJS report an error for which nobody is left. */
export function reportUnhandled(error: unknown): void {
  throwError(() => error).subscribe();
}
