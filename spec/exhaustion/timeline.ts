/** A virtual clock of which the next moment is known. */
import { Clock } from '../properties/clock.js';

/** Looks ahead. */
export class Timeline extends Clock {
  /** When the next timer ends. */
  get next(): number {
    return this.actions[0]?.delay ?? Infinity;
  }
}
