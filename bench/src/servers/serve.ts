/** The life of a server in its process: says its port, answers what has arrived, and ends with its parent. */
import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import type { Arrivals, Tally } from '../arrivals.js';

export async function serve(server: Server, tally: Tally): Promise<void> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  report((server.address() as AddressInfo).port, tally);
}

/** The same for a server that listens already. */
export function report(port: number, arrivals: Arrivals): void {
  process.on('message', () => {
    void Promise.resolve(arrivals.take()).then((arrived) => process.send?.(arrived));
  });
  process.on('disconnect', () => process.exit());
  process.send?.(port);
}
