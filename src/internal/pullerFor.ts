/** The right puller for a connection: by event or by batch. */
import type { ConnectionInput } from '../connection.js';
import { BatchPuller } from './batchPuller.js';
import { EventPuller } from './eventPuller.js';
import type { PullSubject } from './pullSubject.js';
import { takesBatches, targetFrom } from './target.js';

/** A connection's part in a balancer. */
export type AnyPuller<T, R> = EventPuller<T, R> | BatchPuller<T, R>;

/**
 * Lets a connection take part.
 * @param connection The user's.
 * @param position Which one it is, from 1: the name of a function without one.
 * @param subject Where it pulls from.
 * @returns Its puller.
 */
export function pullerFor<T, R>(
  connection: ConnectionInput<T, R>,
  position: number,
  subject: PullSubject<T, R>,
): AnyPuller<T, R> {
  const target = targetFrom(connection, position);
  return takesBatches(target) ? new BatchPuller(target, subject) : new EventPuller(target, subject);
}
