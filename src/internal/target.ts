/** A connection in the form in which the balancer works with it, whichever way it was given. */
import { concat, isObservable, NEVER, of } from 'rxjs';
import type {
  BatchConnection,
  Batching,
  Connection,
  ConnectionInput,
  ConnectionState,
  FailureKind,
} from '../connection.js';
import { RejectedError, TemporaryError } from '../errors.js';
import { expectCount, expectFunction, expectMilliseconds, expectObject, wrongType } from './expect.js';
import { isA } from './isA.js';

/** A connection that is an object. */
export type Target<T, R> = Connection<T, R> | BatchConnection<T, R>;

/** The state of a bare function. */
const alwaysUp$ = concat(of<ConnectionState>('up'), NEVER);

/**
 * Makes an object of a bare function.
 * @param input The user's connection, checked.
 * @param position Which one it is, from 1: the name of a function without one.
 * @returns The same connection.
 */
export function targetFrom<T, R>(input: ConnectionInput<T, R>, position: number): Target<T, R> {
  if (typeof input !== 'function') {
    return input;
  }
  const name: unknown = input.name;
  return {
    name: typeof name === 'string' && name !== '' ? name : `connection ${String(position)}`,
    state$: alwaysUp$,
    send: input,
  };
}

/**
 * Checks a list of connections.
 * @param who The function that was called with it, for the error.
 * @param list The user's.
 * @throws TypeError or RangeError for the first part of it that is not what it should be.
 */
export function expectConnections(
  who: string,
  list: unknown,
): asserts list is readonly ConnectionInput<never>[] {
  if (!Array.isArray(list)) {
    throw wrongType(who, 'connections', 'an array, an Observable of arrays, or a function', list);
  }
  // Not forEach, which passes over the holes of a sparse array.
  for (let index = 0; index < list.length; index++) {
    expectConnection(who, `connections[${String(index)}]`, list[index]);
  }
}

/**
 * Checks a connection.
 * @param who The function that was called with it, for the error.
 * @param at Where it stands, for the error.
 * @param input The user's.
 * @throws TypeError or RangeError for the first part of it that is not what it should be.
 */
export function expectConnection(
  who: string,
  at: string,
  input: unknown,
): asserts input is ConnectionInput<never> {
  if (typeof input === 'function') {
    return;
  }
  if (typeof input !== 'object' || input === null) {
    throw wrongType(who, at, 'a connection or a function', input);
  }
  const { name, state$, window = 1, classify, send, batch } = input as Record<string, unknown>;
  if (typeof name !== 'string') {
    throw wrongType(who, `${at}.name`, 'a string', name);
  }
  if (!isObservable(state$)) {
    throw wrongType(who, `${at}.state$`, 'an Observable', state$);
  }
  if (!isObservable(window)) {
    expectCount(who, `${at}.window`, window, 0);
  }
  if (classify !== undefined) {
    expectFunction(who, `${at}.classify`, classify);
  }
  if (batch === undefined) {
    expectFunction(who, `${at}.send`, send);
  } else if (send === undefined) {
    expectBatching(who, `${at}.batch`, batch);
  } else {
    throw wrongType(who, `${at}.send`, 'absent beside `batch`', send);
  }
}

function expectBatching(who: string, at: string, batch: unknown): void {
  expectObject(who, at, batch);
  const { size, linger = 0, send } = batch as Record<string, unknown>;
  expectCount(who, `${at}.size`, size, 1);
  expectMilliseconds(who, `${at}.linger`, linger);
  expectFunction(who, `${at}.send`, send);
}

/** Whether a connection takes many events in one send. */
export function takesBatches<T, R>(target: Target<T, R>): target is BatchConnection<T, R> {
  return 'batch' in target && (target.batch as unknown) !== undefined;
}

/** The limits of batches as a plain object: what a user gives may be of any class. */
export function limitsOf({ size, linger }: BatchLimits): BatchLimits {
  return { size, ...(linger === undefined ? {} : { linger }) };
}

type BatchLimits = Pick<Batching<never>, 'size' | 'linger'>;

/** What an error of a send means where the connection does not say. */
export function kindByClass(error: unknown): FailureKind {
  if (isA(TemporaryError, error)) {
    return 'temporary';
  }
  return isA(RejectedError, error) ? 'rejected' : 'connection';
}
