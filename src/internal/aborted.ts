/** An AbortSignal as a stream. */
import { Observable } from 'rxjs';
import type { CancelSignal } from '../cancelSignal.js';

/**
 * Emits the reason when the signal is aborted, at once when it has been, and completes.
 * @param signal The signal.
 * @returns The stream; unsubscribing removes the listener.
 */
export function aborted(signal: CancelSignal): Observable<unknown> {
  return new Observable((subscriber) => {
    const emit = (): void => {
      subscriber.next(signal.reason);
      subscriber.complete();
    };
    if (signal.aborted) {
      emit();
      return;
    }
    signal.addEventListener('abort', emit);
    subscriber.add(() => {
      signal.removeEventListener('abort', emit);
    });
  });
}

/** Whether a value is an AbortSignal. */
export function isAbortSignal(value: unknown): value is CancelSignal {
  const { aborted, addEventListener } = (value ?? {}) as Record<string, unknown>;
  return typeof aborted === 'boolean' && typeof addEventListener === 'function';
}
