/** Chance that can be had again. */

/**
 * Makes a generator of numbers from 0 up to, but not including, 1: a Weyl sequence, its bits mixed. Good enough for
 * made-up events and made-up faults, and for nothing else.
 * @param seed The same one gives the same numbers.
 */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}
