/** How it stands at one moment: all that a display shows. */
import type { StateActivity } from 'rxjs-load-balance';

/** One connection. */
export interface ConnectionSnapshot {
  readonly name: string;
  readonly state: StateActivity['state'];
  /** In backoff: how long until it is tried again, in milliseconds; `undefined` when that is not known. */
  readonly retryIn: number | undefined;
  /** Requests in flight. */
  readonly inFlight: number;
  /** Events that it took. */
  readonly delivered: number;
  /** Events that it failed to take, and that were put back. */
  readonly putBack: number;
  /** Which part of what is being delivered goes to it; from 0 to 1. */
  readonly share: number;
  /** Events a second. */
  readonly rate: number;
  /** How long half of the sends take at most, and 99 % of them; whole milliseconds. Before the first: `undefined`. */
  readonly p50: number | undefined;
  readonly p99: number | undefined;
}

/** All of it. */
export interface Snapshot {
  /** Milliseconds since it began. */
  readonly elapsed: number;
  readonly connections: readonly ConnectionSnapshot[];
  /** From 0 to 1; `undefined` when the size of the input is not known. */
  readonly done: number | undefined;
  /** Events taken from the source. */
  readonly read: number;
  readonly delivered: number;
  readonly dropped: number;
  /** Events that are in no send: new ones and those that wait for another attempt. */
  readonly waiting: number;
  /** Events and bytes delivered a second. */
  readonly rate: number;
  readonly byteRate: number;
  /** What has happened lately, the newest last. */
  readonly notices: readonly string[];
}
