/** A consumer whose messages somebody sees first. */
import type { Consumer, JsMsg } from '@nats-io/jetstream';

/**
 * Watches a consumer.
 * @param consumer The consumer; it is changed.
 * @param see Called with each message, before the one who has asked for it gets it.
 * @returns The consumer.
 */
export function watched(consumer: Consumer, see: (message: JsMsg) => void): Consumer {
  const fetch = consumer.fetch.bind(consumer);
  consumer.fetch = async (options) => {
    const messages = await fetch(options);
    const iterate = messages[Symbol.asyncIterator].bind(messages);
    messages[Symbol.asyncIterator] = async function* () {
      for await (const message of { [Symbol.asyncIterator]: iterate }) {
        see(message);
        yield message;
      }
    };
    return messages;
  };
  return consumer;
}
