/** Many events in one write, with a result for each. */
import { Observable } from 'rxjs';
import type { ItemResult } from '../../connection.js';
import { kindByClass } from '../../internal/target.js';

/** Whoever sends one event. */
export interface Asking<T, R> {
  /** Begins to; what it throws is the error of the event. */
  ask(event: T): Promise<unknown>;
  /** What an answer says. What it throws is the error of the event. */
  read(answer: unknown): R;
  /** What an error means that came instead of an answer. */
  meaningOf(error: unknown): Error;
  /** Whether no answer can come any more. */
  readonly isBroken: boolean;
}

/**
 * Sends events without waiting for one to be answered before the next.
 *
 * Each is named as its answer comes, delivered or failed; those that a broken link has left without one are not. An
 * error that breaks the connection is also the error of the stream, once all have an answer or none can come any more.
 * @param events The events.
 * @param asking Sends one of them.
 */
export function pipelined<T, R>(
  events: readonly T[],
  asking: Asking<T, R>,
): Observable<readonly ItemResult<R>[]> {
  return new Observable((subscriber) => {
    let results: ItemResult<R>[] = [];
    let open = events.length;
    let failure: { readonly error: unknown } | undefined;
    let isDue = false;

    const tell = (): void => {
      isDue = false;
      if (results.length > 0) {
        const named = results;
        results = [];
        subscriber.next(named);
      }
      if (open > 0) {
        return;
      }
      if (failure === undefined) {
        subscriber.complete();
      } else {
        subscriber.error(failure.error);
      }
    };
    const settled = (): void => {
      open--;
      if (!isDue) {
        // After all that have come together with this one.
        isDue = true;
        queueMicrotask(tell);
      }
    };
    const refused = (index: number, error: unknown): void => {
      if (kindByClass(error) === 'connection') {
        failure ??= { error };
      }
      if (!asking.isBroken) {
        results.push({ index, status: 'failed', error });
      }
      settled();
    };

    events.forEach((event, index) => {
      const answered = (answer: unknown): void => {
        try {
          results.push({ index, status: 'delivered', value: asking.read(answer) });
        } catch (error) {
          refused(index, error);
          return;
        }
        settled();
      };
      try {
        asking.ask(event).then(answered, (error: unknown) => {
          refused(index, asking.meaningOf(error));
        });
      } catch (error) {
        refused(index, error);
      }
    });
  });
}
