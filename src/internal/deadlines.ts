/** The deadlines of all sends in flight: one timer, and no clock read per send where a coarse clock will do. */
import type { SchedulerLike } from 'rxjs';
import { Alarm } from './alarm.js';
import { LinkedList, type Linked } from './linkedList.js';
import { isVirtual } from './virtualTime.js';

/** Below this timeout every send reads the clock; from it on they share a tick. */
const preciseBelow = 1_000;
/** A shared deadline is at most two ticks late. */
const tick = 40;
/** Not stamped yet: the next tick does that. */
const unstamped = -1;

/** Something that has a deadline. */
export interface Timed extends Linked<Timed> {
  due: number;
  /** Called when the deadline has passed: it must remove itself. */
  expire(): void;
}

/** Keeps the sends in the order in which they started, which is the order of their deadlines. */
export class Deadlines {
  private readonly sends = new LinkedList<Timed>();
  private readonly alarm: Alarm;
  private readonly precise: boolean;

  /**
   * @param timeout How long a send may take, in milliseconds; `Infinity` for without limit.
   * @param scheduler The clock and the timer.
   * @param atOnce Runs the expiry of many sends as one step.
   */
  constructor(
    private readonly timeout: number,
    private readonly scheduler: SchedulerLike,
    atOnce: (work: () => void) => void,
  ) {
    this.precise = timeout < preciseBelow || isVirtual(scheduler);
    this.alarm = new Alarm(scheduler, () => {
      atOnce(() => {
        this.expire();
      });
    });
  }

  /** A send starts. */
  add(send: Timed): void {
    if (this.timeout === Infinity) {
      return;
    }
    this.sends.push(send);
    if (this.precise) {
      send.due = this.scheduler.now() + this.timeout;
      this.alarm.set(send.due);
    } else {
      send.due = unstamped;
      this.awaitTick();
    }
  }

  /** A send has ended. The alarm stays: to ring for nothing now and then is cheaper than to be set anew every time. */
  remove(send: Timed): void {
    if (this.timeout !== Infinity) {
      this.sends.remove(send);
    }
  }

  /** No timer is left. */
  stop(): void {
    this.alarm.stop();
  }

  private expire(): void {
    const now = this.scheduler.now();
    this.stamp(now);
    let { first } = this.sends;
    while (first !== undefined && first.due <= now) {
      first.expire();
      ({ first } = this.sends);
    }
    if (first === undefined) {
      return;
    }
    if (this.precise) {
      this.alarm.set(first.due);
    } else {
      this.awaitTick();
    }
  }

  /**
   * Sends that started since the last tick are taken to have started now. A clock read at the last tick
   * would be stale after a blocked event loop, and their deadlines early.
   */
  private stamp(now: number): void {
    for (let send = this.sends.last; send?.due === unstamped; send = send.previous) {
      send.due = now + this.timeout;
    }
  }

  private awaitTick(): void {
    if (!this.alarm.isSet) {
      this.alarm.set(this.scheduler.now() + tick);
    }
  }
}
