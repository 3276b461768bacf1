/** One write for all that is written in a turn of the event loop. */
import type { Socket } from 'node:net';

/**
 * What to call before each write.
 * @param socket Of a client that writes each message by itself.
 */
export function corked(socket: Socket): () => void {
  let isCorked = false;
  const uncork = () => {
    isCorked = false;
    socket.uncork();
  };
  return () => {
    if (!isCorked) {
      isCorked = true;
      socket.cork();
      process.nextTick(uncork);
    }
  };
}
