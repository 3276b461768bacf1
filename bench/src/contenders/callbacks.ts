/** Two ways to publish through clients that call back: this package's, and fastq's callback form. */
import fastq from 'fastq';
import { from } from 'rxjs';
import { loadBalance } from 'rxjs-load-balance';
import { asyncConnection } from 'rxjs-load-balance/libbeat';
import { deliveredOf } from './deliveredOf.js';

/** Publishes an event, then calls back. */
export interface Client {
  readonly publish: (event: number, done: (error?: unknown) => void) => void;
}

/** Does the work of a burst; resolves with how many events were published. */
export type Publisher = (work: {
  readonly events: readonly number[];
  readonly clients: readonly Client[];
  readonly window: number;
}) => Promise<number>;

export const balanced: Publisher = ({ events, clients, window }) => {
  const connections = clients.map(({ publish }) =>
    asyncConnection({ connect: () => undefined, close: () => undefined, publish }, { window }),
  );
  return deliveredOf(from(events).pipe(loadBalance(connections)));
};

export const queued: Publisher = ({ events, clients, window }) =>
  new Promise((resolve, reject) => {
    let turn = 0;
    const worker = (event: number, done: (error: Error | null) => void) => {
      clients[turn++ % clients.length].publish(event, done as (error?: unknown) => void);
    };
    const queue = fastq(worker, clients.length * window);
    let published = 0;
    const settled = (error: Error | null | undefined) => {
      if (error) {
        reject(error);
      } else if (++published === events.length) {
        resolve(published);
      }
    };
    for (const event of events) {
      queue.push(event, settled);
    }
  });
