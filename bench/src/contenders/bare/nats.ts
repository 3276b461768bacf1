/**
 * The client of NATS: a message with an address of its own to reply to, all under one subscription.
 *
 * That takes a quarter of what `request()` and `publish()` of JetStream take, which make a promise and a timer for each
 * message.
 */
import { connect, createInbox, type Msg } from '@nats-io/transport-node';
import { subjects } from '../../servers/names.js';
import { inWindow, type Shipper } from '../../shipping.js';

/** Makes a shipper of a subject, and of what a reply says. */
function shipper(subject: string, isDelivered: (reply: Msg) => boolean): Shipper {
  return async (shipping) => {
    const { port, events, size } = shipping;
    const connection = await connect({ servers: `127.0.0.1:${port}`, reconnect: false });
    const inbox = `${createInbox()}.`;
    const waiting = new Map<string, (delivered: number) => void>();
    connection.subscribe(`${inbox}*`, {
      callback: (error, reply) => {
        const token = reply.subject.slice(inbox.length);
        const answered = waiting.get(token);
        waiting.delete(token);
        answered?.(Number(error === null && isDelivered(reply)));
      },
    });
    let last = 0;
    const one = (from: number, answered: (delivered: number) => void) => {
      const token = String(++last);
      waiting.set(token, answered);
      connection.publish(subject, JSON.stringify(events[from]), { reply: inbox + token });
    };
    if (size === 1) {
      return inWindow(shipping, one);
    }
    return inWindow(shipping, (from, answered) => {
      const to = Math.min(events.length, from + size);
      let [open, delivered] = [to - from, 0];
      const done = (count: number) => {
        delivered += count;
        if (--open === 0) {
          answered(delivered);
        }
      };
      for (let place = from; place < to; place++) {
        one(place, done);
      }
    });
  };
}

interface Acknowledgement {
  readonly stream?: string;
  readonly seq?: number;
}

/** A reply that says that nobody listens is empty, and has a status. */
export const request = shipper(
  subjects.request,
  ({ headers }) => headers === undefined || headers.code === 0,
);

export const jetStream = shipper(subjects.jetStream, (reply) => {
  const { stream, seq } = JSON.parse(reply.string()) as Acknowledgement;
  return stream !== undefined && seq !== undefined;
});
