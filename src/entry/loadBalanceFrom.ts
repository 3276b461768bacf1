/** The balancer over an iterable, which is asked for an event only when a connection is ready for it. */
import type { Observable } from 'rxjs';
import { loadBalance } from '../../operators/loadBalance.js';
import type { ConnectionInput, Connections, ValueOf } from '../connection.js';
import { expectIterable, expectNoQueue } from '../internal/expect.js';
import { listsFrom } from '../internal/lists.js';
import { settingsFrom } from '../internal/settings.js';
import { Supply } from '../internal/supply.js';
import type { BalanceOptions } from '../options.js';
import type { Outcome } from '../outcome.js';

/**
 * Balances the events of an iterable: back-pressure for free.
 *
 * *Read no faster than the connections can take.*
 *
 * An event is asked for only when a connection is ready for it, one at a time, so at most as many events
 * are in memory as the windows allow, and one more. Nothing is read while no connection is up, also not the
 * end of the iterable: `drainTimeout` begins when that has been read.
 *
 * An AsyncIterable gives one event at a time, so a batch has only one unless its connection lingers.
 *
 * ```text
 * events:  a-b-c|        the next one is asked for when a send has ended
 * sends:   --x             one connection, window 1
 *            --y
 *              --z
 * output:  --x-y-(z|)
 * ```
 *
 * Errors, completion and unsubscription are those of {@link loadBalance}. When the subscriber leaves or the
 * balancer closes, the iterator is returned; also when every connection has retired, and then the events
 * that were not asked for have no outcome. An error of `return` has nobody to go to, and is ignored.
 *
 * @example
 * ```ts
 * import { createReadStream } from 'node:fs';
 * import { createInterface } from 'node:readline';
 * import { loadBalanceFrom } from 'rxjs-load-balance';
 *
 * const lines = createInterface({ input: createReadStream('package.json') });
 * const send = async (line: string): Promise<number> => line.length;
 *
 * loadBalanceFrom(lines, [send]).subscribe({
 *   next: (outcome) => console.log(outcome.status),
 *   complete: () => console.log('done'),
 * });
 * ```
 * @param source The events: an Iterable or an AsyncIterable.
 * @param connections As for `loadBalance`.
 * @param options As for `loadBalance`, without `queue`: nothing queues here but retries.
 * @returns An Observable of outcomes; each subscription iterates anew.
 * @throws TypeError or RangeError when an argument is not what it should be.
 */
export function loadBalanceFrom<T, C extends ConnectionInput<T>>(
  source: Iterable<T> | AsyncIterable<T>,
  connections: Connections<C>,
  options: BalanceOptions<NoInfer<T>> = {},
): Observable<Outcome<T, ValueOf<C>>> {
  const who = 'loadBalanceFrom';
  expectIterable(who, 'source', source);
  // Checked here as well as there: an error names what was called.
  settingsFrom(who, options);
  void listsFrom(who, connections);
  expectNoQueue(who, options);
  return new Supply(source).pipe(loadBalance<T, C>(connections, options));
}
