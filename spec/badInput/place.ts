/** A place in the public API into which a value can be put. */
import { Observable, Subscription } from 'rxjs';
import type { Kind } from './kinds.js';

/** One argument or option of one function. */
export interface Place {
  /** The function that is called, as errors name it. */
  readonly who: string;
  /** The argument or option, as errors name it; what is wrong within it is named by it and more. */
  readonly option: string;
  /** Which values are legal there. */
  readonly takes: Kind;
  /** Calls the function with everything else as it should be. */
  readonly put: (value: unknown) => unknown;
}

/** How a place is called in the name of a test. */
export function nameOf({ who, option }: Place): string {
  return `${who}: ${option}`;
}

/** How often something was opened or subscribed to that is not to be. */
export const touched = { times: 0 };

/** A stream that counts its subscriptions. */
export const untouched$ = new Observable<never>(() => {
  touched.times++;
});

/** Ends what a legal call has begun. */
export async function end(begun: unknown): Promise<void> {
  if (begun instanceof Subscription) {
    begun.unsubscribe();
  } else if (hasClose(begun)) {
    await begun.close();
  }
}

function hasClose(value: unknown): value is { readonly close: () => unknown } {
  return typeof value === 'object' && value !== null && 'close' in value && typeof value.close === 'function';
}
