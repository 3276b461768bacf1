/** Lines over a socket. All that may be sent in a turn of the event loop is one text, and one write. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Shipper } from '../../shipping.js';

const open = async (port: number): Promise<Socket> => {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  return socket;
};

function linesOf(events: readonly number[], from: number, to: number): string {
  let text = '';
  for (let place = from; place < to; place++) {
    text += `${JSON.stringify(events[place])}\n`;
  }
  return text;
}

/** Answers come in the order of the lines. Of a batch all must be there before the next one is written. */
export const acknowledged: Shipper = async ({ port, events, window, size }) => {
  const socket = await open(port);
  let answered: (lines: readonly string[]) => void;
  let rest = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    answered(lines);
  });
  return () =>
    new Promise((resolve) => {
      let [written, known, delivered] = [0, 0, 0];
      const write = (to: number) => {
        if (written < to) {
          socket.write(linesOf(events, written, to));
          written = to;
        }
      };
      const advance = () => {
        const wholeBatches = Math.floor(known / size);
        write(Math.min(events.length, (wholeBatches + window) * size));
      };
      answered = (lines) => {
        for (const line of lines) {
          known++;
          delivered += Number(line === 'ok');
        }
        if (known === events.length) {
          resolve(delivered);
        } else {
          advance();
        }
      };
      advance();
    });
};

/** As many lines as the window allows; the next when the kernel has them. */
export const unacknowledged: Shipper = async ({ port, events, window }) => {
  const socket = await open(port);
  return () =>
    new Promise((resolve, reject) => {
      const writeFrom = (from: number) => {
        if (from >= events.length) {
          resolve(events.length);
          return;
        }
        const to = Math.min(events.length, from + window);
        socket.write(linesOf(events, from, to), (error) => {
          if (error) {
            reject(error);
          } else {
            writeFrom(to);
          }
        });
      };
      writeFrom(0);
    });
};
