/** The options that all ready-made connections have, checked, with every default in its place. */
import { isObservable } from 'rxjs';
import type { Batching, ConnectionBase } from '../connection.js';
import {
  expectCount,
  expectFunction,
  expectMilliseconds,
  expectObject,
  wrongType,
} from '../internal/expect.js';
import { limitsOf } from '../internal/target.js';

/** How many events go into a send. */
export type BatchLimits = Pick<Batching<unknown>, 'size' | 'linger'>;

/** The options that all ready-made connections have. */
export interface ConnectionOptions<T> extends Partial<
  Pick<ConnectionBase<T>, 'name' | 'window' | 'classify'>
> {
  /** Many events a send. Default: one. */
  readonly batch?: BatchLimits;
}

/** What a ready-made connection works with. */
export interface ConnectionSettings<T> extends Pick<ConnectionBase<T>, 'name' | 'classify'> {
  readonly window: NonNullable<ConnectionBase<T>['window']>;
  readonly batch: BatchLimits | undefined;
}

/**
 * Checks them.
 * @param who The function that was called with them, for the error.
 * @param options The user's.
 * @param defaults The name and the window of one that has none.
 * @returns Them, with the defaults.
 * @throws TypeError or RangeError for the first that is not what it should be.
 */
export function connectionSettings<T>(
  who: string,
  options: ConnectionOptions<T>,
  defaults: { readonly name: string; readonly window: number },
): ConnectionSettings<T> {
  expectObject(who, 'options', options);
  const { name = defaults.name, window = defaults.window, classify, batch } = options;
  if (typeof (name as unknown) !== 'string') {
    throw wrongType(who, 'name', 'a string', name);
  }
  if (!isObservable(window)) {
    expectCount(who, 'window', window, 0);
  }
  if (classify !== undefined) {
    expectFunction(who, 'classify', classify);
  }
  if (batch !== undefined) {
    expectObject(who, 'batch', batch);
    expectCount(who, 'batch.size', batch.size, 1);
    const { linger = 0 } = batch;
    expectMilliseconds(who, 'batch.linger', linger);
  }
  return {
    name,
    window,
    ...(classify === undefined ? {} : { classify }),
    batch: batch === undefined ? undefined : limitsOf(batch),
  };
}
