/** Chance that can be had again. */

/**
 * Numbers as from `Math.random`, the same ones for the same seed: the generator known as mulberry32, by
 * Tommy Ettinger, in the public domain.
 */
export class Chance {
  constructor(private seed: number) {}

  /** A number from 0 up to, but not including, 1. */
  next(): number {
    this.seed = (this.seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.seed ^ (this.seed >>> 15), this.seed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
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
