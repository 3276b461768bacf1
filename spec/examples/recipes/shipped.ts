/** Events shipped over connections to the end, in one call. */
import { from, lastValueFrom, toArray } from 'rxjs';
import { loadBalance, type Connection, type LoadBalanceOptions, type Outcome } from '../../../src/index.js';

/** The outcomes of events, in the order in which they came. */
export function shipped<T, R>(
  events: readonly T[],
  connections: readonly Connection<T, R>[],
  options: LoadBalanceOptions<T> = {},
): Promise<Outcome<T, R>[]> {
  const outcome$ = from(events).pipe(loadBalance(connections, options), toArray());
  return lastValueFrom(outcome$, { defaultValue: [] });
}

/** What became of each event, as `a delivered`. */
export function wordsFor(outcomes: readonly Outcome<unknown>[]): string[] {
  return outcomes.map(({ event, status }) => `${String(event)} ${status}`);
}
