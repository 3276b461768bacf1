/** The record of an event that has failed: its attempts, and where they failed. Events that have not need none. */
import type { FailedAttempt } from '../outcome.js';
import type { Linked } from './linkedList.js';

/** How many failed attempts are remembered, for the outcome and for avoiding connections. */
const remembered = 10;

/** An event on its way: bare as long as it has not failed. */
export type Item<T> = T | Retry<T>;

/** The event itself. */
export function eventOf<T>(item: Item<T>): T {
  return item instanceof Retry ? item.event : item;
}

/** What a retry must know of a connection it has failed on. */
export interface Suspect {
  readonly name: string;
  /** How many events it has delivered. */
  readonly successes: number;
  /** Whether it is up and not pausing; it may be busy. */
  readonly available: boolean;
}

/** An event that waits for another attempt, or is having one. */
export class Retry<T> implements Linked<Retry<T>> {
  /** Sends started. */
  attempts = 0;
  /** What of the limit is used up: an attempt that made progress elsewhere in its batch is not. */
  used = 0;
  /** How often it has been put back. */
  putBacks = 0;
  /** When it was put back last, by the scheduler's clock. */
  since = 0;
  /** Until when it avoids the connections it has failed on. */
  avoidsUntil = 0;
  /** How many new events had arrived when it was put back: it goes behind those. */
  behind = 0;
  /** Its neighbours in the lane it waits in. */
  previous: Retry<T> | undefined;
  next: Retry<T> | undefined;
  /** The failed attempts, oldest first. */
  readonly failures: FailedAttempt[] = [];
  /** For each of `failures`: the connection, and what it had delivered by then. */
  private readonly suspects: { readonly on: Suspect; readonly successes: number }[] = [];

  /**
   * @param event The event.
   * @param limit How many attempts it has.
   */
  constructor(
    readonly event: T,
    readonly limit: number,
  ) {}

  /** Notes a failed attempt. */
  failed(on: Suspect, error: unknown): void {
    this.failures.push({ connection: on.name, error });
    this.suspects.push({ on, successes: on.successes });
    if (this.failures.length > remembered) {
      this.failures.shift();
      this.suspects.shift();
    }
  }

  /**
   * Whether it waits for another connection than this one.
   * @param candidate The connection that would take it.
   * @param available How many connections are up and not pausing.
   * @param now The time, asked for only when it matters.
   */
  avoids(candidate: Suspect, available: number, now: () => number): boolean {
    return this.hasFailedOn(candidate) && this.availableSuspects() < available && now() < this.avoidsUntil;
  }

  private hasFailedOn(candidate: Suspect): boolean {
    return this.suspects.some(({ on, successes }) => on === candidate && on.successes === successes);
  }

  private availableSuspects(): number {
    const available = new Set<Suspect>();
    for (const { on, successes } of this.suspects) {
      if (on.available && on.successes === successes) {
        available.add(on);
      }
    }
    return available.size;
  }
}
