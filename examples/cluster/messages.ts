/** What a worker and the process that has started it say to each other. */

/** What a worker is told, as one argument, in JSON. */
export interface WorkerConfig {
  readonly name: string;
  /** The server's URL. */
  readonly server: string;
  readonly collectors: readonly { readonly name: string; readonly url: string }[];
  /** Events in a request at most. */
  readonly batch: number;
  /** Requests in flight on each connection. */
  readonly window: number;
  /** How much longer a request takes, in milliseconds. */
  readonly latency: number;
}

/** What a worker is told while it runs: to begin, or to ask for no more, to finish and to end. */
export type Order = 'begin' | 'drain';

/** How far a worker is. Nobody balances the books by this: the files and the streams are asked for that. */
export interface Tally {
  readonly delivered: number;
  /** Events that it gave up: dead letters. */
  readonly deadLetters: number;
  /** Of the delivered ones, those that had been tried before, here or by another worker. */
  readonly retried: number;
  /** When it had its latest outcome, in milliseconds since 1970; 0 before the first. */
  readonly at: number;
}

/** What a worker says. */
export type Report = 'ready' | Tally;

/** Before the first outcome. */
export const noTally: Tally = { delivered: 0, deadLetters: 0, retried: 0, at: 0 };

/** How many outcomes there were. */
export function outcomesIn({ delivered, deadLetters }: Tally): number {
  return delivered + deadLetters;
}
