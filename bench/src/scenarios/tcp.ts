/** Lines over one TCP socket to a server in another process. */
import { besideBare, type Comparison } from '../besideBare.js';
import type { Shipper } from '../shipping.js';

const over = (
  rules: Pick<Comparison, 'name' | 'about' | 'server' | 'window' | 'size'>,
  which: 'acknowledged' | 'unacknowledged',
) =>
  besideBare({
    ...rules,
    bare: ['bare socket', async (): Promise<Shipper> => (await import('../contenders/bare/tcp.js'))[which]],
    ready: ['tcpConnection', async () => (await import('../contenders/ready/tcp.js'))[which]],
  });

export const tcp = [
  over(
    {
      name: 'tcp, window 64',
      about:
        'One socket, a line for each event and one for its answer, 64 in flight; bursts of 1,000,000 events.',
      server: ['tcp'],
      window: 64,
    },
    'acknowledged',
  ),
  over(
    {
      name: 'tcp, batches of 500',
      about:
        'One socket, a line for each event and one for its answer, 2 batches in flight; bursts of 1,000,000 events.',
      server: ['tcp'],
      window: 2,
      size: 500,
    },
    'acknowledged',
  ),
  over(
    {
      name: 'tcp, unacknowledged',
      about:
        'One socket, a line for each event and no answers, 1,024 on their way to the kernel; bursts of 1,000,000 events.',
      server: ['tcp', 'silent'],
      window: 1_024,
    },
    'unacknowledged',
  ),
];
