/** Who takes part, and what each does besides sending. */
import type { ObservableInput } from 'rxjs';
import type { Entry } from './contest.js';

type Promised = Entry<Promise<unknown>>;

// These three take whatever RxJS takes, not only promises.

export const balanced: Entry<ObservableInput<unknown>> = {
  name: 'loadBalance',
  does: 'timeout, retry, reconnecting, outcomes',
  load: async () => (await import('./contenders/loadBalance.js')).byDefault,
};

export const merged: Entry<ObservableInput<unknown>> = {
  name: 'mergeMap',
  does: 'no timeout, no retry',
  reference: true,
  load: async () => (await import('./contenders/mergeMap.js')).merged,
};

export const mergedWithTimeoutAndRetry: Entry<ObservableInput<unknown>> = {
  name: 'mergeMap + timeout + retry',
  does: 'timeout, retry',
  load: async () => (await import('./contenders/mergeMap.js')).withTimeoutAndRetry,
};

/** Where sends return a promise. */
export const entries: readonly Promised[] = [
  {
    name: 'plain loop',
    does: 'nothing: the limit',
    reference: true,
    load: async () => (await import('./contenders/plainLoop.js')).plainLoop,
  },
  balanced,
  {
    name: 'loadBalance, no timeout',
    does: 'retry, reconnecting, outcomes',
    load: async () => (await import('./contenders/loadBalance.js')).withoutTimeout,
  },
  {
    name: 'loadBalance, with a monitor',
    does: 'timeout, retry, reconnecting, outcomes, activities',
    load: async () => (await import('./contenders/loadBalance.js')).withMonitor,
  },
  merged,
  {
    name: 'mergeMap + retry',
    does: 'retry',
    load: async () => (await import('./contenders/mergeMap.js')).withRetry,
  },
  mergedWithTimeoutAndRetry,
  {
    name: 'fastq',
    does: 'no timeout, no retry',
    load: async () => (await import('./contenders/fastq.js')).withCallbacks,
  },
  {
    name: 'fastq.promise',
    does: 'no timeout, no retry; a promise an event',
    load: async () => (await import('./contenders/fastq.js')).withPromises,
  },
  {
    name: 'async.queue',
    does: 'no timeout, no retry',
    load: async () => (await import('./contenders/async.js')).plainQueue,
  },
  {
    name: 'async.queue + retry + timeout',
    does: 'timeout, retry',
    load: async () => (await import('./contenders/async.js')).withRetryAndTimeout,
  },
  {
    name: 'p-queue',
    does: 'no timeout, no retry; priorities, a promise an event',
    load: async () => (await import('./contenders/pQueue.js')).withoutTimeout,
  },
  {
    name: 'p-queue + timeout',
    does: 'timeout, no retry; priorities, a promise an event',
    load: async () => (await import('./contenders/pQueue.js')).withTimeout,
  },
  {
    name: 'p-limit',
    does: 'no timeout, no retry; a promise an event',
    load: async () => (await import('./contenders/pLimit.js')).limited,
  },
  {
    name: 'cockatiel',
    does: 'timeout, retry; a promise and a signal an event',
    load: async () => (await import('./contenders/cockatiel.js')).wrapped,
  },
  {
    name: 'generic-pool',
    does: 'no timeout, no retry; makes, lends and destroys the senders',
    load: async () => (await import('./contenders/genericPool.js')).pooled,
  },
  {
    name: 'composed',
    does: 'timeout, retry, reconnecting, outcomes; in RxJS operators only',
    load: async () => (await import('./contenders/composed.js')).composedBalancer,
  },
];

/** One of them, by name. */
export function entry(name: string): Promised {
  const found = entries.find((each) => each.name === name);
  if (found === undefined) {
    throw new Error(`expected the name of an entry, got ${name}`);
  }
  return found;
}
