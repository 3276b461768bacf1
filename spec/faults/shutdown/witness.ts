/** What a child program says of itself, and what it asks of the spec that has started it. */
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long something may stay behind after it was given up, in milliseconds. */
const patience = 3_000;

/** What keeps this process alive. */
export function resources(): string[] {
  return process.getActiveResourcesInfo().sort();
}

// A signal's listener keeps nobody alive.
process.on('SIGUSR2', () => {
  writeSync(2, `still there: ${resources().join(', ')}\n`);
});

// From here on standard output counts among the resources.
process.stdout.write('\n');

/** What keeps the process alive while nothing is open: this is asked by a timer, as the others are. */
const few = await sleep(1).then(resources);

/** No timer is left: it is gone as soon as it is not needed. */
export async function noTimers(): Promise<void> {
  await new Promise(setImmediate);
  const timers = resources().filter((resource) => resource === 'Timeout');
  if (timers.length > 0) {
    throw new Error(`left behind: ${timers.length} timers`);
  }
}

/** Waits until nothing is left but what was there at the beginning: sockets take a moment. */
export async function nothingLeft(): Promise<void> {
  const end = performance.now() + patience;
  for (let left = resources(); left.join() !== few.join(); left = await sleep(5).then(resources)) {
    if (performance.now() > end) {
      throw new Error(`left behind: ${left.join(', ')}; at the beginning: ${few.join(', ')}`);
    }
  }
}

/** Waits until the other side of all sockets says that it is so. */
export async function confirmed(question: string): Promise<void> {
  // While somebody listens the channel keeps the process alive, and only then.
  const answered = once(process, 'message');
  process.send?.(question);
  await answered;
}

/** Says that the work is done: from now on nothing may keep the process alive. */
export function over(): void {
  console.log('over');
}
