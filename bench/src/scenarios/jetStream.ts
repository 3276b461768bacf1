/** The durable consumer of a JetStream stream, read by one worker. */
import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { Tally, type Arrivals } from '../arrivals.js';
import { measure } from '../measure.js';
import type { Reader, Reading } from '../reading.js';
import type { Case, Scenario } from '../scenario.js';
import { work } from '../servers/names.js';
import { natsServer } from '../servers/program.js';
import { start } from '../servers/start.js';

type Rules = Pick<Reading, 'count' | 'connections' | 'window' | 'size'>;

function reading(name: string, sends: string, rules: Rules): Scenario {
  const run =
    (load: () => Promise<Reader>): Case['run'] =>
    async (effort) => {
      const count = rules.count * effort.share;
      const [reader, server] = await Promise.all([load(), start('jetStream', String(count))]);
      const connection = await connect({ servers: `127.0.0.1:${server.port}`, reconnect: false });
      const tally = new Tally();
      let end: () => unknown = () => undefined;
      const ship = async () => {
        const consumer = await jetstream(connection).consumers.get(work.stream, work.consumer);
        const read = await reader({ ...rules, consumer, count, tally });
        // The acks are a part of the work.
        await connection.flush();
        ({ end } = read);
        return read.acknowledged;
      };
      const arrivals = bothTimes(tally, async () => {
        await end();
        return server.take();
      });
      return measure({ events: count, ship, arrivals, countsProcessor: true }, effort);
    };
  return {
    name,
    about:
      `One worker reads a durable consumer of a nats-server, whose stream is in files, and acknowledges each message ` +
      `when its send is over; ${sends}; bursts of ${rules.count.toLocaleString('en')} messages.`,
    needs: natsServer,
    cases: [
      {
        name: 'consume',
        does: 'no sends, no timeout, no retry',
        reference: true,
        run: run(async () => (await import('../contenders/bare/jetStream.js')).consume),
      },
      {
        name: 'fetch',
        does: 'the same',
        reference: true,
        run: run(async () => (await import('../contenders/bare/jetStream.js')).fetch),
      },
      {
        name: 'jetStreamBalancer',
        does: 'timeout, retry, reconnecting, outcomes, one message at one place at a time',
        run: run(async () => (await import('../contenders/ready/jetStream.js')).balanced),
      },
    ],
  };
}

/** What has arrived at the senders, when the server says the same of what was acknowledged. */
function bothTimes(tally: Tally, acknowledged: Arrivals['take']): Arrivals {
  return {
    take: async () => {
      const { count } = await acknowledged();
      const arrived = tally.take();
      if (arrived.count !== count) {
        throw new Error(
          `expected all that arrived to be acknowledged, got ${arrived.count} arrivals and ${count} acknowledged`,
        );
      }
      return arrived;
    },
  };
}

export const jetStreams = [
  reading('jetstream 3x64', '3 connections with a window of 64, at most 192 messages in hand', {
    count: 100_000,
    connections: 3,
    window: 64,
    size: 1,
  }),
  reading(
    'jetstream 3x2, batches of 500',
    '3 connections with 2 batches of 500, at most 3,000 messages in hand',
    {
      count: 100_000,
      connections: 3,
      window: 2,
      size: 500,
    },
  ),
  reading('jetstream 3x1', '3 connections with a window of 1, at most 3 messages in hand', {
    count: 20_000,
    connections: 3,
    window: 1,
    size: 1,
  }),
];
