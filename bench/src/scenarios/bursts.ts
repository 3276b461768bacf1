/** Bursts of several sizes: what an event costs when it is alone, and when a million wait. */
import { contest } from '../contest.js';
import { balanced, entry, merged } from '../entries.js';
import { oneByOne } from '../feed.js';
import { liveContest } from '../liveContest.js';
import * as live from '../liveEntries.js';
import { promiseSender } from '../senders.js';

const one = liveContest(
  'burst 1',
  '4 connections with a window of 1, open all the time; the next event comes when the outcome of the last has come.',
  oneByOne,
  [live.plainLoop, live.balanced, live.merged, live.queuedWithPromises],
);

const many = (events: number, note: string, withMergeMap: boolean) =>
  contest(
    `burst ${events.toLocaleString('en')}`,
    `4 connections with a window of 1; bursts of ${events.toLocaleString('en')} events.${note}`,
    { events, connections: 4, window: 1, sender: () => Promise.resolve(promiseSender) },
    [entry('plain loop'), balanced, ...(withMergeMap ? [merged] : []), entry('fastq.promise')],
  );

export const bursts = [
  one,
  many(10_000, '', true),
  many(100_000, '', true),
  many(1_000_000, ' `mergeMap` is left out: what an event costs it grows with the number that wait.', false),
];
