/** The balancer at work, with its books. */
import { catchError, defer, EMPTY, finalize, tap, type Observable } from 'rxjs';
import {
  isDropped,
  loadBalanceFrom,
  type BatchConnection,
  type Connection,
  type Dropped,
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
 * @param failed Told what ended it before its time, once.
 * @returns The outcomes; it never errors.
 */
export function outcomesOf(
  shipping: Shipping,
  failed: (error: unknown) => void,
): Observable<Outcome<LogEvent>> {
  return defer(() => {
    const { source, connections, progress, rate, interruption, deadLetters } = shipping;
    const ended = new AbortController();
    // A drop that cannot be written down closes it: no more shall be dropped than has to be.
    const broken = new AbortController();
    const stop = AbortSignal.any([interruption.stop, broken.signal, ended.signal]);
    const late = lateness(interruption.stop, ended.signal, () => {
      // While nobody is there to ask for more, it does not turn out by itself that there is no more.
      const isDrained = progress.isDrained();
      if (!isDrained) {
        progress.notice(`stopping: what has been read has ${drainTime / 1_000} s; Ctrl-C again drops it`);
      }
      return isDrained ? 0 : drainTime;
    });
    const closing = AbortSignal.any([interruption.close, broken.signal, late]);
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
        // First it is written down, and then it counts.
        const error = isDropped(outcome) ? writeError(deadLetters, outcome) : undefined;
        progress.settled(outcome);
        if (error !== undefined && !broken.signal.aborted) {
          failed(error);
          broken.abort(error);
        }
      }),
      catchError((error: unknown) => {
        if (!broken.signal.aborted) {
          failed(error);
        }
        return EMPTY;
      }),
      finalize(() => {
        ended.abort();
      }),
    );
  });
}

/** Writes a drop down; returns what went wrong, since the event has its outcome all the same. */
function writeError(deadLetters: DeadLetters | undefined, dropped: Dropped<LogEvent>): unknown {
  try {
    deadLetters?.write(dropped);
    return undefined;
  } catch (error) {
    return error;
  }
}

/**
 * When what is outstanding has had its time; the reason is the error of those drops.
 * @param stop What a person asks for.
 * @param over Nobody listens any more.
 * @param timeLeft Asked at a stop: how long what is outstanding may take, in milliseconds.
 */
function lateness(stop: AbortSignal, over: AbortSignal, timeLeft: () => number): AbortSignal {
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
  return late.signal;
}
