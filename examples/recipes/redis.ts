/** Redis: orders into a list and into a stream, whichever has room. */
import { from, toArray } from 'rxjs';
import { deadLetter, loadBalance } from 'rxjs-load-balance';
import { redisConnection } from 'rxjs-load-balance/redis';

interface Order {
  readonly id: string;
  readonly country: string;
}

const url = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379';
const list = redisConnection<Order>(url, { name: 'list', list: 'orders', window: 1 });
const stream = redisConnection<Order>(url, {
  name: 'stream',
  stream: 'orders:log',
  maxLength: 1_000_000,
  fields: ({ id, country }) => ({ id, country }),
  batch: { size: 500, linger: 10 },
});

const orders = [
  { id: 'a-1', country: 'is' },
  { id: 'a-2', country: 'pt' },
];

from(orders)
  .pipe(
    loadBalance([list, stream]),
    deadLetter(({ event, reason }) => {
      console.error(`${event.id} ${reason}`);
    }),
    toArray(),
  )
  .subscribe((stored) => {
    // Each value is the length of the list after it, or the id of the entry in the stream.
    console.log(`${stored.length} of ${orders.length} stored`); // 2 of 2 stored
  });
