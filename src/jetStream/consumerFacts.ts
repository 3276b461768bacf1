/** What a worker has to know of a consumer. */
import type { Consumer, ConsumerInfo } from '@nats-io/jetstream';

/** What is used of a consumer of JetStream: it asks for messages, and says what is known of it. */
export type PullConsumer = Pick<Consumer, 'fetch' | 'info'>;

/** What is known of a consumer. Times in milliseconds. */
export interface ConsumerFacts {
  /** How it is called in errors. */
  readonly title: string;
  /** How long the server waits for word of a message before it delivers it again. */
  readonly ackWait: number;
  /** How often a message is delivered at most; `Infinity` for without limit. */
  readonly maxDeliver: number;
  /** How many messages one request may ask for. */
  readonly maxBatch: number;
}

/** So many messages are asked for at once, however many are wanted. */
const mostAtOnce = 1_000;

/** Nobody could say in a shorter time that he is at work, in milliseconds. */
const leastAckWait = 10;

/** How long a request may wait for messages, in milliseconds: the shortest that the client takes. */
export const expires = 1_000;

/** A consumer whose messages cannot be balanced. */
export class UnfitConsumerError extends RangeError {}

/**
 * Reads what the server says of a consumer.
 * @param who The function that was called with it, for the error.
 * @param info What the server says.
 * @throws RangeError when messages of this consumer cannot be acknowledged one by one, or not asked for.
 */
export function factsFrom(who: string, { name, stream_name: stream, config }: ConsumerInfo): ConsumerFacts {
  const title = `consumer "${name}" of stream "${stream}"`;
  const { ack_policy: policy, ack_wait: ackWait = 30e9, backoff = [], max_deliver: maxDeliver = -1 } = config;
  if (config.deliver_subject !== undefined) {
    throw new UnfitConsumerError(`${who}: expected ${title} to be a pull consumer, got one that pushes`);
  }
  if ((policy as string) !== 'explicit') {
    throw new UnfitConsumerError(
      `${who}: expected ${title} to have the ack policy "explicit", got "${policy}"`,
    );
  }
  if ((config.priority_groups ?? []).length > 0) {
    throw new UnfitConsumerError(`${who}: expected ${title} to have no priority groups`);
  }
  const { max_batch: maxBatch = 0, max_expires: maxExpires = 0 } = config;
  if (maxExpires > 0 && maxExpires < expires * 1e6) {
    throw new UnfitConsumerError(
      `${who}: expected ${title} to let a request wait for ${expires} ms (max_expires), got ${maxExpires / 1e6}`,
    );
  }
  // With a backoff, each delivery has an ack wait of its own.
  const shortest = Math.min(ackWait, ...backoff) / 1e6;
  if (shortest < leastAckWait) {
    throw new UnfitConsumerError(
      `${who}: expected ${title} to wait ${leastAckWait} ms or longer for an ack (ack_wait, backoff; in nanoseconds there), got ${shortest}`,
    );
  }
  return {
    title,
    ackWait: shortest,
    maxDeliver: maxDeliver > 0 ? maxDeliver : Infinity,
    maxBatch: maxBatch > 0 ? Math.min(maxBatch, mostAtOnce) : mostAtOnce,
  };
}
