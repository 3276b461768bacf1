/** The end of something of the user's. */
import { from, Observable, throwError, type ObservableInput, type Unsubscribable } from 'rxjs';

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

/** A stream of the user's: that its teardown throws is reported, and no more. */
export function released<V>(source$: ObservableInput<V>): Observable<V> {
  const stream$ = from(source$);
  return new Observable((subscriber) => {
    const subscription = stream$.subscribe({
      next: (value) => {
        subscriber.next(value);
      },
      error: (error: unknown) => {
        subscriber.error(error);
      },
      complete: () => {
        subscriber.complete();
      },
    });
    subscriber.add(() => {
      release(subscription);
    });
  });
}
