/** The events that wait, and the order in which they are taken. */
import { Fifo } from './fifo.js';
import { LinkedList } from './linkedList.js';
import { Retry, type Item, type Suspect } from './retry.js';

/** How far a connection looks past retries that avoid it: this bounds the cost of a pull. */
const lookPast = 8;

/** What a pull gets when there is nothing for it; events may have any other value, `undefined` included. */
export const nothing = Symbol('nothing');

/** Who pulls. */
export interface Candidate extends Suspect {
  /** Whether it has failed and not succeeded since: it takes a new event if one waits. */
  readonly onProbation: boolean;
}

/**
 * New events are bare values, first in, first out. One that is put back for the first time goes ahead of
 * them, in a lane of its own; put back again it goes behind those that wait then, in another lane, where
 * `behind` remembers its place among the new ones.
 */
export class EventQueue<T> {
  /** How many events wait. */
  length = 0;
  private readonly fresh = new Fifo<T>();
  /** New events that have outlived their wait, because they are guaranteed. They are older than the fresh ones. */
  private readonly kept = new Fifo<Retry<T>>();
  private readonly once = new LinkedList<Retry<T>>();
  private readonly again = new LinkedList<Retry<T>>();
  /** Whether retries go to any connection at this moment. */
  relents = false;
  /** The index of the first fresh event, counted from the beginning of time. */
  private taken = 0;

  /**
   * @param available How many connections are up and not pausing.
   * @param now The scheduler's clock.
   */
  constructor(
    private readonly available: () => number,
    private readonly now: () => number,
  ) {}

  /** How many of them wait for their first attempt. */
  get untried(): number {
    return this.fresh.length + this.kept.length;
  }

  /** How many of them have failed before. */
  get retrying(): number {
    return this.once.length + this.again.length;
  }

  /** The index of the new event that has waited longest, leaving out those that were kept. */
  get start(): number {
    return this.taken;
  }

  /** The index that the next new event will have. */
  get end(): number {
    return this.taken + this.fresh.length;
  }

  /** A new event waits. */
  push(event: T): void {
    this.length++;
    this.fresh.push(event);
  }

  /** A failed event waits again. */
  putBack(retry: Retry<T>): void {
    retry.putBacks++;
    retry.behind = this.end;
    this.length++;
    (retry.putBacks === 1 ? this.once : this.again).push(retry);
  }

  /** The next event for this connection, or `nothing`. */
  take(candidate: Candidate): Item<T> | typeof nothing {
    const { once, again } = this;
    if (once.length + again.length === 0 || (candidate.onProbation && this.untried > 0)) {
      return this.takeUntried();
    }
    const refused = (retry: Retry<T>): boolean =>
      !this.relents && retry.avoids(candidate, this.available(), this.now);
    const untriedFrom = this.untried === 0 ? Infinity : (this.kept.peek()?.behind ?? this.taken);
    const retry =
      this.takeFrom(once, refused) ??
      this.takeFrom(again, (waiting) => waiting.behind > untriedFrom || refused(waiting));
    return retry ?? this.takeUntried();
  }

  /** Whether nothing waits but new events, without a record. */
  get isFresh(): boolean {
    return this.length === this.fresh.length;
  }

  /** The next events for this connection, so many at most. */
  takeMany(candidate: Candidate, count: number): Item<T>[] {
    if (this.isFresh) {
      const events: Item<T>[] = this.fresh.shiftMany(count);
      this.length -= events.length;
      this.taken += events.length;
      return events;
    }
    const items: Item<T>[] = [];
    while (items.length < count) {
      const item = this.take(candidate);
      if (item === nothing) {
        break;
      }
      items.push(item);
    }
    return items;
  }

  /** The new event that has waited longest, or `nothing`. */
  takeUntried(): Item<T> | typeof nothing {
    const { kept, fresh } = this;
    const retry = kept.length === 0 ? undefined : kept.shift();
    if (retry !== undefined) {
      this.length--;
      return retry;
    }
    if (fresh.length > 0) {
      this.length--;
      this.taken++;
      return fresh.shift() as T;
    }
    return nothing;
  }

  /** The new event that came last, or `nothing`. */
  takeNewest(): T | typeof nothing {
    if (this.fresh.length === 0) {
      return nothing;
    }
    this.length--;
    return this.fresh.pop() as T;
  }

  /** Takes any event, those that have failed before first, or `nothing`. */
  takeAny(): Item<T> | typeof nothing {
    const retry = this.once.first ?? this.again.first;
    if (retry !== undefined) {
      this.remove(retry);
      return retry;
    }
    return this.takeUntried();
  }

  /** Takes new events up to an index: those that `keeps` is true for keep their place, the others go to `drop`. */
  expireUntried(end: number, keeps: (event: T) => boolean, drop: (event: T) => void): void {
    while (this.fresh.length > 0 && this.taken < end) {
      const index = this.taken++;
      const event = this.fresh.shift() as T;
      if (keeps(event)) {
        const kept = new Retry(event, Infinity);
        kept.behind = index;
        this.kept.push(kept);
      } else {
        this.length--;
        drop(event);
      }
    }
  }

  /** When the first of the waiting retries avoids no connection any more. */
  get relentsAt(): number {
    return Math.min(this.once.first?.avoidsUntil ?? Infinity, this.again.first?.avoidsUntil ?? Infinity);
  }

  /** All events that have failed before; the current one may be taken out meanwhile. */
  *retries(): Generator<Retry<T>, void> {
    for (const lane of [this.once, this.again]) {
      let retry = lane.first;
      while (retry !== undefined) {
        const { next } = retry;
        yield retry;
        retry = next;
      }
    }
  }

  /** Takes this one out. */
  remove(retry: Retry<T>): void {
    this.length--;
    (retry.putBacks === 1 ? this.once : this.again).remove(retry);
  }

  /** Takes the first of the next few retries that is not refused. */
  private takeFrom(lane: LinkedList<Retry<T>>, refused: (retry: Retry<T>) => boolean): Retry<T> | undefined {
    let retry = lane.first;
    for (let looked = 0; retry !== undefined && looked < lookPast; looked++) {
      if (!refused(retry)) {
        this.remove(retry);
        return retry;
      }
      retry = retry.next;
    }
    return undefined;
  }
}
