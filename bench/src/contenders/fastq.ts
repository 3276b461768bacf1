/** fastq: the cheapest queue before one worker function. It has no timeout and no retry. */
import fastq from 'fastq';
import type { Contender } from '../work.js';
import { callbackWorker } from './callbackWorker.js';
import { roundRobin } from './roundRobin.js';

/** Its callback form. */
export const withCallbacks: Contender = ({ events, senders, window }) =>
  new Promise((resolve, reject) => {
    const queue = fastq(callbackWorker(senders), senders.length * window);
    let delivered = 0;
    const settled = (error: Error | null) => {
      if (error !== null) {
        reject(error);
      } else if (++delivered === events.length) {
        resolve(delivered);
      }
    };
    for (const event of events) {
      queue.push(event, settled);
    }
  });

/** Its promise form: every event has a promise of its own. */
export const withPromises: Contender = async ({ events, senders, window }) => {
  const queue = fastq.promise(roundRobin(senders), senders.length * window);
  const answers = await Promise.all(events.map((event) => queue.push(event)));
  return answers.length;
};
