/** One unit of a connection's window: it carries one send at a time, and is used again and again. */
import { from, isObservable, noop, type ObservableInput, type Observer, type Unsubscribable } from 'rxjs';
import type { Aborter } from './aborter.js';
import { AttemptContext, type Carrier } from './attemptContext.js';
import type { Deadlines, Timed } from './deadlines.js';
import { DirectSubscriber } from './directSubscriber.js';
import { isPromiseLike } from './promiseLike.js';
import { release, reportUnhandled } from './release.js';
import type { Item } from './retry.js';

/** Only a promise of the platform is known to answer once, and never synchronously. */
function isNativePromise<V>(answer: ObservableInput<V>): answer is Promise<V> {
  return answer instanceof Promise && answer.then === Promise.prototype.then;
}

/**
 * Sends, and listens to the answer.
 *
 * The callbacks are bound once. One whose send was cancelled is not used again: its promise may still answer
 * here, and its context still ask.
 */
export abstract class Seat<T, V> implements Timed, Carrier, Observer<V> {
  due = 0;
  /** Whether a send is in flight on it. */
  busy = false;
  /** The number of its send, counted over all sends of the balancer. */
  turn = 0;
  /** When its send started, for the monitor. */
  startedAt = 0;
  /** Why its send was cancelled. */
  private cancellation: { readonly reason: unknown } | undefined;
  /** What aborts the signal of its send, where that has been read. */
  private aborter: Aborter | undefined;
  private subscription: Unsubscribable | undefined;

  private readonly fulfilled = (value: V): void => {
    if (this.busy) {
      this.answered(value);
    }
  };

  private readonly rejected = (error: unknown): void => {
    if (this.busy) {
      this.end();
      this.failed(error);
    }
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

  /** The error of a send that has taken too long at this moment. */
  protected abstract timeoutError(now: number): Error;

  // ---- What the stream of the send says

  next(value: V): void {
    if (this.busy) {
      this.emitted(value);
    }
  }

  error(error: unknown): void {
    this.rejected(error);
  }

  complete(): void {
    if (this.busy) {
      this.end();
      this.completed();
    }
  }

  // ---- The send

  /** Whether its send was cancelled. */
  get cancelled(): boolean {
    return this.cancellation !== undefined;
  }

  /** The send has taken too long. */
  expire(now: number): void {
    const error = this.timeoutError(now);
    this.cancel(error);
    this.failed(error);
  }

  /** A send begins; this is what it is told of itself. */
  protected begin(attempt: number, turn: number): AttemptContext {
    this.busy = true;
    this.turn = turn;
    this.due = Infinity;
    this.aborter = undefined;
    return new AttemptContext(attempt, this, turn);
  }

  /** Somebody wants to know when this send is cancelled: it may have been, or be over. */
  abortWith(aborter: Aborter, turn: number): void {
    if (turn === this.turn) {
      if (this.cancellation === undefined) {
        this.aborter = aborter;
      } else {
        aborter.abort(this.cancellation.reason);
      }
    }
  }

  /**
   * Waits for the answer of the send that has begun, unless it has been cancelled before it had one. The time
   * that it has begins when there is something to wait for.
   */
  protected listen(answer: ObservableInput<V>, deadlines: Deadlines): void {
    this.attend(answer);
    if (this.busy) {
      deadlines.add(this);
    }
  }

  private attend(answer: ObservableInput<V>): void {
    if (!this.busy) {
      if (answer instanceof Promise) {
        // Nobody waits for it, and it may still be rejected.
        answer.then(noop, noop);
      }
    } else if (isNativePromise(answer)) {
      answer.then(this.fulfilled, this.rejected);
    } else {
      this.subscribe(answer);
    }
  }

  private subscribe(answer: ObservableInput<V>): void {
    const subscriber = new DirectSubscriber(this);
    this.subscription = subscriber;
    if (!isObservable(answer) && isPromiseLike(answer)) {
      // RxJS would also want something of what `then` returns.
      const fulfilled = (value: V): void => {
        subscriber.next(value);
        subscriber.complete();
      };
      const rejected = (error: unknown): void => {
        subscriber.error(error);
      };
      answer.then(fulfilled, rejected);
      return;
    }
    try {
      subscriber.add(from(answer).subscribe(subscriber));
    } catch (error) {
      if (this.busy) {
        throw error;
      }
      // It has answered at once, and its teardown has failed.
      reportUnhandled(error);
    }
  }

  /** The send could not even begin. */
  protected refuse(error: unknown): void {
    this.rejected(error);
  }

  /** Gives the send up. */
  cancel(reason: unknown): void {
    this.cancellation = { reason };
    this.busy = false;
    this.aborter?.abort(reason);
    this.end();
  }

  /** The send is over: what it holds is released before anything follows from its end. */
  protected end(): void {
    const { subscription } = this;
    this.busy = false;
    if (subscription !== undefined) {
      this.subscription = undefined;
      release(subscription);
    }
  }
}
