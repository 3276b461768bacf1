/** A TCP server that answers each line with the same line. */
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { Tally } from '../arrivals.js';
import { serve } from './serve.js';

const tally = new Tally();
const server = createServer({ noDelay: true }, (socket) => {
  const lines = createInterface(socket);
  lines.on('line', (line) => {
    tally.add(Number(line));
    socket.write(`${line}\n`);
  });
  // The process at the other end is gone, and with it its socket.
  lines.on('error', () => socket.destroy());
});
await serve(server, tally);
