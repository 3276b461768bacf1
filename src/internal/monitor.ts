/** The way of activities to the user's observer: its errors are its own, and cannot stop the balancer. */
import { map, Subject, throttleTime, type Observer, type SchedulerLike, type Subscription } from 'rxjs';
import type { BalancerActivity, QueueActivity } from '../activity.js';

/** The shortest time between two reports of the queue, in milliseconds. */
const queuePeriod = 100;

/** Made only when there is an observer: without one nothing is spent on it. */
export class Monitor {
  private readonly activities$ = new Subject<BalancerActivity>();
  private readonly queueChanges$ = new Subject<void>();
  private readonly queueReports: Subscription;

  /**
   * @param observer The user's.
   * @param queue Looks at the queue.
   * @param scheduler The clock and the timers.
   */
  constructor(
    private readonly observer: Partial<Observer<BalancerActivity>>,
    queue: () => QueueActivity,
    private readonly scheduler: SchedulerLike,
  ) {
    // A Subject hands its values to a safe subscriber, which reports an error that the observer throws
    // the way RxJS reports all unhandled errors.
    this.activities$.subscribe(observer);
    this.queueReports = this.queueChanges$
      .pipe(throttleTime(queuePeriod, scheduler, { leading: true, trailing: true }), map(queue))
      .subscribe((activity) => {
        this.report(activity);
      });
  }

  /** Something happened. */
  report(activity: BalancerActivity): void {
    this.activities$.next(activity);
  }

  /** The queue may have changed. */
  queueChanged(): void {
    this.queueChanges$.next();
  }

  /** The time, for how long a send took. */
  now(): number {
    return this.scheduler.now();
  }

  /** The output has ended; an error goes to an observer that takes errors. */
  end(failure: { readonly error: unknown } | undefined): void {
    this.stop();
    if (failure === undefined || this.observer.error === undefined) {
      this.activities$.complete();
    } else {
      this.activities$.error(failure.error);
    }
  }

  /** Nobody listens any more: no timer is left. */
  stop(): void {
    this.queueReports.unsubscribe();
  }
}
