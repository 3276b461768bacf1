/** The books: what was published, and in what form it has arrived. Nobody's word counts, but the files and streams. */
import type { Events } from './events.js';
import { numberIn } from './events.js';

/** What became of everything. */
export interface Balance {
  /** Events of which the stream has said that it has them. */
  readonly published: number;
  /** What the stream has. */
  readonly stored: number;
  /** Events that are in a collector's file, each counted once. */
  readonly delivered: number;
  /** Events that are among the dead letters, each counted once. */
  readonly deadLetters: number;
  /** Further copies of both. */
  readonly duplicates: number;
  /** Published, and in neither. */
  readonly lost: number;
  /** Events that are in both. */
  readonly both: number;
  /** What is in a file, or among the dead letters, and was not published like that. */
  readonly unknown: number;
}

/** An event has arrived; it was given up. */
const arrivedBit = 1;
const givenUpBit = 2;

/** A byte an event: a million of them take a megabyte. */
export class Books {
  private readonly seen: Uint8Array;
  private delivered = 0;
  private deadLetters = 0;
  private duplicates = 0;
  private both = 0;
  private unknown = 0;

  /** @param events What should have been published. */
  constructor(private readonly events: Events) {
    this.seen = new Uint8Array(events.count);
  }

  /** A record is in a collector's file. */
  arrived(n: number, body: Buffer): void {
    if (n < this.events.count && !this.events.isPoison(n) && body.equals(this.events.bodyOf(n))) {
      this.delivered += this.enter(n, arrivedBit);
    } else {
      this.unknown++;
    }
  }

  /** A message is among the dead letters. */
  gaveUp(message: Uint8Array): void {
    const n = numberIn(message);
    if (n !== undefined && n < this.events.count && this.events.messageOf(n).equals(message)) {
      this.deadLetters += this.enter(n, givenUpBit);
    } else {
      this.unknown++;
    }
  }

  /**
   * Adds it up.
   * @param published How many events the publisher has an ack for.
   * @param stored How many messages the stream has.
   */
  balance(published: number, stored: number): Balance {
    const { delivered, deadLetters, duplicates, both, unknown, events } = this;
    const missing = events.count - (delivered + deadLetters - both);
    // What was not published cannot have been lost.
    const lost = Math.max(0, missing - (events.count - published));
    return { published, stored, delivered, deadLetters, duplicates, lost, both, unknown };
  }

  /** 1 when it is the first time. */
  private enter(n: number, bit: number): 0 | 1 {
    const bits = this.seen[n] ?? 0;
    this.seen[n] = bits | bit;
    if ((bits & bit) !== 0) {
      this.duplicates++;
      return 0;
    }
    this.both += bits === 0 ? 0 : 1;
    return 1;
  }
}

/** Whether nothing is lost, and everything accounted for. */
export function isBalanced(balance: Balance): boolean {
  const { published, stored, delivered, deadLetters, lost, both, unknown } = balance;
  return (
    lost === 0 && both === 0 && unknown === 0 && stored === published && published === delivered + deadLetters
  );
}
