/** NATS: orders into a stream of JetStream, each stored once, however often it is sent. */
import { from } from 'rxjs';
import { loadBalance } from 'rxjs-load-balance';
import { natsConnection } from 'rxjs-load-balance/nats';

interface Order {
  readonly id: string;
  readonly country: string;
}

// The stream is there: nats stream add ORDERS --subjects 'orders.*' --defaults
const cluster = natsConnection<Order>(process.env['NATS_URL'] ?? 'nats://127.0.0.1:4222', {
  subject: ({ country }) => `orders.${country}`,
  jetStream: { messageId: ({ id }) => id, expectStream: 'ORDERS' },
});

const orders = [
  { id: 'a-1', country: 'is' },
  { id: 'a-2', country: 'pt' },
  { id: 'a-1', country: 'is' }, // somebody was impatient
];

from(orders)
  .pipe(loadBalance([cluster]))
  .subscribe((outcome) => {
    if (outcome.status === 'delivered') {
      const { stream, seq, duplicate } = outcome.value;
      console.log(`${outcome.event.id} ${stream} ${seq}${duplicate ? ' (again)' : ''}`); // a-1 ORDERS 1, a-2 ORDERS 2, a-1 ORDERS 1 (again)
    } else {
      console.log(`${outcome.event.id} ${outcome.reason}`);
    }
  });
