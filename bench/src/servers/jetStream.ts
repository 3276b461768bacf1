/** A nats-server whose stream is in files, with a durable consumer that has all of it ahead at every burst. */
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, nanos } from '@nats-io/transport-node';
import { setTimeout as wait } from 'node:timers/promises';
import type { Arrived } from '../arrivals.js';
import { work } from './names.js';
import { natsServer } from './program.js';
import { report } from './serve.js';
import { run } from './run.js';

/** How many messages are in the stream. */
const count = Number(process.argv[2]);
/** So many are published together. */
const part = 500;
/** The longest that the server takes for the last acks, in milliseconds. */
const patience = 10_000;

const port = await run(natsServer, (own, folder) => [
  ...['-a', '127.0.0.1', '-p', String(own)],
  ...['-js', '-sd', folder],
]);
const connection = await connect({ servers: `127.0.0.1:${port}` });
const manager = await jetstreamManager(connection);
await manager.streams.add({ name: work.stream, subjects: [work.subject], storage: 'file' });
await fill();
await begin();
report(port, {
  take: async () => {
    const acknowledged = await whatIsAcknowledged();
    await manager.consumers.delete(work.stream, work.consumer);
    await begin();
    return acknowledged;
  },
});

async function fill(): Promise<void> {
  const client = jetstream(connection);
  for (let from = 0; from < count; from += part) {
    const events = Array.from({ length: Math.min(part, count - from) }, (_, index) => from + index);
    await Promise.all(events.map((event) => client.publish(work.subject, JSON.stringify(event))));
  }
}

/** The same messages for the next burst. */
async function begin(): Promise<void> {
  await manager.consumers.add(work.stream, {
    durable_name: work.consumer,
    ack_policy: 'explicit',
    ack_wait: nanos(30_000),
    // More than any case has in hand: by default a consumer gives no more than 1,000.
    max_ack_pending: 100_000,
  });
}

/** Event n is message n + 1, and the server says up to which one all have been acknowledged. */
async function whatIsAcknowledged(): Promise<Arrived> {
  const end = Date.now() + patience;
  for (;;) {
    const info = await manager.consumers.info(work.stream, work.consumer);
    const acknowledged = info.ack_floor.stream_seq;
    if ((acknowledged === count && info.num_ack_pending === 0) || Date.now() > end) {
      return { count: acknowledged, sum: (acknowledged * (acknowledged - 1)) / 2 };
    }
    await wait(10);
  }
}
