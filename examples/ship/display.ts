/** What a person sees while it runs. */
import type { Progress } from './progress.js';

/** Where progress is shown. */
export interface Display {
  /** Something happened. */
  readonly notice: (text: string) => void;
  /** Begins to show how it goes. */
  readonly begin: (progress: Progress) => void;
  /** Shows how it ended, and lets go of the terminal. May be called twice, and without a beginning. */
  readonly end: () => void;
}

/** Shows nothing. */
export const quiet: Display = {
  notice: () => undefined,
  begin: () => undefined,
  end: () => undefined,
};
