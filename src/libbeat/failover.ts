/** One connection out of many, of which one is held at a time. */
import { BehaviorSubject, isObservable, NEVER, Observable, of, startWith, switchMap } from 'rxjs';
import type {
  BatchConnection,
  Batching,
  Connection,
  ConnectionBase,
  ConnectionInput,
  ConnectionState,
  EventOf,
  FailureKind,
  SendFunction,
  ValueOf,
} from '../connection.js';
import { expectFunction, expectObject, outOfRange, wrongType } from '../internal/expect.js';
import { alreadyInUse } from '../internal/misuseError.js';
import { expectConnections, kindByClass, takesBatches, targetFrom, type Target } from '../internal/target.js';

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
 * source:                          x--y|
 * a.state$:                        c-u---#         a send on a takes 3 frames: y is in flight when a breaks
 * b.state$:                              c-u       a send on b takes 1
 * loadBalance([failover([a, b])]): -----x---(y|)
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
 *   .subscribe((outcome) => console.log(outcome.status)); // delivered, delivered
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
  const list: unknown = connections;
  if (!Array.isArray(list)) {
    throw wrongType(who, 'connections', 'an array', list);
  }
  if (list.length === 0) {
    throw outOfRange(who, 'connections', 'a list of at least one', list);
  }
  expectConnections(who, list);
  expectObject(who, 'config', config);
  const targets = connections.map((input, index) => targetFrom<T, R>(input, index + 1));
  const names = targets.map((target) => target.name).join(', ');
  const { name = `failover(${names})`, random = Math.random } = config;
  if (typeof name !== 'string') {
    throw wrongType(who, 'name', 'a string', name);
  }
  expectFunction(who, 'random', random);
  if (targets.every(takesSingles)) {
    const holder = new Holder<T, Connection<T, R>>(name, targets, random);
    return { ...holder.base(), send: (event, context) => holder.held.send(event, context) };
  }
  if (targets.every(takesBatches)) {
    const holder = new Holder<T, BatchConnection<T, R>>(name, targets, random);
    const batch: Batching<T, R> = {
      size: Math.min(...targets.map((target) => target.batch.size)),
      linger: Math.min(...targets.map((target) => target.batch.linger ?? 0)),
      send: (events, context) => holder.held.batch.send(events, context),
    };
    return { ...holder.base(), batch };
  }
  throw new TypeError(`${who}: expected batch connections only, or none, got a mix of both: ${names}`);
}

function takesSingles<T, R>(target: Target<T, R>): target is Connection<T, R> {
  return !takesBatches(target);
}

/** Holds one connection at a time, and takes another whenever it is opened again. */
class Holder<T, C extends ConnectionBase<T>> {
  /** The one that was taken last, before anything is sent; while it is closed, a send may still be answered. */
  held!: C;
  private inUse = false;
  /** The connection that is open, for those who follow it. */
  private readonly open$ = new BehaviorSubject<C | undefined>(undefined);

  constructor(
    private readonly name: string,
    private readonly connections: readonly C[],
    private readonly random: () => number,
  ) {}

  /** What a failover of single events and one of batches have in common. */
  base(): ConnectionBase<T> {
    const { name, state$, connections } = this;
    const [{ window = 1 }, ...others] = connections as readonly [C, ...C[]];
    const same = others.every((other) => (other.window ?? 1) === window);
    return {
      name,
      state$,
      window: same ? window : this.window$,
      ...(connections.some(({ classify }) => classify !== undefined) ? { classify: this.classify } : {}),
    };
  }

  private readonly state$ = new Observable<ConnectionState>((subscriber) => {
    const { name, open$ } = this;
    if (this.inUse) {
      subscriber.error(alreadyInUse(name));
      return;
    }
    this.inUse = true;
    subscriber.add(() => {
      this.inUse = false;
      open$.next(undefined);
    });
    this.takeAnother();
    open$.next(this.held);
    subscriber.add(this.held.state$.subscribe(subscriber));
  });

  private readonly window$ = this.open$.pipe(
    switchMap((open) => (open === undefined ? NEVER : windowOf(open))),
  );

  private readonly classify = (error: unknown, event: T): FailureKind => {
    const { held } = this;
    return held.classify === undefined ? kindByClass(error) : held.classify(error, event);
  };

  private takeAnother(): void {
    const others = this.connections.filter((connection) => connection !== this.held);
    this.held = others[Math.floor(this.random() * others.length)] ?? others[0] ?? this.held;
  }
}

/** Until a stream of numbers has emitted, it counts as 1, whatever the last connection's was. */
function windowOf({ window = 1 }: ConnectionBase<never>): Observable<number> {
  return isObservable(window) ? window.pipe(startWith(1)) : of(window);
}
