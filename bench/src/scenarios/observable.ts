/** Sends that return `of(x)`: everything happens at once. */
import { contest } from '../contest.js';
import { balanced, merged, mergedWithTimeoutAndRetry } from '../entries.js';

export const observables = contest(
  'of(x) 4x1',
  '4 connections with a window of 1; each send returns `of(event)`; bursts of 10,000 events.',
  {
    events: 10_000,
    connections: 4,
    window: 1,
    sender: async () => {
      const { of } = await import('rxjs');
      return (tally) => (event) => {
        tally.add(event);
        return of(event);
      };
    },
  },
  [balanced, merged, mergedWithTimeoutAndRetry],
);
