/** What happens to a collector midway. */
import { concatMap, delay, ignoreElements, tap, type OperatorFunction } from 'rxjs';
import type { CollectorProcess } from './collectorProcess.js';

/**
 * When the source emits, a collector is killed, and a little later started again.
 * @param collector Which one.
 * @param outage How long it is gone, in milliseconds.
 * @param notice Told of it.
 */
export function killAndRestart(
  collector: CollectorProcess,
  outage: number,
  notice: (text: string) => void,
): OperatorFunction<unknown, never> {
  return (moment$) =>
    moment$.pipe(
      concatMap(() => collector.kill()),
      tap(() => {
        notice(`${collector.name}: killed (SIGKILL)`);
      }),
      delay(outage),
      concatMap(() => collector.start()),
      tap(() => {
        notice(`${collector.name}: started again`);
      }),
      ignoreElements(),
    );
}
