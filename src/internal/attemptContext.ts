/** What a send is told about its attempt. */
import type { CancelSignal } from '../cancelSignal.js';
import type { SendContext } from '../connection.js';
import { newAborter, type Aborter } from './aborter.js';

/** What carries the send. */
export interface Carrier {
  /** Aborts when this send is cancelled, at once if it has been. */
  abortWith(aborter: Aborter, turn: number): void;
}

/**
 * One per attempt. Its AbortController is made only when somebody reads the signal: most sends never do. So
 * the seat knows nothing of its context until then, and the context asks the seat how its send stands.
 */
export class AttemptContext implements SendContext {
  private aborter: Aborter | undefined;

  /**
   * @param attempt Which attempt it is, from 1.
   * @param seat Knows how the send stands.
   * @param turn The number of the send.
   */
  constructor(
    readonly attempt: number,
    private readonly seat: Carrier,
    private readonly turn: number,
  ) {}

  get signal(): CancelSignal {
    if (this.aborter === undefined) {
      this.aborter = newAborter();
      this.seat.abortWith(this.aborter, this.turn);
    }
    return this.aborter.signal;
  }
}
