/** A source that works together with the balancer, instead of only emitting to it. */
import { Observable, type Observer, type Unsubscribable } from 'rxjs';
import type { Demand } from './demandIterable.js';

/** Who takes the events. */
export interface Taker<T> extends Observer<T>, Demand {
  /** Runs something so that nobody pulls before all of it is done. */
  atOnce(work: () => void): void;
  /** Closes: what has no outcome yet is dropped. */
  close(cause: unknown): void;
}

/** A source that has been opened. */
export interface Opened extends Unsubscribable {
  /** How many events it may be asked for beyond the vacancies, while retries wait that nobody ready may take. */
  readonly spare: 0 | 1;
  /** Asks for one event; true when it came at once. One that comes later is emitted then. */
  ask(): boolean;
  /** No connection is left: nothing more is worth asking for. */
  finish(): void;
}

/** An Observable in name, so that it can be piped: the balancer does not subscribe to it, but opens it. */
// eslint-disable-next-line rxjs-x/no-subclass -- the balancer has to tell it from other sources
export abstract class OpenSource<T> extends Observable<T> {
  /**
   * Begins.
   * @param taker Gets the events.
   * @returns What asks for them, and ends it.
   */
  abstract open(taker: Taker<T>): Opened;
}
