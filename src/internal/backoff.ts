/** How long a connection waits after a failure: the reconnect delay, and how many failures in a row there were. */
import {
  catchError,
  delayWhen,
  EMPTY,
  from,
  of,
  take,
  tap,
  timer,
  type Observable,
  type SchedulerLike,
} from 'rxjs';
import type { ReconnectDelay } from '../options.js';
import { delayOf, lengthOf } from './delay.js';
import { released } from './released.js';

/** After so many waits that took no time at all, the scheduler gets its turn, so that nothing starves. */
const yieldEvery = 500;

/** A wait that has been asked for. */
export interface Wait {
  /** Emits when it is over; completes without emitting when there is to be no next try. */
  readonly over$: Observable<unknown>;
  /** How long it is, where that is known beforehand. */
  readonly delay: number | undefined;
}

/**
 * Starts over after a success, or when the connection has been steady for longer than the last wait:
 * a proxy that cuts idle connections every few minutes must not make the waits grow.
 */
export class Backoff {
  private failures = 0;
  private lastWait = 0;
  /** Since when it has been up without a failure. */
  private steadySince = Infinity;
  private timeless = 0;

  /**
   * @param reconnectDelay The user's.
   * @param scheduler The clock and the timers.
   */
  constructor(
    private readonly reconnectDelay: ReconnectDelay,
    private readonly scheduler: SchedulerLike,
  ) {}

  /** A send succeeded. */
  reset(): void {
    this.failures = 0;
  }

  /** It is up, and does not fail from now on. */
  steady(): void {
    this.steadySince = this.scheduler.now();
  }

  /** It is no longer up, or has failed. */
  unsteady(): void {
    if (this.scheduler.now() - this.steadySince > this.lastWait) {
      this.failures = 0;
    }
    this.steadySince = Infinity;
  }

  /**
   * One more failure.
   * @throws whatever the user's function throws.
   */
  wait(error: unknown): Wait {
    const asked = this.scheduler.now();
    this.unsteady();
    this.failures++;
    const notifier = this.notifierOf(error);
    return {
      delay: lengthOf(notifier),
      over$: released(notifier).pipe(
        take(1),
        tap(() => {
          this.lastWait = this.scheduler.now() - asked;
        }),
        delayWhen(() => (this.lastWait === 0 && this.yields() ? timer(0, this.scheduler) : of(0))),
        catchError(() => EMPTY),
      ),
    };
  }

  /** Counts a wait of no time; whether it is time to yield. */
  yields(): boolean {
    return ++this.timeless % yieldEvery === 0;
  }

  private notifierOf(error: unknown): Observable<unknown> {
    const { reconnectDelay } = this;
    return typeof reconnectDelay === 'number'
      ? delayOf(reconnectDelay, this.scheduler)
      : from(reconnectDelay(error, this.failures));
  }
}
