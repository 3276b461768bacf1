/** Requests, and a JetStream stream, of a nats-server. */
import { besideBare, type Comparison } from '../besideBare.js';
import { natsServer } from '../servers/program.js';

const over = (
  rules: Pick<Comparison, 'name' | 'about' | 'window' | 'size'>,
  which: 'request' | 'jetStream',
) =>
  besideBare({
    ...rules,
    needs: natsServer,
    server: ['nats'],
    bare: ['bare nats', async () => (await import('../contenders/bare/nats.js'))[which]],
    ready: ['natsConnection', async () => (await import('../contenders/ready/nats.js'))[which]],
  });

export const nats = [
  over(
    {
      name: 'nats request, window 256',
      about:
        'A message for each event and a reply from another process, 256 in flight, by way of a nats-server; bursts of 1,000,000 events.',
      window: 256,
    },
    'request',
  ),
  over(
    {
      name: 'nats jetStream, window 256',
      about:
        'A message for each event into a stream in memory, 256 in flight, to a nats-server; bursts of 1,000,000 events.',
      window: 256,
    },
    'jetStream',
  ),
  over(
    {
      name: 'nats jetStream, batches of 100',
      about:
        'A message for each event into a stream in memory, in batches of 100, 2 in flight, to a nats-server; bursts of 1,000,000 events.',
      window: 2,
      size: 100,
    },
    'jetStream',
  ),
];
