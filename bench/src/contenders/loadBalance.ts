/** This package's operator, with its defaults (a timeout and a retry), and in variations. */
import { from, type ObservableInput } from 'rxjs';
import { loadBalance, type LoadBalanceOptions } from 'rxjs-load-balance';
import type { Contender } from '../work.js';
import { connectionsTo } from './connectionsTo.js';
import { deliveredOf } from './deliveredOf.js';

const balanced =
  (options: LoadBalanceOptions<number>): Contender<ObservableInput<unknown>> =>
  ({ events, senders, window, attempts }) =>
    deliveredOf(
      from(events).pipe(loadBalance(connectionsTo(senders, window), { maxAttempts: attempts, ...options })),
    );

export const byDefault = balanced({});

export const withoutTimeout = balanced({ timeout: Infinity });

let activities = 0;
export const withMonitor = balanced({ monitor: { next: () => activities++ } });
