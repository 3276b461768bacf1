/** The books: what was taken from the source, and what of it is in the collectors' files. */
import { createHash } from 'node:crypto';
import { recordsIn } from './record.js';

/** What became of everything, by the files and not by anybody's word. */
export interface Reconciliation {
  /** Events that are in a file, each counted once. */
  readonly arrived: number;
  /** Further copies of those: an answer was lost, and the event was sent again. */
  readonly duplicated: number;
  /** Records that nobody sent in this form. */
  readonly foreign: number;
  /** Events that are in no file. */
  readonly lost: number;
}

/** Counts events out, and in again. */
export class Ledger {
  /** A digest an event, by its number: what is shipped need not stay in memory. */
  private readonly digests: number[] = [];

  /** Notes the next event that is taken from the source. */
  enter(bytes: Buffer): void {
    this.digests.push(digestOf(bytes));
  }

  /** Compares with the files. */
  async reconcile(files: readonly string[]): Promise<Reconciliation> {
    const { length } = this.digests;
    const seen = new Uint8Array(length);
    let arrived = 0;
    let duplicated = 0;
    let foreign = 0;
    for (const file of files) {
      for await (const { event } of recordsIn(file)) {
        if (this.digests[event.n] !== digestOf(event.bytes)) {
          foreign++;
        } else if (seen[event.n] === 0) {
          seen[event.n] = 1;
          arrived++;
        } else {
          duplicated++;
        }
      }
    }
    return { arrived, duplicated, foreign, lost: length - arrived };
  }
}

/** As many bits as a number holds. */
function digestOf(bytes: Buffer): number {
  return createHash('sha256').update(bytes).digest().readUIntBE(0, 6);
}
