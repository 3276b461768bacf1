/** A program: a server of WebSockets that writes each event into a file before it answers. */
import { appendFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { WebSocketServer, type RawData } from 'ws';

const [, , port = '', file = ''] = process.argv;

const credentials = `Basic ${Buffer.from('ship-user:open sesame').toString('base64')}`;

const server = new WebSocketServer({
  port: Number(port),
  host: '127.0.0.1',
  // A browser has no header to put its password into.
  verifyClient: ({ req }: { readonly req: IncomingMessage }) =>
    req.headers.authorization === credentials || req.url?.endsWith('?token=open-sesame') === true,
});

server.on('connection', (socket) => {
  socket.on('error', () => undefined);
  socket.on('message', (data: RawData) => {
    const {
      id,
      event,
      events = [event],
    } = JSON.parse((data as Buffer).toString()) as {
      readonly id: number;
      readonly event?: unknown;
      readonly events?: readonly unknown[];
    };
    appendFileSync(file, events.map((one) => `${JSON.stringify(one)}\n`).join(''));
    socket.send(JSON.stringify({ id }));
  });
});

process.on('SIGTERM', () => {
  server.close();
  for (const socket of server.clients) {
    socket.close(1001, 'going away');
  }
});
