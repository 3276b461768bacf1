/** The client of `redis`: it gives a promise for each command, and writes those of a turn of the event loop together. */
import { createClient } from 'redis';
import { inWindow, type Shipper } from '../../shipping.js';
import { keys } from '../../servers/names.js';

type Client = ReturnType<typeof clientFor>;

/** Without a timer for each command, which would make it several times slower. */
function clientFor(port: number) {
  return createClient({
    socket: { host: '127.0.0.1', port, reconnectStrategy: false },
    RESP: 2,
    maintNotifications: 'disabled',
    disableOfflineQueue: true,
    commandOptions: { timeout: 0 },
  });
}

/** Makes a shipper of what is sent for one event. */
function shipper(push: (client: Client, text: string) => Promise<unknown>): Shipper {
  return async (shipping) => {
    const { port, events, size } = shipping;
    const client = clientFor(port);
    client.on('error', (error: unknown) => {
      throw error;
    });
    await client.connect();
    const one = (from: number) => push(client, JSON.stringify(events[from]));
    if (size === 1) {
      return inWindow(shipping, (from, answered) => {
        void one(from).then(
          () => {
            answered(1);
          },
          () => {
            answered(0);
          },
        );
      });
    }
    return inWindow(shipping, (from, answered) => {
      const to = Math.min(events.length, from + size);
      let [waiting, delivered] = [to - from, 0];
      const done = (count: number) => {
        delivered += count;
        if (--waiting === 0) {
          answered(delivered);
        }
      };
      const accepted = () => {
        done(1);
      };
      const refused = () => {
        done(0);
      };
      for (let place = from; place < to; place++) {
        void one(place).then(accepted, refused);
      }
    });
  };
}

export const list = shipper((client, text) => client.sendCommand(['RPUSH', keys.list, text]));
export const stream = shipper((client, text) =>
  client.sendCommand(['XADD', keys.stream, '*', 'event', text]),
);
