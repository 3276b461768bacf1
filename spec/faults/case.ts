/** What is tried on a bad day, and what is told of it. */
import type { Statement } from './ledger.js';

/** How a case is run. */
export interface Conditions {
  /** A shorter day. */
  readonly quick: boolean;
  /** What chance begins with, where there is any. */
  readonly seed: number;
}

/** Something that is to be reached. No check depends on it: it is a matter of time. */
export interface Goal {
  /** What it is about. */
  readonly what: string;
  /** What is asked: in words, or a figure with its unit. */
  readonly asked: string;
  /** `NaN`: it never happened, which no machine excuses. */
  readonly measured: number;
  readonly unit: string;
  readonly reached: boolean;
}

/** What became of a day. */
export interface Account {
  readonly statement: Statement;
  /** How long outcomes took, in milliseconds. */
  readonly latency: Latency;
  /** What must not be, beside what the books say. */
  readonly problems: readonly string[];
  /** How long it took until the load had moved away, and until the place had its share again, in milliseconds. */
  readonly movedAway?: number;
  readonly shareBack?: number;
  readonly goals: readonly Goal[];
}

/** In milliseconds. */
export interface Latency {
  readonly median: number;
  readonly p99: number;
  readonly longest: number;
}

/** One bad day. */
export interface Case {
  /** What it is called by. */
  readonly name: string;
  /** What happens. */
  readonly what: string;
  readonly run: (conditions: Conditions) => Promise<Account>;
}

/** The one in the middle. */
export function median(figures: readonly number[]): number {
  return [...figures].sort((a, b) => a - b)[Math.floor(figures.length / 2)] ?? NaN;
}
