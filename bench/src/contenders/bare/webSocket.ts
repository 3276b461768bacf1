/** The client of `ws`: messages with an id, and a map of those that wait for their answer. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { corked } from '../../corked.js';
import { inWindow, type Shipper } from '../../shipping.js';

export const bare: Shipper = async (shipping) => {
  const { port, events, size } = shipping;
  const socket = new WebSocket(`ws://127.0.0.1:${port}`);
  const [[{ socket: raw }]] = (await Promise.all([once(socket, 'upgrade'), once(socket, 'open')])) as [
    [IncomingMessage],
    unknown,
  ];
  const cork = corked(raw);
  const waiting = new Map<number, () => void>();
  socket.on('message', (data: Buffer) => {
    const { id } = JSON.parse(data.toString()) as { readonly id: number };
    const answered = waiting.get(id);
    waiting.delete(id);
    answered?.();
  });
  let last = 0;
  return inWindow(shipping, (from, answered) => {
    const id = ++last;
    cork();
    if (size === 1) {
      waiting.set(id, () => {
        answered(1);
      });
      socket.send(JSON.stringify({ id, event: events[from] }));
    } else {
      const batch = events.slice(from, from + size);
      waiting.set(id, () => {
        answered(batch.length);
      });
      socket.send(JSON.stringify({ id, events: batch }));
    }
  });
};
