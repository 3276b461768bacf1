/** async's queue, in its callback form: with an async function it makes a promise more for every event. */
import { queue, retryable, timeout, type AsyncWorker } from 'async';
import { sendTimeout, type Contender } from '../work.js';
import { callbackWorker } from './callbackWorker.js';

type Worker = AsyncWorker<number>;

const queued =
  (around: (worker: Worker, attempts: number) => Worker): Contender =>
  ({ events, senders, window, attempts }) =>
    new Promise((resolve, reject) => {
      const worker = around(callbackWorker(senders), attempts);
      let delivered = 0;
      // Given all events at once, it calls back for each.
      queue(worker, senders.length * window).push(events as number[], (error) => {
        if (error) {
          reject(error);
        } else if (++delivered === events.length) {
          resolve(delivered);
        }
      });
    });

export const plainQueue = queued((worker) => worker);

// The types know functions of a callback only; the library passes all arguments on.
const within = timeout as unknown as (worker: Worker, milliseconds: number) => Worker;
const tried = retryable as unknown as (attempts: number, worker: Worker) => Worker;

export const withRetryAndTimeout = queued((worker, attempts) => tried(attempts, within(worker, sendTimeout)));
