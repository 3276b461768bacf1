/** How long events wait while no connection is up: each full `timeout.wait` uses up one attempt. */
import type { SchedulerLike } from 'rxjs';
import { Alarm } from './alarm.js';
import type { EventQueue } from './eventQueue.js';
import { Fifo } from './fifo.js';
import type { Retry } from './retry.js';

/** What an outage must know of the balancer. */
export interface OutageConfig<T> {
  readonly queue: EventQueue<T>;
  /** `timeout.wait`, in milliseconds. */
  readonly wait: number;
  /** How many attempts a new event has; `Infinity` when all are guaranteed. */
  readonly maxAttempts: number;
  /** How many attempts this event has. */
  readonly limitOf: (event: T) => number;
  /** This event has waited too long. */
  readonly drop: (item: T | Retry<T>) => void;
  readonly scheduler: SchedulerLike;
  /** Runs many drops as one step. */
  readonly atOnce: (work: () => void) => void;
}

/** The new events from one index to another have waited since this time. */
interface Mark {
  readonly index: number;
  end: number;
  time: number;
}

/** The time while no connection is up, over and over again. */
export class Outage<T> {
  /** When it began; `Infinity` while a connection is up. */
  private since = Infinity;
  /** Since when the new events wait: those without a failure need no record of their own. */
  private marks = new Fifo<Mark>();
  private latest: Mark | undefined;
  /** When the first of the retries has waited too long. */
  private retriesDue = Infinity;
  private readonly alarm: Alarm;
  /** How long a new event waits before it is dropped. */
  private readonly patience: number;

  /**
   * @param config What it must know.
   */
  constructor(private readonly config: OutageConfig<T>) {
    this.patience = this.waitFor(config.maxAttempts);
    this.alarm = new Alarm(config.scheduler, () => {
      config.atOnce(() => {
        this.expire();
      });
    });
  }

  /** No connection is up. */
  begin(): void {
    const { queue, wait, scheduler } = this.config;
    if (wait === Infinity) {
      return;
    }
    this.since = scheduler.now();
    if (queue.start < queue.end) {
      this.mark(queue.start);
    }
    for (const retry of queue.retries()) {
      this.retriesDue = Math.min(this.retriesDue, this.dueOf(retry));
    }
    this.arm();
  }

  /** A connection is up: all that was waited is forgotten. */
  end(): void {
    this.since = Infinity;
    if (this.latest !== undefined) {
      this.marks = new Fifo();
      this.latest = undefined;
    }
    this.retriesDue = Infinity;
    this.alarm.clear();
  }

  /** A new event waits. */
  arrived(): void {
    if (this.since !== Infinity) {
      this.mark(this.config.queue.end - 1);
      this.arm();
    }
  }

  /** A failed event waits again. */
  putBack(retry: Retry<T>): void {
    if (this.since !== Infinity) {
      this.retriesDue = Math.min(this.retriesDue, this.dueOf(retry));
      this.arm();
    }
  }

  /** No timer is left. */
  stop(): void {
    this.alarm.stop();
  }

  /** From this index on, new events wait since now. */
  private mark(index: number): void {
    const { queue, scheduler } = this.config;
    const time = scheduler.now();
    const { latest } = this;
    if (this.patience === Infinity || latest?.time === time) {
      return;
    }
    if (latest?.index === index) {
      // A full queue has dropped the event that was marked, and this one is in its place.
      latest.time = time;
      return;
    }
    if (latest !== undefined) {
      latest.end = index;
    }
    // Nor are marks kept for events that a full queue has dropped.
    while ((this.marks.peek()?.end ?? Infinity) <= queue.start) {
      this.marks.shift();
    }
    this.latest = { index, end: Infinity, time };
    this.marks.push(this.latest);
  }

  private dueOf(retry: Retry<T>): number {
    return Math.max(this.since, retry.since) + this.waitFor(retry.limit - retry.used);
  }

  /** How long so many attempts last. Without a limit for ever, also where there is no time to wait. */
  private waitFor(attempts: number): number {
    return attempts === Infinity ? Infinity : attempts * this.config.wait;
  }

  private arm(): void {
    const mark = this.marks.peek();
    this.alarm.set(Math.min(mark === undefined ? Infinity : mark.time + this.patience, this.retriesDue));
  }

  private expire(): void {
    const now = this.config.scheduler.now();
    this.expireUntried(now);
    if (this.retriesDue <= now) {
      this.expireRetries(now);
    }
    this.arm();
  }

  private expireUntried(now: number): void {
    const { queue, limitOf, drop } = this.config;
    for (
      let mark = this.marks.peek();
      mark !== undefined && mark.time + this.patience <= now;
      mark = this.marks.peek()
    ) {
      this.marks.shift();
      if (mark === this.latest) {
        this.latest = undefined;
      }
      const end = Math.min(mark.end, queue.end);
      queue.expireUntried(end, (event) => limitOf(event) === Infinity, drop);
    }
  }

  /** Those that are late are all taken out before any is dropped: what an outcome causes finds them gone. */
  private expireRetries(now: number): void {
    const { queue, drop } = this.config;
    const late: Retry<T>[] = [];
    this.retriesDue = Infinity;
    for (const retry of queue.retries()) {
      const due = this.dueOf(retry);
      if (due > now) {
        this.retriesDue = Math.min(this.retriesDue, due);
      } else {
        late.push(retry);
      }
    }
    for (const retry of late) {
      queue.remove(retry);
    }
    for (const retry of late) {
      drop(retry);
    }
  }
}
