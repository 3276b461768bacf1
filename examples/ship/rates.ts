/** How fast counters grow: over the last second, whenever one looks. */

/** Counters at one moment. */
interface Sample {
  readonly at: number;
  readonly counts: readonly number[];
}

/** How far a rate looks back, in milliseconds. */
const period = 1_000;

/** Several counters, looked at together. */
export class Rates {
  private readonly samples: Sample[];

  /**
   * @param at When counting begins, in milliseconds.
   * @param counters How many there are; each is 0 at the beginning.
   */
  constructor(at: number, counters: number) {
    this.samples = [{ at, counts: new Array<number>(counters).fill(0) }];
  }

  /**
   * Looks at the counters.
   * @param at Now, in milliseconds.
   * @param counts What they show.
   * @returns How much each grows a second.
   */
  at(at: number, counts: readonly number[]): number[] {
    const { samples } = this;
    // The newest of those that are old enough is the one to compare with.
    while (samples[1] !== undefined && samples[1].at <= at - period) {
      samples.shift();
    }
    const first = samples[0];
    samples.push({ at, counts });
    return counts.map((count, index) =>
      perSecond(count - (first?.counts[index] ?? 0), at - (first?.at ?? at)),
    );
  }
}

/** So many in so many milliseconds. */
export function perSecond(count: number, milliseconds: number): number {
  return milliseconds > 0 ? (count * 1_000) / milliseconds : 0;
}
