/** The sockets that a library opens on its own, and gives nobody. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

/** Where Node says that a socket is made. */
const channel = 'net.client.socket';

/**
 * Does something that opens sockets; aborting destroys those that are open, and any that are opened later.
 *
 * A connect that takes no signal leaves a socket behind where the other side accepts it and says nothing. Which
 * sockets are its own, Node can tell while it runs: what it calls is called in its context.
 * @param signal When it is aborted, so is the work.
 * @param work Opens sockets.
 * @returns What it gives; when it is aborted, it settles as the work does without sockets.
 */
export async function withOwnSockets<V>(signal: AbortSignal, work: () => Promise<V>): Promise<V> {
  const context = new AsyncLocalStorage<true>();
  const sockets = new Set<Socket>();
  const opened = (message: unknown): void => {
    if (context.getStore() === true) {
      const { socket } = message as { readonly socket: Socket };
      sockets.add(socket);
      if (signal.aborted) {
        // Not yet: it has not even begun to connect.
        setImmediate(() => socket.destroy());
      }
    }
  };
  const abort = (): void => {
    for (const socket of sockets) {
      socket.destroy();
    }
  };
  subscribe(channel, opened);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await context.run(true, work);
  } finally {
    signal.removeEventListener('abort', abort);
    unsubscribe(channel, opened);
    // A context that is kept slows down every promise of the process, in Node before 24.
    context.disable();
  }
}
