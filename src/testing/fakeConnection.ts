/** A connection drawn as marbles, for tests in virtual time. */
import { asyncScheduler, Observable, type ObservableInput } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { expectFunction, expectObject, wrongType } from '../internal/expect.js';
import { isVirtual } from '../internal/virtualTime.js';
import type {
  BatchAnswer,
  BatchConnection,
  Connection,
  ConnectionBase,
  SendContext,
  SendFunction,
} from '../connection.js';

/** What a fake connection has beside its marbles. */
export interface FakeConnectionConfig<T, R> extends Partial<
  Pick<ConnectionBase<T>, 'name' | 'window' | 'classify'>
> {
  /** The values that the letters of the send's marbles stand for. Default: the letters themselves. */
  readonly values?: Readonly<Record<string, R>>;
  /** The error that `#` stands for, in either of the diagrams. Default `'error'`. */
  readonly error?: unknown;
}

/** What a fake batch connection has beside its marbles. */
export interface FakeBatchConnectionConfig<T, R> extends FakeConnectionConfig<T, BatchAnswer<R>> {
  /** How it takes batches. */
  readonly batch: { readonly size: number; readonly linger?: number };
}

/** One send that a fake connection was asked for. */
export interface FakeSend<E> {
  /** When it started, in virtual milliseconds. */
  readonly frame: number;
  /** The event, or of a batch the events. */
  readonly event: E;
  /** Which attempt it was, from 1. */
  readonly attempt: number;
}

/** What a fake connection has seen. */
export interface FakeLog<E> {
  /** Every send, in order. */
  readonly sent: readonly FakeSend<E>[];
  /** The frames in which it was opened. */
  readonly opened: readonly number[];
  /** The frames in which it was closed. */
  readonly closed: readonly number[];
}

/**
 * A connection whose states and answers are marbles, to be used inside `TestScheduler.run`.
 *
 * *Draw your topology, and see where every event goes.*
 *
 * In `states`, `c` is connecting, `u` up and `d` down; `|` completes and `#` breaks the connection. Each
 * opening starts the diagram anew. `send` is the answer to every event, counted from its send, or a
 * function that gives it.
 *
 * ```text
 * source:                       ab|
 * fakeConnection('c-u', '--(r|)'): --AB…   up in frame 2, each send takes 2 frames
 * loadBalance([…]):             ----x-(y|)
 * ```
 *
 * @example
 * ```ts
 * import { TestScheduler } from 'rxjs/testing';
 * import { isDelivered, loadBalance } from 'rxjs-load-balance';
 * import { fakeConnection } from 'rxjs-load-balance/testing';
 * import { filter, map } from 'rxjs';
 * import { deepStrictEqual } from 'node:assert';
 *
 * new TestScheduler(deepStrictEqual).run(({ cold, expectObservable }) => {
 *   const busy = fakeConnection<string>('u', '----(r|)', { name: 'busy' });
 *   const quick = fakeConnection<string>('u', '--(r|)', { name: 'quick' });
 *   const where$ = cold('abc|').pipe(
 *     loadBalance([busy, quick]),
 *     filter(isDelivered),
 *     map(({ event, connection }) => `${event}: ${connection}`),
 *   );
 *   expectObservable(where$).toBe('---xy(z|)', { x: 'b: quick', y: 'a: busy', z: 'c: quick' });
 * });
 * ```
 * @param states The states, as marbles.
 * @param send The answer to each send, as marbles, or a function of the event.
 * @param config Its name (default `fake`), window, and what the marbles stand for.
 * @returns The connection; `sent`, `opened` and `closed` tell what happened to it.
 * @throws Error outside `TestScheduler.run`, and for a letter that is no state; TypeError for an argument that is
 * not what it should be.
 */
export function fakeConnection<T, R>(
  states: string,
  send: string | ((events: readonly T[], context: SendContext) => ObservableInput<BatchAnswer<R>>),
  config: FakeBatchConnectionConfig<T, R>,
): BatchConnection<T, R> & FakeLog<readonly T[]>;
export function fakeConnection<T, R = string>(
  states: string,
  send: string | ((event: T, context: SendContext) => ObservableInput<R>),
  config?: FakeConnectionConfig<T, R>,
): Connection<T, R> & FakeLog<T>;
export function fakeConnection<T, R>(
  states: string,
  send: string | SendFunction<never>,
  config: FakeConnectionConfig<T, R> | FakeBatchConnectionConfig<T, R> = {},
): unknown {
  expectRunMode();
  if (typeof (send as unknown) !== 'string') {
    expectFunction('fakeConnection', 'send', send);
  }
  expectObject('fakeConnection', 'config', config);
  const { name = 'fake', window, classify, values, error } = config;
  const sent: FakeSend<unknown>[] = [];
  const opened: number[] = [];
  const closed: number[] = [];
  expectStates(states);
  const transitions$ = fromMarbles(states, stateLetters, error);
  const answer = typeof send === 'string' ? always(fromMarbles(send, values, error)) : send;
  const state$ = new Observable((subscriber) => {
    opened.push(asyncScheduler.now());
    subscriber.add(() => {
      closed.push(asyncScheduler.now());
    });
    return transitions$.subscribe(subscriber);
  });
  const logged: SendFunction<never> = (event, context) => {
    sent.push({ frame: asyncScheduler.now(), event, attempt: context.attempt });
    return answer(event, context);
  };
  return {
    name,
    state$,
    ...(window === undefined ? {} : { window }),
    ...(classify === undefined ? {} : { classify }),
    ...('batch' in config ? { batch: { ...config.batch, send: logged } } : { send: logged }),
    sent,
    opened,
    closed,
  };
}

function always(answer$: Observable<unknown>): SendFunction<never> {
  return () => answer$;
}

const stateLetters = { c: 'connecting', u: 'up', d: 'down' } as const;

function expectRunMode(): void {
  if (!isVirtual(asyncScheduler)) {
    throw new Error('fakeConnection: expected to be called inside TestScheduler.run');
  }
}

/** A letter without a value would be emitted as `undefined`, and fail only in the balancer. */
function expectStates(states: string): void {
  if (typeof (states as unknown) !== 'string') {
    throw wrongType('fakeConnection', 'states', 'marbles', states);
  }
  const letter = /[^cud\s|#()^!\d.-]/.exec(states.replace(/\d+(\.\d+)?(ms|s|m)\b/g, ''));
  if (letter !== null) {
    throw new Error(`fakeConnection: expected states to be c, u or d, got \`${letter[0]}\` in \`${states}\``);
  }
}

/** As `cold` of the run helpers, which only the test has at hand. */
function fromMarbles(marbles: string, values: unknown, error: unknown): Observable<unknown> {
  const messages = TestScheduler.parseMarbles(marbles, values, error, undefined, true);
  return new Observable((subscriber) => {
    for (const { frame, notification } of messages) {
      const emit = (): void => {
        if (notification.kind === 'N') {
          subscriber.next(notification.value);
        } else if (notification.kind === 'E') {
          subscriber.error(notification.error);
        } else {
          subscriber.complete();
        }
      };
      subscriber.add(asyncScheduler.schedule(emit, frame));
    }
  });
}
