/** The delay between two tries to connect: twice as long after every failure, with jitter. */
import { asyncScheduler, type Observable, type SchedulerLike } from 'rxjs';
import {
  expectFunction,
  expectMilliseconds,
  expectNumber,
  expectObject,
  expectScheduler,
} from './internal/expect.js';
import { delayOf } from './internal/delay.js';

/** How the delay grows; times in milliseconds. */
export interface ExponentialBackoffConfig {
  /** The delay after the first failure. Default 1,000. */
  readonly initialDelay?: number;
  /** The longest delay. Default 60,000. */
  readonly maxDelay?: number;
  /** By how much the delay grows with each failure in a row, 1 or more. Default 2. */
  readonly factor?: number;
  /** Which part of the delay is random, from 0 to 1. Default 0.5: from half of the delay to all of it. */
  readonly jitter?: number;
  /** Gives a number from 0 to less than 1. Default `Math.random`. */
  readonly random?: () => number;
  /** The timer. Default RxJS's `asyncScheduler`. */
  readonly scheduler?: SchedulerLike;
}

/**
 * A delay for RxJS's `retry` and for `reconnectDelay` that grows with every failure in a row.
 *
 * *Wait a little, then longer and longer, and never all at the same time.*
 *
 * After the n-th failure in a row, d = min(`maxDelay`, `initialDelay` × `factor`^(n-1)), and the delay is
 * drawn evenly between (1 - `jitter`) × d and d, so that many clients of one place that failed do not
 * come back at the same moment ("Exponential Backoff And Jitter", AWS Architecture Blog, 2015: their
 * "equal jitter" is the default here). With `jitter: 0`, `initialDelay: 2` and `factor: 2`:
 *
 * ```text
 * source:  x#
 * retry(): x--x----x--------x…
 * ```
 *
 * @example
 * ```ts
 * import { of } from 'rxjs';
 * import { exponentialBackoff, loadBalance } from 'rxjs-load-balance';
 *
 * of('event')
 *   .pipe(
 *     loadBalance([async (event) => event.length], {
 *       reconnectDelay: exponentialBackoff({ initialDelay: 100, maxDelay: 5_000 }),
 *     }),
 *   )
 *   .subscribe((outcome) => console.log(outcome.status)); // delivered
 * ```
 * @param config How it grows; every part has a default.
 * @returns A function of the error and of the number of failures in a row, which returns a timer.
 * @throws TypeError or RangeError when a part of the config is not what it should be.
 */
export function exponentialBackoff(
  config: ExponentialBackoffConfig = {},
): (error: unknown, retryCount: number) => Observable<0> & { readonly milliseconds: number } {
  const at = 'exponentialBackoff';
  expectObject(at, 'config', config);
  const {
    initialDelay = 1_000,
    maxDelay = 60_000,
    factor = 2,
    jitter = 0.5,
    random = Math.random,
    scheduler = asyncScheduler,
  } = config;
  expectMilliseconds(at, 'initialDelay', initialDelay);
  expectMilliseconds(at, 'maxDelay', maxDelay);
  expectNumber(at, 'factor', factor, '1 or more', (value) => value >= 1);
  expectNumber(at, 'jitter', jitter, 'from 0 to 1', (value) => value >= 0 && value <= 1);
  expectFunction(at, 'random', random);
  expectScheduler(at, 'scheduler', scheduler);
  return (_error, retryCount) => {
    // 0 × Infinity would be NaN.
    const grown = initialDelay === 0 ? 0 : initialDelay * factor ** (retryCount - 1);
    const longest = Math.min(maxDelay, grown);
    // What is no number from 0 to 1 must not make a delay that no timer waits.
    const chance = Math.min(Math.max(random(), 0), 1) || 0;
    return delayOf(longest * (1 - jitter * chance), scheduler);
  };
}
