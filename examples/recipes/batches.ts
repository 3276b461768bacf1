/** Batches: one send takes many events, and may answer for each of them. */
import { range } from 'rxjs';
import { connection, loadBalance, RejectedError, type ItemResult } from 'rxjs-load-balance';

/** A bulk endpoint that refuses odd numbers. */
const store = (events: readonly number[]): Promise<ItemResult<string>[]> =>
  Promise.resolve(
    events.map((event, index) =>
      event % 2 === 0
        ? { index, status: 'delivered', value: `${event} in a batch of ${events.length}` }
        : { index, status: 'failed', error: new RejectedError('odd') },
    ),
  );

const bulk = connection({
  name: 'bulk',
  open: () => store,
  // Up to 3 events; when fewer wait, up to 5 ms for more.
  batch: { size: 3, linger: 5, send: (client, events: readonly number[]) => client(events) },
});

range(1, 4)
  .pipe(loadBalance([bulk]))
  .subscribe((outcome) => {
    console.log(outcome.status === 'delivered' ? outcome.value : `${outcome.event} ${outcome.reason}`);
  });
// 1 rejected, 2 in a batch of 3, 3 rejected, 4 in a batch of 1
