/** JetStream: one of as many workers as you start, which share the orders of a stream. */
import { AckPolicy, jetstream, jetstreamManager, type JsMsg } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { of, take, throwError, type Observable } from 'rxjs';
import { RejectedError } from 'rxjs-load-balance';
import { jetStreamBalancer } from 'rxjs-load-balance/jetstream';

const { host, username, password } = new URL(process.env['NATS_URL'] ?? 'nats://127.0.0.1:4222');
const nats = await connect({
  servers: host,
  user: decodeURIComponent(username),
  pass: decodeURIComponent(password),
  maxReconnectAttempts: -1, // a lost server is waited for
  timeout: 5_000, // ms; how long a handshake may take, also one that a dying server has cut off
});
const jetStream = jetstream(nats);

// Once, by whoever sets things up: the stream ORDERS is there.
const manager = await jetstreamManager(nats);
await manager.streams.add({ name: 'DEAD', subjects: ['dead.>'] });
await manager.consumers.add('ORDERS', {
  durable_name: 'billing',
  ack_policy: AckPolicy.Explicit,
  max_deliver: 20,
});
for (const id of ['a-1', 'a-2', 'a-3']) {
  await jetStream.publish('orders.is', JSON.stringify({ id }), { msgID: id });
}

// In every worker.
interface Order {
  readonly id: string;
}

const bill = (message: JsMsg): Observable<string> => {
  const { id } = message.json<Order>();
  return id === 'a-2' ? throwError(() => new RejectedError('paid already')) : of(`${id} is billed`);
};

const outcome$ = jetStreamBalancer({
  consumer: await jetStream.consumers.get('ORDERS', 'billing'),
  connections: [bill], // in earnest, several places
  deadLetter: { jetStream, subject: 'dead.billing' },
});

// In earnest it goes on, and ends by `drainOn: fromEvent(process, 'SIGTERM')`; these three are all there is.
await outcome$.pipe(take(3)).forEach(({ event, settlement }) => {
  console.log(`${event.json<Order>().id}: ${settlement}`); // a-1: ack, a-2: dead-letter, a-3: ack
});
await nats.drain();
