/** A sender over a socket: writes a line, and resolves when its answer has come. */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Send } from '../work.js';

const newline = '\n'.charCodeAt(0);

/** Answers come in the order of the lines, so counting their ends is enough to know whose they are. */
export async function lineSender(port: number): Promise<Send<Promise<void>>> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  const waiting: (() => void)[] = [];
  socket.on('data', (chunk: Buffer) => {
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, end + 1)) {
      waiting.shift()?.();
    }
  });
  return (event) =>
    new Promise((resolve) => {
      waiting.push(resolve);
      socket.write(`${event}\n`);
    });
}
