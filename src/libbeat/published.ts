/** What became of each event of a batch, from a client's list of those that were not published. */
import { concat, defer, of, throwError, type Observable } from 'rxjs';
import type { ItemResult } from '../connection.js';
import { TemporaryError } from '../errors.js';
import { wrongType } from '../internal/expect.js';

/** What a client says about a batch. */
export interface Reply {
  /** The events that were not published; a list, or it is the client's fault. */
  readonly unpublished: unknown;
  /** Why not; `undefined` and `null` stand for nothing wrong. */
  readonly error: unknown;
}

/**
 * Translates a reply for the balancer: the published events first, as delivered; then the error, which fails
 * the rest. The rest has used an attempt only when nothing was published; when nothing was published and
 * nothing is said to be wrong, that is a temporary failure, lest the same batch be sent for ever.
 * @param name The connection's name, for errors.
 * @param events The batch.
 * @param reply The client's.
 * @returns What a batch send returns; it errors for a reply that is none.
 */
export function answerTo(
  name: string,
  events: readonly unknown[],
  reply: Reply,
): Observable<readonly ItemResult<void>[]> {
  return defer(() => {
    const { unpublished, error } = reply;
    const delivered = publishedOf(name, events, unpublished);
    if (error !== undefined && error !== null) {
      return concat(
        of(delivered),
        throwError(() => reply.error),
      );
    }
    if (delivered.length === 0) {
      return throwError(
        () => new TemporaryError(`connection "${name}" published 0 of ${String(events.length)} events`),
      );
    }
    return of(delivered);
  });
}

/** The results of the published events. Of equal ones, the last are those that were not. */
function publishedOf(name: string, events: readonly unknown[], unpublished: unknown): ItemResult<void>[] {
  const left = countOf(name, unpublished);
  const delivered: ItemResult<void>[] = [];
  for (let index = events.length - 1; index >= 0; index--) {
    const event = events[index];
    const count = left.get(event);
    if (count === undefined) {
      delivered.push({ index, status: 'delivered' });
    } else if (count === 1) {
      left.delete(event);
    } else {
      left.set(event, count - 1);
    }
  }
  if (left.size > 0) {
    throw new TypeError(
      `connection "${name}": publishAll answered with ${String(left.size)} events that were not in the batch`,
    );
  }
  return delivered.reverse();
}

function countOf(name: string, unpublished: unknown): Map<unknown, number> {
  if (!Array.isArray(unpublished)) {
    const expected = 'an array of those that were not published';
    throw wrongType(`connection "${name}"`, 'events of publishAll', expected, unpublished);
  }
  const counts = new Map<unknown, number>();
  for (const event of unpublished as unknown[]) {
    counts.set(event, (counts.get(event) ?? 0) + 1);
  }
  return counts;
}
