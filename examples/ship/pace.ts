/** Slower than it could be: so many events a second at most. */
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

/** Timers are late; so much of what they miss is made up for, in milliseconds. */
const lateness = 100;

/**
 * Passes events on, evenly spread over time.
 * @param events What to pass on. The next one is asked for only when it is due.
 * @param rate Events a second.
 * @param stop Ends a wait: whoever listens to it as well has no more events then.
 */
export async function* paced<T>(
  events: AsyncIterable<T> | Iterable<T>,
  rate: number,
  stop: AbortSignal,
): AsyncGenerator<T, void> {
  let due = performance.now();
  for await (const event of events) {
    yield event;
    const now = performance.now();
    due = Math.max(due, now - lateness) + 1_000 / rate;
    if (due > now) {
      await sleep(due - now, undefined, { signal: stop }).catch(() => undefined);
    }
  }
}
