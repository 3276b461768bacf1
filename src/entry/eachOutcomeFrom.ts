/** The balancer as an async iteration, bounded from end to end. */
import { merge, NEVER, Subject, takeUntil, tap } from 'rxjs';
import { eachValueFrom } from 'rxjs-for-await';
import { loadBalance } from '../../operators/loadBalance.js';
import type { CancelSignal } from '../cancelSignal.js';
import type { ConnectionInput, Connections, ValueOf } from '../connection.js';
import { aborted, isAbortSignal } from '../internal/aborted.js';
import { expectCount, expectIterable, expectNoQueue, wrongType } from '../internal/expect.js';
import { listsFrom } from '../internal/lists.js';
import { settingsFrom } from '../internal/settings.js';
import { Supply } from '../internal/supply.js';
import type { BalanceOptions } from '../options.js';
import type { Outcome } from '../outcome.js';

/** The options of {@link eachOutcomeFrom}. */
export interface EachOutcomeOptions<T> extends BalanceOptions<T> {
  /**
   * How many outcomes may wait to be read before no more events are asked for; sends in flight then come
   * on top. Default 16.
   */
  readonly highWaterMark?: number;
  /** Ends the iteration when it is aborted: sends, connections and source with it. */
  readonly signal?: CancelSignal;
}

/**
 * Balances the events of an iterable, and gives the outcomes to a `for await` loop.
 *
 * *A loop that reads slowly slows everything down to its own speed, and `break` ends it all.*
 *
 * ```text
 * events:   a--b--c--d…    asked for while fewer than `highWaterMark` outcomes wait
 * outcomes: --a--b--c…     waiting to be read
 * loop:     ----a------b…
 * ```
 *
 * `break`, `return`, `throw` and the `signal` cancel the sends, close the connections and return the source's
 * iterator, also while a `next()` is pending, which then is done. Iterating starts the balancer; nothing is
 * opened before. Events in a send at that moment have no outcome, and those that wait to be read are given
 * only after a `signal`: use `closeOn` to end with an outcome for each.
 *
 * @example
 * ```ts
 * import { eachOutcomeFrom } from 'rxjs-load-balance';
 *
 * const send = async (event: number): Promise<number> => event * 2;
 *
 * for await (const outcome of eachOutcomeFrom([1, 2, 3], [send])) {
 *   console.log(outcome.status === 'delivered' ? outcome.value : outcome.reason); // 2, 4, 6
 * }
 * ```
 * @param source The events: an Iterable or an AsyncIterable.
 * @param connections As for `loadBalance`.
 * @param options As for `loadBalanceFrom`, with `highWaterMark` and `signal`.
 * @returns An async generator of outcomes.
 * @throws TypeError or RangeError at the call when an argument is not what it should be.
 */
export function eachOutcomeFrom<T, C extends ConnectionInput<T>>(
  source: Iterable<T> | AsyncIterable<T>,
  connections: Connections<C>,
  options: EachOutcomeOptions<NoInfer<T>> = {},
): AsyncGenerator<Outcome<T, ValueOf<C>>, void> {
  const who = 'eachOutcomeFrom';
  expectIterable(who, 'source', source);
  // Checked here as well as there: an error names what was called, at the call.
  settingsFrom(who, options);
  void listsFrom(who, connections);
  expectNoQueue(who, options);
  const { highWaterMark = 16, signal } = options;
  expectCount(who, 'highWaterMark', highWaterMark, 1);
  if (signal !== undefined && !isAbortSignal(signal)) {
    throw wrongType(who, 'signal', 'an AbortSignal', signal);
  }

  /** How many outcomes wait to be read. */
  let unread = 0;
  const supply = new Supply(source, () => unread < highWaterMark);
  // A generator's own `return` waits for a pending `next`: the end must come from the stream itself.
  const stop$ = new Subject<void>();
  const outcomes$ = supply.pipe(
    loadBalance<T, C>(connections, options),
    tap(() => unread++),
    takeUntil(merge(stop$, signal === undefined ? NEVER : aborted(signal))),
  );

  async function* read(): AsyncGenerator<Outcome<T, ValueOf<C>>, void> {
    for await (const outcome of eachValueFrom(outcomes$)) {
      unread--;
      supply.resume();
      yield outcome;
    }
  }

  const outcomes = read();
  const end = outcomes.return.bind(outcomes);
  const fail = outcomes.throw.bind(outcomes);
  return Object.assign(outcomes, {
    return: (value: void | PromiseLike<void>) => {
      stop$.next();
      return end(value);
    },
    throw: (error: unknown) => {
      stop$.next();
      return fail(error);
    },
  });
}
