/** Redis: orders into a list and into a stream, whichever has room. */
import { from } from 'rxjs';
import { loadBalance } from 'rxjs-load-balance';
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
  .pipe(loadBalance([list, stream]))
  .subscribe((outcome) => {
    if (outcome.status === 'delivered') {
      // The length of the list after it, or the id of the entry in the stream.
      console.log(`${outcome.event.id} ${outcome.connection} ${typeof outcome.value}`); // a-1 list number, a-2 stream string
    } else {
      console.log(`${outcome.event.id} ${outcome.reason}`);
    }
  });
