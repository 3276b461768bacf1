/** The way of activities to the user's observer: its errors are its own, and cannot stop the balancer. */
import { Subscription, timer, type Observer, type SchedulerLike } from 'rxjs';
import type { BalancerActivity, QueueActivity } from '../activity.js';
import { reportUnhandled } from './release.js';

/** The shortest time between two reports of the queue, in milliseconds. */
const queuePeriod = 100;

/** Made only when there is an observer: without one nothing is spent on it. */
export class Monitor {
  private isOver = false;
  /** Open while the queue was reported a moment ago. */
  private pause = Subscription.EMPTY;
  /** Whether the queue may have changed since. */
  private hasChanged = false;

  /**
   * @param observer The user's.
   * @param queue Looks at the queue.
   * @param scheduler The clock and the timers.
   */
  constructor(
    private readonly observer: Partial<Observer<BalancerActivity>>,
    private readonly queue: () => QueueActivity,
    private readonly scheduler: SchedulerLike,
  ) {}

  /** Something happened. */
  report(activity: BalancerActivity): void {
    if (this.isOver) {
      return;
    }
    try {
      // No Subscriber stands in between: this is on the path of every event.
      this.observer.next?.(activity);
    } catch (error) {
      reportUnhandled(error);
    }
  }

  /** The queue may have changed. */
  queueChanged(): void {
    this.hasChanged = true;
    if (this.pause.closed && !this.isOver) {
      this.reportQueue();
    }
  }

  /** The time, for how long a send took. */
  now(): number {
    return this.scheduler.now();
  }

  /** The output has ended; an error goes to an observer that takes errors. */
  end(failure: { readonly error: unknown } | undefined): void {
    this.stop();
    const { observer } = this;
    try {
      if (failure === undefined || observer.error === undefined) {
        observer.complete?.();
      } else {
        observer.error(failure.error);
      }
    } catch (error) {
      reportUnhandled(error);
    }
  }

  /** Nobody listens any more: no timer is left. */
  stop(): void {
    this.isOver = true;
    this.pause.unsubscribe();
  }

  private reportQueue(): void {
    this.hasChanged = false;
    this.pause = timer(queuePeriod, this.scheduler).subscribe(() => {
      if (this.hasChanged) {
        this.reportQueue();
      }
    });
    this.report(this.queue());
  }
}
