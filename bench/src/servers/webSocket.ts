/** A WebSocket server that answers each message with its id, those of a turn of the event loop in one write. */
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { Tally } from '../arrivals.js';
import { corked } from '../corked.js';
import { serve } from './serve.js';

interface Message {
  readonly id: number;
  readonly event?: number;
  readonly events?: readonly number[];
}

const tally = new Tally();
const server = createServer();
new WebSocketServer({ server }).on('connection', (socket, { socket: raw }) => {
  const cork = corked(raw);
  socket.on('message', (data: Buffer) => {
    const { id, event, events = [] } = JSON.parse(data.toString()) as Message;
    for (const each of event === undefined ? events : [event]) {
      tally.add(each);
    }
    cork();
    socket.send(`{"id":${id}}`);
  });
});
await serve(server, tally);
