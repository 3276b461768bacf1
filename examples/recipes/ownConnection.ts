/** A connection of your own: say how a client is opened, sends, breaks and is closed. */
import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { from, fromEvent } from 'rxjs';
import { connection, loadBalance, type Connection } from 'rxjs-load-balance';

// A collector that answers every line with `ok`.
const server = createServer((socket) => {
  createInterface(socket).on('line', (line) => socket.write(`ok ${line}\n`));
}).listen(0, '127.0.0.1');
await once(server, 'listening');

const collector = (name: string): Connection<string, string> =>
  connection({
    name,
    open: async (signal): Promise<Socket> => {
      const socket = createConnection((server.address() as AddressInfo).port, '127.0.0.1');
      try {
        await once(socket, 'connect', { signal });
        return socket;
      } catch (error) {
        socket.destroy(); // it may still be connecting
        throw error;
      }
    },
    lost: (socket) => fromEvent(socket, 'close'),
    close: (socket) => socket.destroy(),
    send: async (socket, line: string, { signal }) => {
      socket.write(`${line}\n`);
      const [answer] = (await once(socket, 'data', { signal })) as [Buffer];
      return answer.toString().trim();
    },
  });

from(['a', 'b', 'c'])
  .pipe(loadBalance([collector('one')]))
  .subscribe({
    next: (outcome) => {
      console.log(outcome.status === 'delivered' ? outcome.value : outcome.error);
    },
    complete: () => server.close(),
  });
// ok a, ok b, ok c
