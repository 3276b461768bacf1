/** A TCP server that answers each line with `ok`, those of a chunk in one write; told to be silent, with nothing. */
import { createServer } from 'node:net';
import { Tally } from '../arrivals.js';
import { serve } from './serve.js';

const isSilent = process.argv[2] === 'silent';
const tally = new Tally();
const server = createServer({ noDelay: true }, (socket) => {
  let rest = '';
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      tally.add(Number(line));
    }
    if (!isSilent && lines.length > 0) {
      socket.write('ok\n'.repeat(lines.length));
    }
  });
  // The process at the other end is gone.
  socket.on('error', () => socket.destroy());
});
await serve(server, tally);
