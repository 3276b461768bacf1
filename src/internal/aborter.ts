/** The platform's AbortController, typed here because the package does without the DOM's and Node's types. */
import type { CancelSignal } from '../cancelSignal.js';

/** What is used of an AbortController. */
export interface Aborter {
  readonly signal: CancelSignal;
  abort(reason?: unknown): void;
}

declare const AbortController: new () => Aborter;

/**
 * Makes one.
 * @returns The platform's.
 */
export function newAborter(): Aborter {
  return new AbortController();
}
