/** The balancer at work, with its books. */
import { catchError, defer, EMPTY, finalize, tap, type Observable } from 'rxjs';
import {
  isDropped,
  loadBalanceFrom,
  type BatchConnection,
  type Connection,
  type Outcome,
  type ReconnectDelay,
} from 'rxjs-load-balance';
import type { DeadLetters } from './deadLetters.js';
import type { Interruption } from './interruption.js';
import type { Enter } from './lines.js';
import type { LogEvent } from './logEvent.js';
import { paced } from './pace.js';
import type { Progress } from './progress.js';
import type { Source } from './source.js';

/** All that it takes. */
export interface Shipping {
  readonly source: Source;
  readonly connections: readonly (Connection<LogEvent> | BatchConnection<LogEvent>)[];
  readonly progress: Progress;
  /** Numbers the lines as they are taken. */
  readonly enter: Enter;
  readonly maxAttempts: number;
  /** Milliseconds. */
  readonly timeout: { readonly connect: number; readonly send: number };
  readonly reconnectDelay: ReconnectDelay;
  /** Events a second at most; `undefined`: as fast as they are taken. */
  readonly rate: number | undefined;
  readonly interruption: Interruption;
  readonly deadLetters: DeadLetters | undefined;
}

/** How long shipping goes on after a stop, in milliseconds. */
const drainTime = 5_000;

/**
 * Ships. The lines are read no faster than they are delivered.
 * @param shipping What, where to and how.
 * @param failed Told what ended it before its time.
 * @returns The outcomes; it never errors.
 */
export function outcomesOf(
  shipping: Shipping,
  failed: (error: unknown) => void,
): Observable<Outcome<LogEvent>> {
  return defer(() => {
    const { source, connections, progress, rate, interruption, deadLetters } = shipping;
    const ended = new AbortController();
    // Whatever ends it also ends a wait for input.
    const stop = AbortSignal.any([interruption.stop, ended.signal]);
    const closing = closingOf(interruption, ended.signal, () => {
      // While nobody is there to ask for more, it does not turn out by itself that there is no more.
      const isDrained = progress.isDrained();
      if (!isDrained) {
        progress.notice(`stopping: what has been read has ${drainTime / 1_000} s; Ctrl-C again drops it`);
      }
      return isDrained ? 0 : drainTime;
    });
    closing.addEventListener('abort', () => {
      progress.closes();
    });
    const events = source.open(shipping.enter, stop);
    return loadBalanceFrom(rate === undefined ? events : paced(events, rate, stop), connections, {
      maxAttempts: shipping.maxAttempts,
      timeout: shipping.timeout,
      reconnectDelay: shipping.reconnectDelay,
      closeOn: closing,
      monitor: progress,
    }).pipe(
      tap((outcome) => {
        if (isDropped(outcome)) {
          // First it is written down, and then it counts.
          deadLetters?.write(outcome);
        }
        progress.settled(outcome);
      }),
      catchError((error: unknown) => {
        failed(error);
        return EMPTY;
      }),
      finalize(() => {
        ended.abort();
      }),
    );
  });
}

/**
 * When to give up what is outstanding; the reason is the error of those drops.
 * @param interruption What a person asks for.
 * @param over Nobody listens any more.
 * @param timeLeft Asked at a stop: how long what is outstanding may take, in milliseconds.
 */
function closingOf({ stop, close }: Interruption, over: AbortSignal, timeLeft: () => number): AbortSignal {
  const late = new AbortController();
  const begin = (): void => {
    const time = timeLeft();
    const timer = setTimeout(() => {
      late.abort(new Error(`not delivered within ${time / 1_000} s of being stopped`));
    }, time);
    over.addEventListener('abort', () => {
      clearTimeout(timer);
    });
  };
  if (stop.aborted) {
    begin();
  } else {
    stop.addEventListener('abort', begin, { signal: over });
  }
  return AbortSignal.any([close, late.signal]);
}
