/** The books: what was taken from the source, and what of it is in the collectors' files. */
import { createHash } from 'node:crypto';
import { recordsIn, type LogEvent } from './record.js';

/** What became of everything, by the files and not by anybody's word. */
export interface Reconciliation {
  /** Events taken from the source. */
  readonly sent: number;
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

  /** How many events were taken from the source. */
  get sent(): number {
    return this.digests.length;
  }

  /** Numbers the lines as they are asked for. */
  async *enter(lines: AsyncIterable<Buffer> | Iterable<Buffer>): AsyncGenerator<LogEvent> {
    for await (const bytes of lines) {
      const n = this.digests.length;
      this.digests.push(digestOf(bytes));
      yield { n, bytes };
    }
  }

  /** Compares with the files. */
  async reconcile(files: readonly string[]): Promise<Reconciliation> {
    const { sent } = this;
    const seen = new Uint8Array(sent);
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
    return { sent, arrived, duplicated, foreign, lost: sent - arrived };
  }
}

/** As many bits as a number holds. */
function digestOf(bytes: Buffer): number {
  return createHash('sha256').update(bytes).digest().readUIntBE(0, 6);
}
