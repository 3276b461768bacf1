/** One way through a tree of choices, which is taken again from the start and then differs in its last choice. */

/** Depth first: all ways, one after the other. */
export class Path {
  /** Which option was taken at each choice. */
  private readonly taken: number[] = [];
  /** How many there were. */
  private readonly widths: number[] = [];
  private at = 0;

  /**
   * Takes one of several options: the same one as before, or at a new choice the first.
   * @param options All of them, in the same order every time.
   * @returns The one that is taken.
   * @throws Error when there are not as many as the last time: then nothing that is found can be trusted.
   */
  pick<A>(options: readonly A[]): A {
    if (this.at === this.taken.length) {
      this.taken.push(0);
      this.widths.push(options.length);
    }
    const index = this.taken[this.at] ?? 0;
    const option = options[index];
    if (option === undefined || this.widths[this.at] !== options.length) {
      throw new Error(`choice ${this.at}: ${options.length} options, not ${this.widths[this.at] ?? 0}`);
    }
    this.at++;
    return option;
  }

  /** Back to the start, to take the same way again. */
  rewind(): void {
    this.at = 0;
  }

  /** Back to the start, to take the next way; false when there is none. */
  next(): boolean {
    const { taken, widths } = this;
    this.at = 0;
    for (let last = taken.pop(); last !== undefined; last = taken.pop()) {
      const width = widths.pop() ?? 0;
      if (last + 1 < width) {
        taken.push(last + 1);
        widths.push(width);
        return true;
      }
    }
    return false;
  }
}
