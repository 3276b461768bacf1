/** The first value of a stream, as long as somebody wants it. */
import { firstValueFrom, takeUntil, type Observable } from 'rxjs';

/**
 * Waits for the first value, as long as somebody wants it.
 * @param values$ The values.
 * @param over$ Emits when nobody does.
 * @returns It; `undefined` when there is none.
 */
export function firstBefore<V>(values$: Observable<V>, over$: Observable<unknown>): Promise<V | undefined> {
  return firstValueFrom(values$.pipe(takeUntil(over$)), { defaultValue: undefined });
}
