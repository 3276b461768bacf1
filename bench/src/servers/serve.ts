/** The life of a server in its process: says its port, answers what has arrived, and ends with its parent. */
import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import type { Tally } from '../arrivals.js';

export async function serve(server: Server, tally: Tally): Promise<void> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  process.on('message', () => process.send?.(tally.take()));
  process.on('disconnect', () => process.exit());
  process.send?.((server.address() as AddressInfo).port);
}
