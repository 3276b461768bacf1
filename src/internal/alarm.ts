/** One timer that can be set earlier: for deadlines that are kept in order by their owner. */
import type { SchedulerLike, Subscription } from 'rxjs';

/** The longest delay that a platform's timer takes; a longer one would fire at once. */
export const longestDelay = 2 ** 31 - 1;

/** Rings at or before the time it was set for: its owner looks what is due, and sets it again. */
export class Alarm {
  private time = Infinity;
  private action: Subscription | undefined;
  private stopped = false;

  /**
   * @param scheduler The clock and the timer.
   * @param ring Called when it rings; it is not set then.
   */
  constructor(
    private readonly scheduler: SchedulerLike,
    private readonly ring: () => void,
  ) {}

  /** Makes it ring at `time`, unless it rings earlier anyway; `Infinity` is never. */
  set(time: number): void {
    if (time >= this.time || this.stopped) {
      return;
    }
    this.clear();
    this.time = time;
    const delay = Math.min(Math.max(time - this.scheduler.now(), 0), longestDelay);
    this.action = this.scheduler.schedule(() => {
      this.time = Infinity;
      this.action = undefined;
      this.ring();
    }, delay);
  }

  /** Makes it not ring. */
  clear(): void {
    this.time = Infinity;
    this.action?.unsubscribe();
    this.action = undefined;
  }

  /** Makes it never ring again, whoever may still set it. */
  stop(): void {
    this.stopped = true;
    this.clear();
  }
}
