/** The options of a balancer, checked, with every default in its place. */
import { asyncScheduler, map, type Observable, type Observer, type SchedulerLike } from 'rxjs';
import type { BalancerActivity } from '../activity.js';
import { exponentialBackoff } from '../exponentialBackoff.js';
import type { LoadBalanceOptions, ReconnectDelay } from '../options.js';
import { isAbortSignal } from './aborted.js';
import {
  expectCount,
  expectLimit,
  expectMilliseconds,
  expectObject,
  expectObserver,
  expectScheduler,
  outOfRange,
  wrongType,
} from './expect.js';
import { notifierFrom } from './notifier.js';

/** What the balancer works with. */
export interface Settings<T> {
  readonly maxAttempts: number;
  readonly guaranteed: boolean | ((event: T) => boolean);
  readonly timeout: { readonly connect: number; readonly send: number; readonly wait: number };
  readonly reconnectDelay: ReconnectDelay;
  readonly capacity: number;
  readonly overflow: 'drop-newest' | 'drop-oldest';
  /** Emits why, when it is time to close. */
  readonly closing$: Observable<unknown>;
  readonly drainTimeout: number;
  readonly monitor: Partial<Observer<BalancerActivity>> | undefined;
  readonly scheduler: SchedulerLike;
}

/**
 * Checks the options.
 * @param who The function that was called with them, for the error.
 * @param options The user's.
 * @returns Them, with the defaults.
 * @throws TypeError or RangeError for the first that is not what it should be.
 */
export function settingsFrom<T>(who: string, options: LoadBalanceOptions<T>): Settings<T> {
  expectObject(who, 'options', options);
  const { maxAttempts = 3, guaranteed = false, drainTimeout = Infinity, closeOn, monitor } = options;
  const { scheduler = asyncScheduler } = options;
  expectCount(who, 'maxAttempts', maxAttempts, 1);
  if (typeof guaranteed !== 'boolean' && typeof guaranteed !== 'function') {
    throw wrongType(who, 'guaranteed', 'a boolean or a function', guaranteed);
  }
  expectLimit(who, 'drainTimeout', drainTimeout);
  if (monitor !== undefined) {
    expectObserver(who, 'monitor', monitor);
  }
  expectScheduler(who, 'scheduler', scheduler);
  const { reconnectDelay = exponentialBackoff({ scheduler }) } = options;
  if (typeof reconnectDelay !== 'function') {
    expectMilliseconds(who, 'reconnectDelay', reconnectDelay);
  }
  return {
    maxAttempts,
    guaranteed,
    timeout: timeoutsFrom(who, options.timeout),
    reconnectDelay,
    ...queueFrom(who, options.queue),
    closing$: closingFrom(who, closeOn),
    drainTimeout,
    monitor,
    scheduler,
  };
}

function timeoutsFrom<T>(
  who: string,
  timeout: LoadBalanceOptions<T>['timeout'] = {},
): Settings<T>['timeout'] {
  if (typeof timeout === 'number') {
    expectLimit(who, 'timeout', timeout);
    return { connect: timeout, send: timeout, wait: timeout };
  }
  expectObject(who, 'timeout', timeout);
  const { connect = 30_000, send = 30_000, wait = Infinity } = timeout;
  expectLimit(who, 'timeout.connect', connect);
  expectLimit(who, 'timeout.send', send);
  expectLimit(who, 'timeout.wait', wait);
  return { connect, send, wait };
}

function queueFrom<T>(
  who: string,
  queue: LoadBalanceOptions<T>['queue'] = {},
): Pick<Settings<T>, 'capacity' | 'overflow'> {
  expectObject(who, 'queue', queue);
  const { capacity = Infinity, overflow = 'drop-newest' } = queue;
  expectCount(who, 'queue.capacity', capacity, 0);
  if ((overflow as string) !== 'drop-newest' && overflow !== 'drop-oldest') {
    throw outOfRange(who, 'queue.overflow', "'drop-newest' or 'drop-oldest'", overflow);
  }
  return { capacity, overflow };
}

/** Emits, once it is time to close, why. */
function closingFrom<T>(who: string, closeOn: LoadBalanceOptions<T>['closeOn']): Observable<unknown> {
  const closing$ = notifierFrom(who, 'closeOn', closeOn);
  return isAbortSignal(closeOn) ? closing$ : closing$.pipe(map(() => new Error(`${who}: closed by closeOn`)));
}
