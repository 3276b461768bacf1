/** What has been said of a message to the server. */
import type { JsMsg } from '@nats-io/jetstream';
import type { Outcome } from '../outcome.js';

/**
 * What the server was told:
 *
 * - `ack`: it is delivered;
 * - `nak`: it is given back, and comes again, to this worker or to another one, unless it was its last delivery
 *   (`max_deliver`);
 * - `term`: it is given up;
 * - `dead-letter`: the same, after it was published elsewhere.
 *
 * A message that is delivered or given up does not come again, unless the server loses what it knew, as it may when it
 * is killed.
 */
export type Settlement = 'ack' | 'nak' | 'term' | 'dead-letter';

/** How the message of an outcome was settled. */
export interface Settled {
  readonly settlement: Settlement;
  /**
   * What went wrong with that: the server may not know of it, and the message may come again. A dead letter that could
   * not be published is given back (`nak`) with it.
   */
  readonly settlementError?: unknown;
}

/**
 * What became of a message. Its `attempts` count across workers: every earlier delivery counts as one (to a worker
 * that died, say, or closed), and so does every send of this one.
 */
export type JetStreamOutcome<R = unknown> = Outcome<JsMsg, R> & Settled;
