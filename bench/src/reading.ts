/** Messages that a consumer of JetStream has ahead: the work of those scenarios that read instead of ship. */
import type { Consumer } from '@nats-io/jetstream';
import type { Tally } from './arrivals.js';

/** What is read, and how much may be in hand. */
export interface Reading {
  readonly consumer: Consumer;
  /** How many messages there are. */
  readonly count: number;
  readonly connections: number;
  /** How many sends a connection may have in flight. */
  readonly window: number;
  /** How many messages a send has: with 1 each is sent by itself, with more in batches. */
  readonly size: number;
  /** Counts the messages that arrive. */
  readonly tally: Tally;
}

/** Reads all messages, and acknowledges each. Resolves with how many it acknowledged, and with what ends it. */
export type Reader = (reading: Reading) => Promise<{ acknowledged: number; end: () => unknown }>;

/** The most messages that the connections have in hand. */
export function boundOf({ connections, window, size }: Reading): number {
  return connections * window * size;
}
