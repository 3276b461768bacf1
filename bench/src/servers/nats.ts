/** A nats-server with a responder, and with a stream in memory that is read afterwards. */
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { Tally } from '../arrivals.js';
import { subjects } from './names.js';
import { natsServer } from './program.js';
import { report } from './serve.js';
import { run } from './run.js';

const stream = 'bench';

const port = await run(natsServer, (own, folder) => [
  ...['-a', '127.0.0.1', '-p', String(own)],
  ...['-js', '-sd', folder],
]);
const connection = await connect({ servers: `127.0.0.1:${port}` });
const tally = new Tally();
connection.subscribe(subjects.request, {
  callback: (error, message) => {
    if (error === null) {
      tally.add(Number(message.string()));
      message.respond();
    }
  },
});
const manager = await jetstreamManager(connection);
await manager.streams.add({ name: stream, subjects: [subjects.jetStream], storage: 'memory' });

async function countStream(): Promise<void> {
  const { state } = await manager.streams.info(stream);
  if (state.messages === 0) {
    return;
  }
  const consumer = await jetstream(connection).consumers.get(stream);
  for await (const message of await consumer.consume({ max_messages: 10_000 })) {
    tally.add(Number(message.string()));
    if (message.seq === state.last_seq) {
      break;
    }
  }
  await manager.streams.purge(stream);
}

await connection.flush();
report(port, {
  take: async () => {
    await countStream();
    return tally.take();
  },
});
