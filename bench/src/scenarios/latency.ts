/** Places that take a millisecond to answer: nobody may waste any of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { contest } from '../contest.js';
import { balanced, entry, merged, mergedWithTimeoutAndRetry } from '../entries.js';
import type { MakeSender } from '../senders.js';

const slowSender: MakeSender<Promise<number>> = (tally) => (event) => {
  tally.add(event);
  return sleep(1, event);
};

export const latency = contest(
  'latency 1 ms, 16x1',
  '16 connections with a window of 1; each send resolves after a timer of 1 ms; bursts of 4,000 events.',
  { events: 4_000, connections: 16, window: 1, sender: () => Promise.resolve(slowSender) },
  [entry('plain loop'), balanced, merged, mergedWithTimeoutAndRetry, entry('p-queue + timeout')],
);
