/** fastq, kept open: then it uses its records again. */
import fastq from 'fastq';
import type { LiveContender } from '../../work.js';
import { callbackWorker } from '../callbackWorker.js';
import { roundRobin } from '../roundRobin.js';

export const withCallbacks: LiveContender = ({ senders, window }, settled) => {
  const queue = fastq(callbackWorker(senders), senders.length * window);
  const finished = (error: Error | null) => {
    settled(error === null);
  };
  return (event) => {
    queue.push(event, finished);
  };
};

export const withPromises: LiveContender = ({ senders, window }, settled) => {
  const queue = fastq.promise(roundRobin(senders), senders.length * window);
  const delivered = () => {
    settled(true);
  };
  return (event) => {
    void queue.push(event).then(delivered);
  };
};
