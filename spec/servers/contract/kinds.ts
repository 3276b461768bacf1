/** The kinds of connection that every subject has. */
import type { BatchLimits } from '../../../src/connections/settings.js';

/** What a kind is called, and how many events it sends at once. */
export const kinds: readonly (readonly [kind: string, batch: BatchLimits | undefined])[] = [
  ['single events', undefined],
  ['batches', { size: 10, linger: 5 }],
];
