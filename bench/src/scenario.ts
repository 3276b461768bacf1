/** What a scenario is: cases that are measured beside each other. */
import type { Effort } from './measure.js';
import type { Measured } from './results.js';
import type { Program } from './servers/program.js';

/** One way to do the work of a scenario. It runs in a process of its own. */
export interface Case {
  readonly name: string;
  /** What it does besides sending, for the table: a peer may do less, or more. */
  readonly does?: string;
  /** Whether the others are compared to it. */
  readonly reference?: boolean;
  readonly run: (effort: Effort) => Promise<Measured>;
}

export interface Scenario {
  readonly name: string;
  /** What is done, in a sentence for the table. */
  readonly about: string;
  /** The program of its server, where that is not a part of this package. */
  readonly needs?: Program;
  readonly cases: readonly Case[];
}

/** A case by the words that a filter is made of. */
export function fullName(scenario: Pick<Scenario, 'name'>, { name }: Pick<Case, 'name'>): string {
  return `${scenario.name} / ${name}`;
}
