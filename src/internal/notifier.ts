/** An option that ends something when it emits, or is aborted. */
import { from, NEVER, type Observable, type ObservableInput } from 'rxjs';
import type { CancelSignal } from '../cancelSignal.js';
import { aborted, isAbortSignal } from './aborted.js';
import { wrongType } from './expect.js';

/**
 * Makes a stream of it.
 * @param who The function that was called with it, for the error.
 * @param name The option.
 * @param notifier The user's; `undefined` is never.
 * @throws TypeError when it is neither.
 */
export function notifierFrom(
  who: string,
  name: string,
  notifier: ObservableInput<unknown> | CancelSignal | undefined,
): Observable<unknown> {
  if (notifier === undefined) {
    return NEVER;
  }
  if (isAbortSignal(notifier)) {
    return aborted(notifier);
  }
  try {
    return from(notifier);
  } catch {
    throw wrongType(who, name, 'an ObservableInput or an AbortSignal', notifier);
  }
}
