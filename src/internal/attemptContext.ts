/** What a send is told about its attempt. */
import type { CancelSignal } from '../cancelSignal.js';
import type { SendContext } from '../connection.js';
import { newAborter, type Aborter } from './aborter.js';

/** One per attempt. Its AbortController is made only when somebody reads the signal: most sends never do. */
export class AttemptContext implements SendContext {
  private aborter: Aborter | undefined;
  private cancelled: { readonly reason: unknown } | undefined;

  /**
   * @param attempt Which attempt it is, from 1.
   */
  constructor(readonly attempt: number) {}

  get signal(): CancelSignal {
    if (this.aborter === undefined) {
      this.aborter = newAborter();
      if (this.cancelled !== undefined) {
        this.aborter.abort(this.cancelled.reason);
      }
    }
    return this.aborter.signal;
  }

  /** The attempt ends without an answer. */
  cancel(reason: unknown): void {
    this.cancelled = { reason };
    this.aborter?.abort(reason);
  }
}
