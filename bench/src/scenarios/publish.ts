/** Events that are published one by one, each with a promise of its outcome. */
import { contest } from '../contest.js';
import { entry } from '../entries.js';
import { promiseSender } from '../senders.js';

export const publishing = contest(
  'publish 4x1',
  '4 connections with a window of 1; 10,000 events, each with a promise; all promises are awaited.',
  { events: 10_000, connections: 4, window: 1, sender: () => Promise.resolve(promiseSender) },
  [
    {
      name: 'LoadBalancer.publish',
      does: 'timeout, retry, reconnecting, outcomes',
      load: async () => (await import('../contenders/publish.js')).published,
    },
    { ...entry('p-limit'), reference: true },
    entry('p-queue'),
    entry('fastq.promise'),
  ],
);
