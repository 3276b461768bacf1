/** What a world knows of one connection and of what is in flight on it. */
import type { ConnectionState } from '../../src/index.js';
import type { Hub } from './hub.js';
import type { ConnectionPlan } from './world.js';

/** What a world knows of one event. */
export interface Passage {
  readonly event: number;
  /** Sends started with it. */
  starts: number;
  /** How many of them have used an attempt for certain, and how many perhaps. */
  used: { least: number; most: number };
  /** Where it was delivered, with which value. */
  readonly deliveries: { readonly connection: string; readonly value: unknown }[];
  /** Whether a send said that it will never take it. */
  rejected: boolean;
  /** How many sends it is in. */
  inFlight: number;
  outcomes: number;
}

/** One send. */
export interface Flight {
  readonly passages: readonly Passage[];
  readonly startedAt: number;
  /** Which of them have been named in a result. */
  readonly named: Set<number>;
  delivered: number;
  /** Whether the balancer has subscribed to it, or holds its promise. */
  begun: boolean;
  over: boolean;
}

/** One connection. */
export class Place {
  state: ConnectionState | 'closed' | 'completed' = 'closed';
  connectingSince = Infinity;
  window: number;
  listed = false;
  /** It has been listed again, perhaps as a new member, which knows nothing of the old one's failures. */
  relisted = false;
  /** It has failed, and not succeeded since; only what is certain counts. */
  failing = false;
  sends = 0;
  /** When anything changed here last. */
  changedAt = 0;
  readonly flights = new Set<Flight>();

  /**
   * @param name Its name.
   * @param plan What it does.
   * @param states Its state stream.
   * @param sizes Its window, where that is a stream.
   */
  constructor(
    readonly name: string,
    readonly plan: ConnectionPlan,
    readonly states: Hub<ConnectionState>,
    readonly sizes: Hub<number>,
  ) {
    this.window = typeof plan.window === 'number' ? plan.window : 1;
  }
}
