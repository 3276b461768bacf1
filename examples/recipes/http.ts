/** HTTP: batches to two collectors, one of which is busy, and an event that neither takes. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { from } from 'rxjs';
import { loadBalance } from 'rxjs-load-balance';
import { httpConnection } from 'rxjs-load-balance/http';

/** A collector that answers with a status, depending on what it is given. */
async function collector(statusOf: (lines: string) => number): Promise<Server> {
  const server = createServer((request, response) => {
    void text(request).then((lines) => response.writeHead(statusOf(lines), { 'retry-after': '60' }).end());
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

const picky = await collector((lines) => (lines.includes('"bad"') ? 422 : 204));
const busy = await collector(() => 429);

const connections = [picky, busy].map((server) =>
  httpConnection(`http://127.0.0.1:${(server.address() as AddressInfo).port}/events`, {
    batch: { size: 4 }, // of NDJSON, unless `format` says otherwise
    window: 1,
  }),
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
