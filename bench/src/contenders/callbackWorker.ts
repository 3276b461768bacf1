/** All senders as one worker that calls back: for queues in their callback form. */
import type { Work } from '../work.js';
import { roundRobin } from './roundRobin.js';

export type CallbackWorker = (event: number, done: (error: Error | null) => void) => void;

export function callbackWorker(senders: Work<Promise<unknown>>['senders']): CallbackWorker {
  const send = roundRobin(senders);
  return (event, done) => {
    send(event).then(() => {
      done(null);
    }, done);
  };
}
