/** The client of JetStream by itself, in the two ways of its documentation that read more than one message at a time. */
import type { JsMsg } from '@nats-io/jetstream';
import { boundOf, type Reader, type Reading } from '../../reading.js';

const take = ({ tally }: Reading, message: JsMsg): void => {
  tally.add(Number(message.string()));
  message.ack();
};

/** It asks for more by itself, before it has run out. */
export const consume: Reader = async (reading) => {
  const messages = await reading.consumer.consume({ max_messages: boundOf(reading) });
  let acknowledged = 0;
  for await (const message of messages) {
    take(reading, message);
    if (++acknowledged === reading.count) {
      break;
    }
  }
  return { acknowledged, end: () => messages.close() };
};

/** One request after the other. */
export const fetch: Reader = async (reading) => {
  let acknowledged = 0;
  while (acknowledged < reading.count) {
    const most = Math.min(boundOf(reading), reading.count - acknowledged);
    for await (const message of await reading.consumer.fetch({ max_messages: most })) {
      take(reading, message);
      acknowledged++;
    }
  }
  return { acknowledged, end: () => undefined };
};
