/** WebSocket: two collectors, one of which is busy, and an event that neither takes. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { from } from 'rxjs';
import { loadBalance } from 'rxjs-load-balance';
import { webSocketConnection } from 'rxjs-load-balance/websocket';
import { WebSocketServer } from 'ws';

/** A collector that answers every message, by its id, with what it makes of the event. */
async function collector(answerTo: (event: string) => object): Promise<WebSocketServer> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  server.on('connection', (socket) => {
    socket.on('message', (data: Buffer) => {
      const { id, event } = JSON.parse(data.toString()) as { id: number; event: string };
      socket.send(JSON.stringify({ id, ...answerTo(event) }));
    });
  });
  await once(server, 'listening');
  return server;
}

const picky = await collector((event) => (event === 'bad' ? { error: 'malformed', rejected: true } : {}));
const busy = await collector(() => ({ error: 'the disk is full', retryAfter: 60_000 }));

const connections = [picky, busy].map((server) =>
  webSocketConnection(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/events`, { window: 2 }),
);

const delivered: string[] = [];
from(['a', 'b', 'bad', 'c', 'd', 'e'])
  .pipe(loadBalance(connections))
  .subscribe({
    next: (outcome) => {
      if (outcome.status === 'delivered') {
        delivered.push(outcome.event);
      } else {
        console.log(`${outcome.event} ${outcome.reason}`); // bad rejected
      }
    },
    complete: () => {
      console.log(`${delivered.sort().join(', ')} delivered`); // a, b, c, d, e delivered
      picky.close();
      busy.close();
    },
  });
