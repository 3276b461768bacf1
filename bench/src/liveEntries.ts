/** Who takes part where things stay open. */
import type { LiveEntry } from './liveContest.js';

export const plainLoop: LiveEntry = {
  name: 'plain loop',
  does: 'nothing: the limit',
  reference: true,
  load: async () => (await import('./contenders/live/plainLoop.js')).plainLoop,
};

export const balanced: LiveEntry = {
  name: 'loadBalance',
  does: 'timeout, retry, reconnecting, outcomes',
  load: async () => (await import('./contenders/live/loadBalance.js')).balancedBySubject,
};

export const merged: LiveEntry = {
  name: 'mergeMap',
  does: 'no timeout, no retry',
  reference: true,
  load: async () => (await import('./contenders/live/mergeMap.js')).mergedBySubject,
};

export const queued: LiveEntry = {
  name: 'fastq',
  does: 'no timeout, no retry',
  load: async () => (await import('./contenders/live/fastq.js')).withCallbacks,
};

export const queuedWithPromises: LiveEntry = {
  name: 'fastq.promise',
  does: 'no timeout, no retry; a promise an event',
  load: async () => (await import('./contenders/live/fastq.js')).withPromises,
};
