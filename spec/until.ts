/** Waiting for a condition, instead of for a time. */
import { setTimeout as sleep } from 'node:timers/promises';

/** How often to look, in milliseconds. */
const period = 2;

/**
 * Resolves as soon as the condition holds.
 * @param what What is waited for: the error says it.
 * @param holds Asked again and again; one that rejects does not hold yet.
 * @param patience How long to wait at most, in milliseconds.
 * @throws Error when it does not hold in time; its cause is why it rejected last.
 */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  patience = 20_000,
): Promise<void> {
  const end = performance.now() + patience;
  let cause: unknown;
  const no = (error: unknown): boolean => {
    cause = error;
    return false;
  };
  while (!(await Promise.resolve(holds()).catch(no))) {
    if (performance.now() > end) {
      throw new Error(`waited ${patience} ms in vain: ${what}`, { cause });
    }
    await sleep(period);
    cause = undefined;
  }
}
