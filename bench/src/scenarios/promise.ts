/** Sends that return a promise: the common case, and the headline. */
import { contest, type Rules } from '../contest.js';
import { entries, entry } from '../entries.js';
import { promiseSender } from '../senders.js';

const rules = (connections: number, window: number): Rules<Promise<unknown>> => ({
  events: 10_000,
  connections,
  window,
  sender: () => Promise.resolve(promiseSender),
});

const all = entries.map(({ name }) => name);
const few = ['plain loop', 'loadBalance', 'mergeMap', 'mergeMap + timeout + retry', 'fastq.promise'];

const promised = (connections: number, window: number, names: readonly string[]) =>
  contest(
    `promise ${connections}x${window}`,
    `${connections} connections with a window of ${window}; each send returns a promise that is resolved already; bursts of 10,000 events.`,
    rules(connections, window),
    names.map(entry),
  );

export const promises = [
  promised(4, 1, all),
  promised(16, 1, few),
  promised(4, 8, few),
  promised(16, 8, few),
  promised(4, 64, few),
];
