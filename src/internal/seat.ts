/** One unit of a connection's window: it carries one send at a time, and is used again and again. */
import { from, noop, throwError, type ObservableInput, type Subscription } from 'rxjs';
import { AttemptContext } from './attemptContext.js';
import type { Timed } from './deadlines.js';
import type { Item } from './retry.js';

/** Only a promise of the platform is known to answer once, and never synchronously. */
function isNativePromise<V>(answer: ObservableInput<V>): answer is Promise<V> {
  return answer instanceof Promise && answer.then === Promise.prototype.then;
}

/**
 * Sends, and listens to the answer.
 *
 * The callbacks are bound once. A stream that has been unsubscribed is silent, so its seat can be used
 * again; a promise cannot be told to be, so the seat of one that was cancelled is `lost`.
 */
export abstract class Seat<T, V> implements Timed {
  due = 0;
  previous: Timed | undefined;
  next: Timed | undefined;
  /** Whether a send is in flight on it. */
  busy = false;
  /** Whether a promise that was cancelled may still answer here. */
  lost = false;
  /** The number of its send, counted over all sends of the balancer. */
  turn = 0;
  /** When its send started, for the monitor. */
  startedAt = 0;
  private context: AttemptContext | undefined;
  private subscription: Subscription | undefined;
  private promised = false;

  private readonly fulfilled = (value: V): void => {
    this.promised = false;
    if (this.busy) {
      this.answered(value);
    }
  };

  private readonly rejected = (error: unknown): void => {
    this.promised = false;
    if (this.busy) {
      this.end();
      this.failed(error);
    }
  };

  private readonly observer = {
    next: (value: V): void => {
      if (this.busy) {
        this.emitted(value);
      }
    },
    error: this.rejected,
    complete: (): void => {
      if (this.busy) {
        this.end();
        this.completed();
      }
    },
  };

  /** How many of its events have been delivered. */
  abstract readonly delivered: number;
  /** The events that have no answer yet; they are the seat's no longer. */
  abstract handBack(): Item<T>[];
  /** The stream of the send has emitted. */
  protected abstract emitted(value: V): void;
  /** The stream of the send has completed. */
  protected abstract completed(): void;
  /** The promise of the send is fulfilled. */
  protected abstract answered(value: V): void;
  /** The send has failed. */
  protected abstract failed(error: unknown): void;

  /** The error of a send that takes too long. */
  protected abstract timeoutError(): Error;

  /** The send has taken too long. */
  expire(): void {
    const error = this.timeoutError();
    this.cancel(error);
    this.failed(error);
  }

  /** A send begins; this is what it is told of itself. */
  protected begin(attempt: number): AttemptContext {
    this.busy = true;
    return (this.context = new AttemptContext(attempt));
  }

  /** Waits for the answer of the send that has begun, unless it has been cancelled before it had one. */
  protected listen(answer: ObservableInput<V>): void {
    if (!this.isBusy()) {
      if (isNativePromise(answer)) {
        answer.catch(noop);
      }
      return;
    }
    if (isNativePromise(answer)) {
      this.promised = true;
      answer.then(this.fulfilled, this.rejected);
      return;
    }
    const subscription = from(answer).subscribe(this.observer);
    if (this.isBusy()) {
      this.subscription = subscription;
    } else {
      subscription.unsubscribe();
    }
  }

  /** The send could not even begin. */
  protected refuse(error: unknown): void {
    this.rejected(error);
  }

  /** Gives the send up. */
  cancel(reason: unknown): void {
    const { context, subscription } = this;
    this.lost = this.promised;
    this.end();
    context?.cancel(reason);
    try {
      subscription?.unsubscribe();
    } catch (error) {
      // The user's teardown has failed, which is no reason to lose the event: RxJS reports it as unhandled.
      throwError(() => error).subscribe();
    }
  }

  /** Asked anew after every call of a user's function. */
  private isBusy(): boolean {
    return this.busy;
  }

  /** The send is over. */
  protected end(): void {
    this.busy = false;
    this.context = this.subscription = undefined;
  }
}
