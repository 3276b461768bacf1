/** Counts events: those that a balancer was given and has said nothing of, and those that are in memory. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Outcome } from 'rxjs-load-balance';

/** An event of about a kilobyte, in memory; half of that in a request. */
export class Reading {
  readonly values: readonly number[];

  /**
   * @param id Its number.
   */
  constructor(readonly id: number) {
    this.values = Array.from({ length: 128 }, (_, index) => (id + index) % 1_000);
  }
}

/** Frees what can be freed: Node runs with `--expose-gc`. Afterwards nothing else has happened yet. */
export async function collectGarbage(): Promise<void> {
  // What a turn of the event loop still holds is free in the next one.
  for (let turn = 0; turn < 3; turn++) {
    await sleep(1);
    globalThis.gc?.();
  }
}

/** What became of all of them. */
export interface Findings {
  readonly entered: number;
  readonly delivered: number;
  readonly dropped: Readonly<Record<string, number>>;
  /** The most events at one time that had no outcome yet. */
  readonly most: number;
  /** The most events at one time that were in memory beyond those. */
  readonly mostKept: number;
  /** How many of those that were dropped had been in a send. */
  readonly droppedAfterAttempts: number;
  /** How many were delivered after more than one attempt. */
  readonly deliveredLater: number;
  /** How many of the first and of the last thousand were delivered. */
  readonly firstDelivered: number;
  readonly lastDelivered: number;
}

/** How many are the first, and the last. */
export const someEvents = 1_000;

/** One for each balancer. */
export class Census {
  private entered = 0;
  private most = 0;
  private mostKept = 0;
  private freed = 0;
  private droppedAfterAttempts = 0;
  private deliveredLater = 0;
  private readonly delivered = new Set<number>();
  private readonly dropped = new Map<string, number>();
  private readonly told = new Set<number>();
  private readonly registry = new FinalizationRegistry(() => this.freed++);

  /** The next event. */
  next(): Reading {
    const event = new Reading(this.entered++);
    this.registry.register(event, undefined);
    return event;
  }

  /** Looks how many have no outcome: whenever the balancer was given some, since outcomes only make it less. */
  look(): void {
    this.most = Math.max(this.most, this.outstanding);
  }

  /** Looks how many are in memory. */
  async count(): Promise<void> {
    await collectGarbage();
    const { outstanding } = this;
    // The registry speaks a little later.
    await sleep(1);
    this.mostKept = Math.max(this.mostKept, this.entered - this.freed - outstanding);
  }

  /** An outcome. */
  took(outcome: Outcome<Reading>): void {
    const { id } = outcome.event;
    if (this.told.has(id)) {
      throw new Error(`a second outcome for ${id}`);
    }
    this.told.add(id);
    if (outcome.status === 'delivered') {
      this.delivered.add(id);
      this.deliveredLater += outcome.attempts > 1 ? 1 : 0;
    } else {
      this.dropped.set(outcome.reason, (this.dropped.get(outcome.reason) ?? 0) + 1);
      this.droppedAfterAttempts += outcome.attempts > 0 ? 1 : 0;
    }
  }

  /** What became of all of them. */
  findings(): Findings {
    const { entered, most, mostKept, droppedAfterAttempts, deliveredLater } = this;
    const deliveredFrom = (first: number): number =>
      Array.from({ length: someEvents }, (_, index) => first + index).filter((id) => this.delivered.has(id))
        .length;
    return {
      entered,
      delivered: this.delivered.size,
      dropped: Object.fromEntries(this.dropped),
      most,
      mostKept,
      droppedAfterAttempts,
      deliveredLater,
      firstDelivered: deliveredFrom(0),
      lastDelivered: deliveredFrom(entered - someEvents),
    };
  }

  private get outstanding(): number {
    return this.entered - this.told.size;
  }
}
