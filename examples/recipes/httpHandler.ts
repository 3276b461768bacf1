/** An HTTP handler that answers when its event has its outcome. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { LoadBalancer } from 'rxjs-load-balance';

const toFirst = (event: string): Promise<string> => Promise.resolve(`first took ${event}`);
const toSecond = (event: string): Promise<string> => Promise.resolve(`second took ${event}`);
const balancer = new LoadBalancer([toFirst, toSecond], { timeout: { send: 2_000, wait: 1_000 } });

async function takeIn(body: Promise<string>): Promise<number> {
  const outcome = await balancer.publish(await body);
  if (outcome.status === 'delivered') {
    return 202;
  }
  return outcome.reason === 'rejected' ? 422 : 503;
}

const server = createServer((request, response) => {
  void takeIn(text(request)).then((status) => response.writeHead(status).end());
}).listen(0, '127.0.0.1');
await once(server, 'listening');

const { port } = server.address() as AddressInfo;
const { status } = await fetch(`http://127.0.0.1:${port}`, { method: 'POST', body: 'an event' });
console.log(status); // 202

server.close();
await balancer.drain(); // takes no more, and waits for what is under way
