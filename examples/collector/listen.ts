/** How the collector gets its port. */
import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { CommandError } from './commandLine.js';

/** How long to wait for a port that is taken, and how often to look, in milliseconds. */
const patience = 5_000;
const period = 100;

/**
 * Listens on the loopback interface.
 * @param server What listens.
 * @param port Where; 0 for any that is free.
 * @throws CommandError when the port cannot be had.
 */
export async function listen(server: Server, port: number): Promise<AddressInfo> {
  const started = Date.now();
  for (;;) {
    try {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
      return server.address() as AddressInfo;
    } catch (error) {
      // For a moment the port may be the near end of somebody's outgoing connection.
      const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
      if (!isTaken || Date.now() - started > patience) {
        throw new CommandError(`cannot listen on port ${port}: ${String(error)}`, 1);
      }
      await sleep(period);
    }
  }
}
