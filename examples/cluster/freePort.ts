/** Ports that stay free while a server is away: it can come back where it was. */
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below the ports that systems give to outgoing connections. One of those can be taken by anybody's connection as
 * soon as its server is gone.
 */
const first = 20_000;
const last = 32_000;

let next = first + Math.floor(Math.random() * (last - first));

/**
 * Finds a port on the loopback interface on which nobody listens.
 * @returns The port; each call gives another one.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = next;
    next = next === last ? first : next + 1;
    if (await isFree(port)) {
      return port;
    }
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
