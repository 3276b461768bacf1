/** A stream that is driven from outside and knows who listens. */
import type { Subscription } from 'rxjs';
import { Observable, type Subscriber } from 'rxjs';

/** As a Subject, but it goes on after an error or a completion, for those who subscribe again. */
export class Hub<T> {
  private readonly listeners = new Set<Subscriber<T>>();
  /** How many have not been unsubscribed. */
  open = 0;
  /** How often it has been subscribed. */
  subscriptions = 0;

  /**
   * @param begin Called for each subscriber.
   */
  constructor(private readonly begin: (subscriber: Subscriber<T>) => Subscription | undefined) {}

  /** The stream. */
  readonly stream$ = new Observable<T>((subscriber) => {
    this.subscriptions++;
    this.open++;
    this.listeners.add(subscriber);
    subscriber.add(() => {
      this.open--;
      this.listeners.delete(subscriber);
    });
    subscriber.add(this.begin(subscriber));
  });

  /** Whether anybody would hear a value now. */
  get heard(): boolean {
    return this.listeners.size > 0;
  }

  /** Whoever listens gets a value. */
  next(value: T): void {
    this.toAll((listener) => {
      listener.next(value);
    });
  }

  /** For whoever listens, it ends with an error. */
  error(error: unknown): void {
    this.toAll((listener) => {
      this.listeners.delete(listener);
      listener.error(error);
    });
  }

  /** For whoever listens, it ends. */
  complete(): void {
    this.toAll((listener) => {
      this.listeners.delete(listener);
      listener.complete();
    });
  }

  private toAll(tell: (listener: Subscriber<T>) => void): void {
    for (const listener of [...this.listeners]) {
      tell(listener);
    }
  }
}
