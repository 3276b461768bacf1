/** A connection that takes longer: what is on this machine, as if it were far away. */
import { mergeMap, timer } from 'rxjs';
import type { BatchConnection } from 'rxjs-load-balance';

/**
 * Makes one out of another.
 * @param connection The one.
 * @param latency How much longer it takes to answer, in milliseconds; 0: not longer.
 */
export function fartherAway<T, R>(connection: BatchConnection<T, R>, latency: number): BatchConnection<T, R> {
  const { batch } = connection;
  return latency === 0
    ? connection
    : {
        ...connection,
        batch: {
          ...batch,
          send: (events, context) => timer(latency).pipe(mergeMap(() => batch.send(events, context))),
        },
      };
}
