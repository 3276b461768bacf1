/** A redis-server without a disk. What arrived is read from its list and its stream afterwards, and removed. */
import { createClient } from 'redis';
import { Tally } from '../arrivals.js';
import { keys } from './names.js';
import { redisServer } from './program.js';
import { report } from './serve.js';
import { run } from './run.js';

const part = 10_000;

const port = await run(redisServer, (own, folder) => [
  ...['--port', String(own), '--bind', '127.0.0.1', '--dir', folder],
  ...['--save', '', '--appendonly', 'no'],
]);
const client = createClient({ url: `redis://127.0.0.1:${port}` });
client.on('error', (error: unknown) => {
  console.error(error);
});
await client.connect();
const tally = new Tally();

async function countList(): Promise<void> {
  for (;;) {
    const events = (await client.lPopCount(keys.list, part)) ?? [];
    if (events.length === 0) {
      return;
    }
    for (const event of events) {
      tally.add(Number(event));
    }
  }
}

async function countStream(): Promise<void> {
  for (let after = '-'; ;) {
    const entries = (await client.xRange(keys.stream, after, '+', { COUNT: part })) ?? [];
    const last = entries.at(-1);
    if (last === undefined) {
      break;
    }
    for (const { message } of entries) {
      tally.add(Number(message.event));
    }
    after = `(${last.id}`;
  }
  await client.del(keys.stream);
}

report(port, {
  take: async () => {
    await countList();
    await countStream();
    return tally.take();
  },
});
