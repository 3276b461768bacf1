/** The ledger: what became of everything, and how fast. */
import { isBalanced, type Balance } from './books.js';
import type { PhaseResult } from './phaseRun.js';
import type { ClusterSettings } from './settings.js';

/** What is in one collector's file. */
export interface CollectorShare {
  readonly name: string;
  readonly records: number;
}

/** All of it. */
export interface ClusterLedger extends ClusterSettings, Balance {
  readonly phases: readonly PhaseResult[];
  readonly collectors: readonly CollectorShare[];
  readonly seconds: number;
  /** Why it did not come to its end. */
  readonly problem: string | undefined;
}

/** Whether all was published, nothing is lost, and everything accounted for. */
export function isGood(ledger: ClusterLedger): boolean {
  return ledger.problem === undefined && ledger.published === ledger.events && isBalanced(ledger);
}
