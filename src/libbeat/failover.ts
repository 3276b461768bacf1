/** One connection out of many, of which one is held at a time. */
import { BehaviorSubject, defer, isObservable, NEVER, Observable, of, startWith, switchMap } from 'rxjs';
import type {
  BatchConnection,
  Connection,
  ConnectionBase,
  ConnectionInput,
  ConnectionState,
  EventOf,
  FailureKind,
  SendFunction,
  ValueOf,
} from '../connection.js';
import { RejectedError, TemporaryError } from '../errors.js';
import { expectFunction, expectObject, outOfRange, wrongType } from '../internal/expect.js';
import { MisuseError } from '../internal/misuseError.js';
import { expectConnections, targetFrom } from '../internal/target.js';

/** What can be said about a failover. */
export interface FailoverConfig {
  /**
   * The name by which outcomes, errors and the monitor call it, whichever connection it holds. Default
   * `failover(a, b)`, after its connections.
   */
  readonly name?: string;
  /** Gives a number from 0 to less than 1, and so says which connection is next. Default `Math.random`. */
  readonly random?: () => number;
}

/**
 * Makes one connection out of many of the same kind: it holds one of them, and takes another when that fails.
 *
 * *Several doors to one place: use one, and when it shuts, another.*
 *
 * The first one is taken at random, so that many senders spread over the same list; after a failure another
 * one is, at random too: with two, the other. Only the one that is held is open. It is the balancer that
 * says when the next one is opened: after its `reconnectDelay`.
 *
 * ```text
 * a.state$:                u--#            takes an event, and breaks
 * b.state$:                    u           takes the same event again
 * loadBalance([failover([a, b])]): events in flight on a are put back, then go to b
 * ```
 *
 * State, sends, `window` and `classify` are those of the connection that is held. `down` is a report, not a
 * failure: nothing is changed by it, and neither by a temporary failure. Batch connections make a batch
 * connection, with the smallest `size` and the smallest `linger` among them; batch connections and others
 * do not mix. Where the connection that is held completes, the failover has completed. It serves one
 * subscription at a time: a second balancer that uses it ends with an error that names it.
 *
 * @example
 * ```ts
 * import { from } from 'rxjs';
 * import { loadBalance } from 'rxjs-load-balance';
 * import { failover } from 'rxjs-load-balance/libbeat';
 *
 * const broken = async (line: string): Promise<string> => {
 *   throw new Error(`no way for ${line}`);
 * };
 * const works = async (line: string): Promise<string> => line.toUpperCase();
 *
 * from(['a', 'b'])
 *   .pipe(loadBalance([failover([broken, works])], { reconnectDelay: 10 }))
 *   .subscribe((outcome) => console.log(outcome.event, outcome.status)); // a delivered, b delivered
 * ```
 * @param connections The connections, at least one; functions too.
 * @param config Its name, and how it chooses; every part has a default.
 * @returns The connection; a batch connection when these are.
 * @throws TypeError or RangeError when a part of the list or of the config is not what it should be: an empty
 * list, and a mix of batch connections and others, are two such.
 */
export function failover<C extends BatchConnection<never>>(
  connections: readonly C[],
  config?: FailoverConfig,
): BatchConnection<EventOf<C>, ValueOf<C>>;
export function failover<C extends Connection<never> | SendFunction<never>>(
  connections: readonly C[],
  config?: FailoverConfig,
): Connection<EventOf<C>, ValueOf<C>>;
export function failover<T, R>(
  connections: readonly ConnectionInput<T, R>[],
  config: FailoverConfig = {},
): Connection<T, R> | BatchConnection<T, R> {
  const who = 'failover';
  expectConnections(who, connections);
  expectObject(who, 'config', config);
  const targets = connections.map((input, index) => targetFrom(input, index + 1));
  const { name = `failover(${targets.map((target) => target.name).join(', ')})`, random = Math.random } = config;
  if (typeof name !== 'string') {
    throw wrongType(who, 'name', 'a string', name);
  }
  expectFunction(who, 'random', random);
  const [first] = targets;
  if (first === undefined) {
    throw outOfRange(who, 'connections', 'a list of at least one', connections);
  }
  const batches = targets.filter(takesBatches);
  if (batches.length === 0) {
    const held = new Held(name, targets as [Connection<T, R>, ...Connection<T, R>[]], random);
    return { ...held.base(), send: (event, context) => held.current.send(event, context) };
  }
  if (batches.length < targets.length) {
    const expected = 'batch connections, all or none';
    throw wrongType(who, 'connections', expected, `${String(batches.length)} of ${String(targets.length)}`);
  }
  const held = new Held(name, batches as [BatchConnection<T, R>, ...BatchConnection<T, R>[]], random);
  return {
    ...held.base(),
    batch: {
      size: Math.min(...batches.map(({ batch }) => batch.size)),
      linger: Math.min(...batches.map(({ batch: { linger = 0 } }) => linger)),
      send: (events, context) => held.current.batch.send(events, context),
    },
  };
}

function takesBatches<T, R>(
  target: Connection<T, R> | BatchConnection<T, R>,
): target is BatchConnection<T, R> {
  return 'batch' in target && (target.batch as unknown) !== undefined;
}
