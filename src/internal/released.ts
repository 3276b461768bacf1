/** A stream of the user's. */
import { from, Observable, type ObservableInput } from 'rxjs';
import { DirectSubscriber } from './directSubscriber.js';
import { release, reportUnhandled } from './release.js';

/**
 * The same stream, but that its teardown throws is reported, and no more.
 * @param source$ The user's.
 */
export function released<V>(source$: ObservableInput<V>): Observable<V> {
  const stream$ = from(source$);
  return new Observable((subscriber) => {
    const direct = new DirectSubscriber<V>(subscriber);
    // Before anything comes: a stream without end that emits at once looks whether anybody is left.
    subscriber.add(() => {
      release(direct);
    });
    try {
      direct.add(stream$.subscribe(direct));
    } catch (error) {
      if (direct.closed) {
        // It has ended at once, or was left, and its teardown has failed.
        reportUnhandled(error);
      } else {
        subscriber.error(error);
      }
    }
  });
}
