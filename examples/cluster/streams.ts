/** The streams of the server and the consumer of the workers. */
import { AckPolicy, RetentionPolicy, StorageType, type JetStreamManager } from '@nats-io/jetstream';

/** The stream of the events. */
export const events = { stream: 'EVENTS', subject: 'events.orders', consumer: 'workers' } as const;

/** The stream of those that were given up. */
export const deadLetters = { stream: 'DEAD-LETTERS', subject: 'dead-letters.orders' } as const;

/** What is waited for at most, in nanoseconds. */
const second = 1e9;

/**
 * Makes them.
 *
 * The stream keeps its messages (`limits`). With `workqueue` a message would go with its ack, and its id with it when
 * the server restarts: a publisher that did not hear that its message was stored would publish it once more. It also
 * lets the ledger count what was stored.
 * @param manager The server.
 * @param ackWait How soon what a killed worker had is delivered to another one, in milliseconds.
 */
export async function makeStreams(manager: JetStreamManager, ackWait: number): Promise<void> {
  for (const { stream, subject } of [events, deadLetters]) {
    await manager.streams.add({
      name: stream,
      subjects: [subject],
      storage: StorageType.File,
      retention: RetentionPolicy.Limits,
      // Retries of a publisher that are later than this would be stored once more.
      duplicate_window: 120 * second,
    });
  }
  await manager.consumers.add(events.stream, {
    durable_name: events.consumer,
    ack_policy: AckPolicy.Explicit,
    ack_wait: (ackWait / 1_000) * second,
    // Not what bounds it: each worker asks for no more than its connections take.
    max_ack_pending: 50_000,
    // No event is given up because its worker was killed.
    max_deliver: -1,
  });
}
