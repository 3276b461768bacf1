/** A subscriber of one's own: what it is told, it passes on with nothing in between. */
import { Subscription, type Observer, type TeardownLogic, type Unsubscribable } from 'rxjs';
import { release } from './release.js';

/**
 * It has all that RxJS looks for in a Subscriber, and so is subscribed as it is, instead of being wrapped in one
 * that is wrapped in another: on the path of every event these would cost as much as all the rest. An RxJS that
 * wraps it all the same does no harm.
 */
export class DirectSubscriber<V> implements Observer<V>, Unsubscribable {
  /** Whether it has been unsubscribed, by itself or by somebody else. */
  closed = false;
  private over = false;
  /** Made only for a source that has something to tear down. */
  private teardowns: Subscription | undefined;

  /**
   * @param observer Hears nothing any more after the end, or after unsubscription.
   */
  constructor(private readonly observer: Observer<V>) {}

  next(value: V): void {
    if (!this.over) {
      this.observer.next(value);
    }
  }

  error(error: unknown): void {
    if (!this.over) {
      this.over = true;
      try {
        this.observer.error(error);
      } finally {
        release(this);
      }
    }
  }

  complete(): void {
    if (!this.over) {
      this.over = true;
      try {
        this.observer.complete();
      } finally {
        release(this);
      }
    }
  }

  /** Something to do when it is unsubscribed; at once when it has been. */
  add(teardown: TeardownLogic): void {
    if (teardown !== undefined && teardown !== this) {
      this.teardowns ??= this.closed ? Subscription.EMPTY : new Subscription();
      this.teardowns.add(teardown);
    }
  }

  /** Not to be done after all. */
  remove(teardown: Exclude<TeardownLogic, void>): void {
    this.teardowns?.remove(teardown);
  }

  unsubscribe(): void {
    this.over = this.closed = true;
    this.teardowns?.unsubscribe();
  }
}
