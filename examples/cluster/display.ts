/** What a person sees while it runs. */
import type { Snapshot } from './snapshot.js';

/** What can be shown. */
export interface Shown {
  snapshot(): Snapshot;
  summary(): Snapshot;
}

/** Where it is shown. */
export interface Display {
  /** Something happened. */
  readonly notice: (text: string) => void;
  /** Begins to show how it goes. */
  readonly begin: (shown: Shown) => void;
  /** Lets go of the terminal. May be called twice, and without a beginning. */
  readonly end: () => void;
}

/** Shows nothing. */
export const quiet: Display = {
  notice: () => undefined,
  begin: () => undefined,
  end: () => undefined,
};
