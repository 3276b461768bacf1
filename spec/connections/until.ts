/** Waits for a condition, looked at again and again. */
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits until a condition holds.
 * @param what What is waited for, for the error.
 * @param holds The condition.
 * @throws Error when it does not hold for 20 seconds.
 */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!holds()) {
    if (performance.now() > deadline) {
      throw new Error(`waited in vain: ${what}`);
    }
    await sleep(2);
  }
}
