/** Ports that stay free while a server is away: it can come back where it was. */
import { createSocket } from 'node:dgram';
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
 * Finds a port on the loopback interface on which nobody listens. This process claims it for as long as it lives, by
 * a UDP socket of the same number: another process that looks for a port must not find this one while nobody listens
 * there yet, or while its server is away.
 * @returns The port; each call gives another one.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = next;
    next = next === last ? first : next + 1;
    if (await claim(port)) {
      return port;
    }
  }
}

/** Claims a port, and says whether it could: another process may have done so, or somebody listens there. */
async function claim(port: number): Promise<boolean> {
  const socket = createSocket('udp4');
  try {
    socket.bind({ port, address: '127.0.0.1', exclusive: true });
    await once(socket, 'listening');
    await expectFree(port);
  } catch {
    socket.close();
    return false;
  }
  socket.unref();
  return true;
}

/** Rejects when somebody listens there. */
async function expectFree(port: number): Promise<void> {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  server.close();
  await once(server, 'close');
}
