/** An iterable that fetches events from somewhere, as many at once as are wanted. */
import type { Observable } from 'rxjs';

/** Who wants events. */
export interface Demand {
  /** How many could be taken now. */
  readonly vacancies: number;
  /** How many may be here, besides those that are: so many the windows of the connections that are up take. */
  readonly space: number;
}

/** Why it has ended, where it should not have. */
export interface Failure {
  readonly error: unknown;
}

/** What goes through it. It answers at once with what it has. */
export interface DemandIterator<T> {
  next(): IteratorResult<T, undefined> | Promise<IteratorResult<T, undefined>>;
  /** Somebody else asks, while an answer is awaited: there may be more vacancies than before. */
  askAgain(): void;
  return(): unknown;
}

/** The balancer tells it how many events are wanted, and never asks for more than its connections' windows take. */
export abstract class DemandIterable<T> implements AsyncIterable<T> {
  /** Emits when it gives no more, also to one who does not ask; with an error, where that is why. */
  abstract readonly ended$: Observable<Failure | undefined>;

  /**
   * Begins.
   * @param demand Who wants the events.
   */
  abstract iterate(demand: Demand): DemandIterator<T>;

  abstract [Symbol.asyncIterator](): AsyncIterator<T, undefined>;
}
