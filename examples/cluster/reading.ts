/** How the books are read: from the collectors' files and the stream of dead letters. */
import { existsSync } from 'node:fs';
import { jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { recordsIn } from '../ship/record.js';
import type { Books } from './books.js';
import { ClusterError } from './clusterError.js';
import { deadLetters } from './streams.js';

/** Messages that are asked for at once, and how long that may take, in milliseconds. */
const batch = 1_000;
const expires = 10_000;

/**
 * Enters the records of a collector's file.
 * @returns How many there are.
 */
export async function enterFile(books: Books, file: string): Promise<number> {
  let count = 0;
  if (existsSync(file)) {
    for await (const { event } of recordsIn(file)) {
      books.arrived(event.n, event.bytes);
      count++;
    }
  }
  return count;
}

/**
 * Enters the dead letters.
 * @throws ClusterError when the server does not deliver them.
 */
export async function enterDeadLetters(books: Books, nats: NatsConnection): Promise<void> {
  const client = jetstream(nats);
  const manager = await client.jetstreamManager();
  const { state } = await manager.streams.info(deadLetters.stream);
  // An ordered consumer: it delivers each message once, in order, and leaves nothing behind.
  const consumer = await client.consumers.get(deadLetters.stream);
  for (let left = state.messages; left > 0;) {
    const before = left;
    for await (const message of await consumer.fetch({ max_messages: Math.min(left, batch), expires })) {
      books.gaveUp(message.data);
      left--;
    }
    if (left === before) {
      throw new ClusterError(`${left} dead letters cannot be read`);
    }
  }
}
