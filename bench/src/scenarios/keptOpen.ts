/** The same work for what stays open: some peers use their records again, and gain by it. */
import { together } from '../feed.js';
import { liveContest } from '../liveContest.js';
import { balanced, merged, queued, queuedWithPromises } from '../liveEntries.js';

export const keptOpen = liveContest(
  'kept open 4x1',
  'As `promise 4x1`, but queue and balancer are made once and stay open, and a burst of 10,000 events is pushed into them.',
  together,
  [balanced, merged, queued, queuedWithPromises],
);
