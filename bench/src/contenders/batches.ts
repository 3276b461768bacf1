/** Batches: of this package, and by a plain loop over slices. */
import { BehaviorSubject, from } from 'rxjs';
import { loadBalance, loadBalanceFrom, type BatchConnection, type ConnectionState } from 'rxjs-load-balance';
import { deliveredOf } from './deliveredOf.js';

type SendBatch = (batch: readonly number[]) => Promise<void>;

interface BatchWork {
  readonly events: readonly number[];
  readonly senders: readonly SendBatch[];
  /** How many events a send takes. */
  readonly size: number;
}

/** Does the work of a burst; resolves with how many events were delivered. */
export type BatchContender = (work: BatchWork) => Promise<number>;

export const plainLoop: BatchContender = ({ events, senders, size }) =>
  new Promise((resolve) => {
    let taken = 0;
    let running = senders.length;
    for (const send of senders) {
      const next = () => {
        if (taken < events.length) {
          const batch = events.slice(taken, taken + size);
          taken += batch.length;
          void send(batch).then(next);
        } else if (--running === 0) {
          resolve(taken);
        }
      };
      next();
    }
  });

const connectionsTo = ({ senders, size }: BatchWork): BatchConnection<number>[] =>
  senders.map((send, index) => ({
    name: `sender ${index}`,
    state$: new BehaviorSubject<ConnectionState>('up'),
    batch: { size, send },
  }));

export const balanced: BatchContender = (work) =>
  deliveredOf(from(work.events).pipe(loadBalance(connectionsTo(work))));

export const balancedFrom: BatchContender = (work) =>
  deliveredOf(loadBalanceFrom(work.events, connectionsTo(work)));
