/** TCP: a line out, a line back. */
import { createServer, type AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { from } from 'rxjs';
import { loadBalance, RejectedError } from 'rxjs-load-balance';
import { tcpConnection } from 'rxjs-load-balance/tcp';

// A collector: it answers each line with a line.
const server = createServer((socket) => {
  createInterface(socket).on('line', (line) => socket.write(line.includes('secret') ? 'no\n' : 'ok\n'));
});

server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  const collector = tcpConnection(`tcp://127.0.0.1:${port}`, {
    read: (line) => {
      if (line !== 'ok') {
        throw new RejectedError(`the collector says ${line}`);
      }
    },
  });

  from([{ message: 'hello' }, { message: 'a secret' }])
    .pipe(loadBalance([collector]))
    .subscribe({
      next: ({ event, status }) => {
        console.log(event.message, status); // hello delivered, a secret dropped
      },
      complete: () => server.close(),
    });
});
