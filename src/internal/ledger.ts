/** What becomes of each event: its attempts are counted, it is put back, and it gets exactly one outcome. */
import type { Subscriber } from 'rxjs';
import type { DropReason, Outcome } from '../outcome.js';
import type { EventQueue } from './eventQueue.js';
import type { Monitor } from './monitor.js';
import { Outlet } from './outlet.js';
import { Retry, type Item, type Suspect } from './retry.js';
import type { Settings } from './settings.js';

/** Keeps count. */
export class Ledger<T, R> {
  private readonly outlet: Outlet<T, R>;

  /**
   * @param settings The options.
   * @param queue Where events wait.
   * @param subscriber Who gets the outcomes.
   * @param monitor Who is told of them too.
   * @param onError A function of the user's has thrown.
   */
  constructor(
    private readonly settings: Settings<T>,
    private readonly queue: EventQueue<T>,
    subscriber: Subscriber<Outcome<T, R>>,
    monitor: Monitor | undefined,
    private readonly onError: (error: unknown) => void,
  ) {
    this.outlet = new Outlet(subscriber, monitor);
  }

  /** How many attempts an event has. An error of the user's function leaves it to the closing that follows. */
  readonly limitOf = (event: T): number => {
    const { guaranteed, maxAttempts } = this.settings;
    try {
      const unlimited = typeof guaranteed === 'function' ? guaranteed(event) : guaranteed;
      return unlimited ? Infinity : maxAttempts;
    } catch (error) {
      this.onError(error);
      return Infinity;
    }
  };

  /** An attempt starts; which one it is. */
  started(item: Item<T>): number {
    return item instanceof Retry ? ++item.attempts : 1;
  }

  /** An attempt succeeded. */
  delivered(item: Item<T>, value: R, connection: string): void {
    if (item instanceof Retry) {
      this.outlet.deliver(item.event, value, connection, item.attempts);
    } else {
      this.outlet.deliver(item, value, connection, 1);
    }
  }

  /**
   * An attempt failed: the event is put back, or has had its last attempt.
   * @param item The event.
   * @param on Where it failed.
   * @param error The error of the attempt.
   * @param counts Whether it uses up an attempt.
   * @returns The record, when it was put back.
   */
  failed(item: Item<T>, on: Suspect, error: unknown, counts: boolean): Retry<T> | undefined {
    const retry = this.recordOf(item);
    retry.failed(on, error);
    if (counts) {
      retry.used++;
    }
    if (retry.used >= retry.limit) {
      this.drop(retry, 'attempts', error);
      return undefined;
    }
    retry.since = this.settings.scheduler.now();
    retry.avoidsUntil = retry.since + this.settings.timeout.send;
    this.queue.putBack(retry);
    return retry;
  }

  /** A place will never take it. */
  rejected(item: Item<T>, on: Suspect, error: unknown): void {
    if (item instanceof Retry) {
      item.failed(on, error);
      this.drop(item, 'rejected', error);
    } else {
      this.outlet.drop(item, 'rejected', error, 1, [{ connection: on.name, error }]);
    }
  }

  /** An event that waits is given up. */
  drop(item: Item<T>, reason: DropReason, error: unknown): void {
    this.giveUp(item, reason, error, 0);
  }

  /** An event in a send is given up. */
  dropInFlight(item: Item<T>, reason: DropReason, error: unknown): void {
    this.giveUp(item, reason, error, 1);
  }

  private giveUp(item: Item<T>, reason: DropReason, error: unknown, attempts: 0 | 1): void {
    if (item instanceof Retry) {
      this.outlet.drop(item.event, reason, error, item.attempts, item.failures);
    } else {
      this.outlet.drop(item, reason, error, attempts, []);
    }
  }

  private recordOf(item: Item<T>): Retry<T> {
    if (item instanceof Retry) {
      return item;
    }
    const retry = new Retry(item, this.limitOf(item));
    retry.attempts = 1;
    return retry;
  }
}
