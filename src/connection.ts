/** What a connection is: the contract between the balancer and a place that takes events. */
import type { Observable, ObservableInput } from 'rxjs';
import type { CancelSignal } from './cancelSignal.js';

/**
 * The state of a connection. Only one that is `up` pulls events; `connecting` is bounded by
 * `timeout.connect`; `down` is a report that is waited out, not a failure.
 */
export type ConnectionState = 'connecting' | 'up' | 'down';

/** What an error of a send means: the connection is broken, the place is busy, or the event is bad. */
export type FailureKind = 'connection' | 'temporary' | 'rejected';

/** What a send is told about its attempt; a new one for every attempt, so it may be read after an `await`. */
export interface SendContext {
  /** 1 for the first send of the event; of a batch, the highest in it. */
  readonly attempt: number;
  /** Aborted when the attempt is cancelled; made only when it is read. */
  readonly signal: CancelSignal;
}

/** What a connection that takes single events and one that takes batches have in common. */
export interface ConnectionBase<T> {
  /** The name by which outcomes, errors and the monitor call it. */
  readonly name: string;
  /**
   * Subscribing MUST open the connection and unsubscribing MUST close it. It emits the current state on
   * subscription; until it has emitted, the connection counts as `connecting`. It MAY report any state
   * any number of times. An error means that the connection is broken: it is subscribed again after the
   * backoff. Completion means that this connection will take no more events, ever.
   */
  readonly state$: Observable<ConnectionState>;
  /**
   * How many sends may be in flight at most; 0 pauses the connection. Default 1. A stream of numbers
   * changes it while running; until it has emitted it counts as 1.
   */
  readonly window?: number | Observable<number>;
  /**
   * What an error of a send means. Default: a `TemporaryError` is `temporary`, a `RejectedError` is
   * `rejected`, any other is `connection`. An error thrown here closes the balancer.
   */
  readonly classify?: (error: unknown, event: T) => FailureKind;
}

/** A place that takes events one by one. */
export interface Connection<T, R = unknown> extends ConnectionBase<T> {
  /**
   * Sends one event. The stream that it returns MUST complete when the event is acknowledged, and its
   * last value becomes the outcome's value; it MUST error when the event is not. It is called only while
   * the connection is up, and never with more than `window` sends in flight. Unsubscribing cancels.
   */
  readonly send: (event: T, context: SendContext) => ObservableInput<R>;
}

/** A place that takes many events in one send. */
export interface BatchConnection<T, R = unknown> extends ConnectionBase<T> {
  /** How it takes them. */
  readonly batch: Batching<T, R>;
}

/** How a connection takes many events in one send. */
export interface Batching<T, R = unknown> {
  /** How many events one send takes at most. */
  readonly size: number;
  /**
   * How long to wait for a batch to fill, in milliseconds. Default 0: a send takes what waits at that
   * moment; of an AsyncIterable, that is one event. The wait reserves nothing, and ends with the source.
   */
  readonly linger?: number;
  /**
   * Sends a batch. Completion without any result acknowledges all events. Results settle the events they
   * name, as they come; once one is named, those still unnamed at completion have failed. An error fails
   * the events that were not named before it.
   */
  readonly send: (events: readonly T[], context: SendContext) => ObservableInput<BatchAnswer<R>>;
}

/** A value of the stream that a batch send returns: results, or nothing. */
// eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- a send may be an async function without a value
export type BatchAnswer<R> = readonly ItemResult<R>[] | void;

/** What became of one event of a batch, named by its index in the batch. */
export type ItemResult<R = unknown> =
  | { readonly index: number; readonly status: 'delivered'; readonly value?: R }
  | { readonly index: number; readonly status: 'failed'; readonly error: unknown };

/** A bare function is a connection that is always up, named after the function. */
export type SendFunction<T, R = unknown> = (event: T, context: SendContext) => ObservableInput<R>;

/** Anything that can take events. */
export type ConnectionInput<T, R = unknown> = Connection<T, R> | BatchConnection<T, R> | SendFunction<T, R>;

/** A list of connections, or a stream of lists, each replacing the one before. */
export type ConnectionList<C> = readonly C[] | Observable<readonly C[]>;

/**
 * The connections of a balancer: a list; a stream of lists, which changes the membership while running;
 * or a function that is called once per subscription and returns either.
 */
export type Connections<C> = ConnectionList<C> | (() => ConnectionList<C>);

/** The type of event that every one of the connections `C` takes. */
export type EventOf<C> = (C extends unknown ? (event: TakenBy<C>) => void : never) extends (
  event: infer E,
) => void
  ? E
  : never;

type TakenBy<C> = C extends (event: infer E, context: SendContext) => unknown
  ? E
  : C extends { readonly send: (event: infer E, context: SendContext) => unknown }
    ? E
    : C extends {
          readonly batch: { readonly send: (events: readonly (infer E)[], context: SendContext) => unknown };
        }
      ? E
      : never;

/** The type of value that the connections `C` deliver: the union over all of them. */
export type ValueOf<C> = C extends (...args: never[]) => ObservableInput<infer R>
  ? R
  : C extends Connection<never, infer R>
    ? R
    : C extends {
          /** What a batch connection has. */
          readonly batch: {
            /** Its answers tell the type. */
            readonly send: (...args: never[]) => ObservableInput<infer A>;
          };
        }
      ? ItemValueOf<A>
      : never;

type ItemValueOf<A> = A extends readonly (infer I)[]
  ? I extends { readonly value?: infer R }
    ? R | undefined
    : never
  : undefined;
