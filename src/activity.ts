/** What a monitor is told: the balancer's inner life, for logs, metrics and live views. */
import type { ConnectionState } from './connection.js';
import type { Outcome } from './outcome.js';

/** A connection changed its state; `backoff` waits for the next try, `removed` left for good. */
export interface StateActivity {
  readonly type: 'state';
  /** The connection's name. */
  readonly connection: string;
  readonly state: ConnectionState | 'backoff' | 'removed';
  /** With `backoff`: what broke it. */
  readonly error?: unknown;
  /** With `backoff`: how long it waits, in milliseconds, where that is known beforehand. */
  readonly delay?: number;
}

/** A send was started. */
export interface AttemptActivity {
  readonly type: 'attempt';
  /** The connection's name. */
  readonly connection: string;
  /** How many events it carries. */
  readonly events: number;
  /** 1 for the first send of the event; of a batch, the highest in it. */
  readonly attempt: number;
}

/** A send ended: answered, failed, timed out or cancelled. */
export interface AnswerActivity {
  readonly type: 'answer';
  /** The connection's name. */
  readonly connection: string;
  /** How many of its events were delivered. */
  readonly delivered: number;
  /** How many of its events were not. */
  readonly failed: number;
  /** How long it took, in milliseconds. */
  readonly elapsed: number;
  /** The error of the send, when it had one. */
  readonly error?: unknown;
}

/** An event has its outcome. */
export interface OutcomeActivity {
  readonly type: 'outcome';
  readonly outcome: Outcome<unknown>;
}

/** How much is under way; at most ten times a second. */
export interface QueueActivity {
  readonly type: 'queue';
  /** Events that wait for their first attempt. */
  readonly waiting: number;
  /** Events that failed and wait for another attempt. */
  readonly retrying: number;
  /** Events in a send at this moment. */
  readonly inFlight: number;
}

/** Something that happened inside a balancer. */
export type BalancerActivity =
  StateActivity | AttemptActivity | AnswerActivity | OutcomeActivity | QueueActivity;
