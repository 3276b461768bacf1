/** What was delivered goes on; what was dropped goes to a sink. */
import { filter, map, tap, type Observer, type OperatorFunction } from 'rxjs';
import { expectObserver } from '../src/internal/expect.js';
import { isDelivered, isDropped, type Dropped, type Outcome } from '../src/outcome.js';

/** Where drops go: a function, or an observer, which also hears of the end. */
export type DeadLetterSink<T> = Partial<Observer<Dropped<T>>> | ((dropped: Dropped<T>) => void);

/**
 * Separates the outcomes: the values of delivered events pass, dropped events go to the sink.
 *
 * *Nothing is lost: what could not be delivered is written down somewhere.*
 *
 * ```text
 * outcomes:         -a-x-b-|      a, b delivered; x dropped
 * deadLetter(sink): -a---b-|
 * sink:             ---x---|
 * ```
 *
 * An observer is also told of the source's error or completion, as with RxJS's `tap`; give a function where
 * several balancers share one sink. An error that the sink throws becomes the error of the output.
 *
 * @example
 * ```ts
 * import { from } from 'rxjs';
 * import { deadLetter, loadBalance, RejectedError } from 'rxjs-load-balance';
 *
 * const double = async (event: number): Promise<number> => {
 *   if (event === 2) {
 *     throw new RejectedError('not this one');
 *   }
 *   return event * 2;
 * };
 *
 * from([1, 2, 3])
 *   .pipe(
 *     loadBalance([double]),
 *     deadLetter(({ event, reason }) => console.log(`${event}: ${reason}`)),
 *   )
 *   .subscribe((value) => console.log(value)); // 2, then "2: rejected", then 6
 * ```
 * @param sink Takes what was dropped.
 * @returns A function that returns an Observable of the delivered values.
 */
export function deadLetter<T, R>(sink: DeadLetterSink<NoInfer<T>>): OperatorFunction<Outcome<T, R>, R> {
  if (typeof sink !== 'function') {
    expectObserver('deadLetter', 'sink', sink);
  }
  const observer: Partial<Observer<Dropped<T>>> = typeof sink === 'function' ? { next: sink } : sink;
  return (outcomes$) =>
    outcomes$.pipe(
      tap({
        next: (outcome) => {
          if (isDropped(outcome)) {
            observer.next?.(outcome);
          }
        },
        error: (error: unknown) => observer.error?.(error),
        complete: () => observer.complete?.(),
      }),
      filter(isDelivered),
      map(({ value }) => value),
    );
}
