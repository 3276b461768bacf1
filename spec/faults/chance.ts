/** Chance that can be had again. */
import { randomFrom } from '../../examples/ship/randomFrom.js';

/** What may happen is drawn from it: the same for the same seed. */
export class Chance {
  /** A number from 0 up to, but not including, 1. */
  readonly next: () => number;

  constructor(seed: number) {
    this.next = randomFrom(seed);
  }

  /** A number between two others. */
  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }

  /** One of several. */
  oneOf<V>(choices: readonly V[]): V {
    const [chosen] = choices.slice(Math.floor(this.next() * choices.length));
    if (chosen === undefined) {
      throw new Error('expected something to choose from');
    }
    return chosen;
  }
}
