/** The deadlines of all sends in flight: one timer, and no clock read per send where a coarse clock will do. */
import type { SchedulerLike } from 'rxjs';
import { Alarm } from './alarm.js';
import { isVirtual } from './virtualTime.js';

/** Below this timeout every send reads the clock; from it on they share a tick. */
const preciseBelow = 1_000;
/** A shared deadline is at most two ticks late. */
const tick = 25;
/** One send in so many looks whether the tick is overdue: a loop that sends for long keeps the timer from ringing. */
const lookEvery = 1_024;

/** A send that has a deadline. */
export interface Timed {
  due: number;
  /** The number of the send. */
  readonly turn: number;
  /** Whether it is still in flight. */
  readonly busy: boolean;
  /** Called when the deadline has passed. */
  expire(now: number): void;
}

/** All sends in flight are looked through when the alarm rings: cheaper than to keep them in order all the time. */
export class Deadlines {
  private readonly alarm: Alarm;
  private readonly precise: boolean;
  /** Whether a send that starts is taken care of: the next tick finds it, or it has no deadline. */
  private covered: boolean;
  /** The number of the last send that a tick has found. */
  private lastFound = 0;
  /** When the next tick is due. */
  private nextTick = Infinity;

  /**
   * @param timeout How long a send may take, in milliseconds; `Infinity` for without limit.
   * @param scheduler The clock and the timer.
   * @param eachInFlight Visits all sends in flight.
   * @param atOnce Runs the expiry of many sends as one step.
   */
  constructor(
    private readonly timeout: number,
    private readonly scheduler: SchedulerLike,
    private readonly eachInFlight: (visit: (send: Timed) => void) => void,
    atOnce: (work: () => void) => void,
  ) {
    this.precise = timeout < preciseBelow || isVirtual(scheduler);
    this.covered = timeout === Infinity;
    this.alarm = new Alarm(scheduler, () => {
      atOnce(() => {
        this.expire();
      });
    });
  }

  /** A send starts. When it has ended, the alarm stays: to ring for nothing is cheaper than to be set anew. */
  add(send: Timed): void {
    if (!this.covered || send.turn % lookEvery === 0) {
      this.note(send);
    }
  }

  private note(send: Timed): void {
    const now = this.scheduler.now();
    if (this.precise) {
      send.due = now + this.timeout;
      this.alarm.set(send.due);
    } else if (!this.covered) {
      this.awaitTick(now);
    } else if (now >= this.nextTick) {
      this.stamp(now);
    }
  }

  /** No timer is left. */
  stop(): void {
    this.alarm.stop();
  }

  private expire(): void {
    const now = this.scheduler.now();
    if (!this.precise) {
      this.stamp(now);
    }
    const late: Timed[] = [];
    let next = Infinity;
    this.eachInFlight((send) => {
      if (send.due <= now) {
        late.push(send);
      } else {
        next = Math.min(next, send.due);
      }
    });
    for (const send of late.sort((a, b) => a.turn - b.turn)) {
      // One that is late may cause another to be cancelled.
      if (send.busy) {
        send.expire(now);
      }
    }
    if (this.precise) {
      this.alarm.set(next);
    } else {
      this.covered = false;
      if (next !== Infinity) {
        this.awaitTick(now);
      }
    }
  }

  /**
   * Sends that have started since the last tick are taken to have started now. A clock read at the last tick
   * would be stale after a blocked event loop, and their deadlines early.
   */
  private stamp(now: number): void {
    const { lastFound } = this;
    this.eachInFlight((send) => {
      if (send.turn > lastFound) {
        send.due = now + this.timeout;
        this.lastFound = Math.max(this.lastFound, send.turn);
      }
    });
    this.nextTick = now + tick;
  }

  /** From now on, sends that start are found by a tick. */
  private awaitTick(now: number): void {
    this.covered = true;
    this.nextTick = now + tick;
    this.alarm.set(this.nextTick);
  }
}
