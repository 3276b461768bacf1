/** A small world, as plain data: what it begins with, and what may happen in it, how often. */
import type { LoadBalanceOptions } from '../../src/index.js';

/** Something that can happen. */
export type Deed =
  // The source; an asynchronous iterator does it when it is asked.
  | 'emits'
  | 'ends'
  | 'fails'
  // The state of a connection.
  | 'up'
  | 'down'
  | 'connecting'
  | 'breaks'
  | 'retires'
  // Its window.
  | 'widens'
  | 'narrows'
  // The membership.
  | 'is removed'
  | 'is listed'
  | 'freezes'
  // The answer of a send in flight, or of one that was cancelled.
  | 'delivers'
  | 'breaks off'
  | 'is busy'
  | 'is busy for a while'
  | 'rejects'
  | 'answers late'
  // Inside a send, instead of an answer.
  | 'throws'
  // The result for one event of a batch.
  | 'delivers one'
  | 'fails one'
  | 'rejects one'
  // The wait after a failure.
  | 'waits no longer'
  | 'gives up'
  // Time goes on to the next timer.
  | 'time'
  // The end.
  | 'closes'
  | 'leaves';

/** Where the user's own code runs, and may do something. */
export type Inside = 'outcome' | 'send' | 'subscription of a send' | 'opening';

/** One connection. */
export interface PlacePlan {
  /** A stream of sizes begins with 1. */
  readonly window: 1 | 2 | 'stream';
  /** What it says when it is opened. */
  readonly opens: 'up' | 'silently';
  readonly batch?: { readonly size: number; readonly linger?: number };
}

/** All of it. */
export interface Plan {
  readonly name: string;
  /** How many steps `npm test` goes. */
  readonly depth: number;
  readonly source: 'stream' | 'iterator' | 'asynchronous iterator';
  /** How many events there are at the start. */
  readonly events: number;
  readonly connections: readonly PlacePlan[];
  /** A deaf stream cannot be cancelled, and may answer afterwards; a promise likewise. */
  readonly sends: 'stream' | 'deaf stream' | 'promise';
  /** Which events are guaranteed, where only some are. */
  readonly guarantees?: readonly number[];
  readonly options: Pick<LoadBalanceOptions<number>, 'maxAttempts' | 'queue' | 'drainTimeout'> & {
    readonly timeout: { readonly connect: number; readonly send: number; readonly wait: number };
  };
  /** How often each of these may happen at most. */
  readonly may: Partial<Record<Deed, number>>;
  /** What may happen inside the user's code, and how often in all. */
  readonly inside?: Partial<Record<Inside, readonly Deed[]>> & { readonly times: number };
}
