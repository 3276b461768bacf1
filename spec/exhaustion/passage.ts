/** What a small world knows of one event. */
import type { DropReason } from '../../src/index.js';

/** What an event has to know of a connection that it has failed on. */
export interface Suspected {
  readonly name: string;
  readonly available: boolean;
  readonly joins: number;
  readonly successes: number;
}

/** Where it failed, and how much that connection had delivered by then. */
interface Suspect {
  readonly place: Suspected;
  readonly joins: number;
  readonly successes: number;
}

/** What its outcome has to be. */
export type Due =
  { readonly by: Suspected; readonly value: unknown } | Extract<DropReason, 'attempts' | 'rejected'>;

/** One event. */
export class Passage {
  at: 'queue' | 'send' | 'end' = 'queue';
  /** Sends started with it. */
  starts = 0;
  /** Attempts used up. */
  used = 0;
  putBacks = 0;
  /** Its place among others of its kind: the number of the event, or that of its last putting back. */
  order: number;
  /** Since when it waits. */
  since: number;
  /** How many events there were when it was put back: again put back, it goes behind those. */
  behind = 0;
  /** Set as soon as a send has settled it. */
  due: Due | undefined;
  private suspects: Suspect[] = [];

  /**
   * @param event The event.
   * @param limit How many attempts it has.
   * @param now When it came.
   */
  constructor(
    readonly event: number,
    readonly limit: number,
    now: number,
  ) {
    this.since = now;
    this.order = event;
  }

  /** An attempt failed on a connection. */
  failed(place: Suspected, counts: boolean, now: number, order: number, behind: number): void {
    this.suspects.push({ place, joins: place.joins, successes: place.successes });
    if (counts) {
      this.used++;
    }
    if (this.used >= this.limit) {
      this.due = 'attempts';
      return;
    }
    this.at = 'queue';
    this.putBacks++;
    this.since = now;
    this.order = order;
    this.behind = behind;
  }

  /** Whether it has to wait for another connection than this one. */
  avoids(place: Suspected, available: number): boolean {
    return (
      this.suspects.some((suspect) => suspect.place === place && stands(suspect)) && this.others(available)
    );
  }

  /** Whether a connection is there that it has not failed on. */
  private others(available: number): boolean {
    const failedOn = new Set<Suspected>();
    for (const suspect of this.suspects) {
      if (suspect.place.available && stands(suspect)) {
        failedOn.add(suspect.place);
      }
    }
    return failedOn.size < available;
  }
}

/** Whether a failure still counts: the connection has delivered nothing since. */
function stands({ place, joins, successes }: Suspect): boolean {
  return place.joins === joins && place.successes === successes;
}
