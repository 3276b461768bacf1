/** An iterable that gives a few events, and then keeps everybody waiting until it is returned. */
import type { Books } from './books.js';

/** It can be iterated once, and has to be returned once if it was. */
export class EndlessSupply implements AsyncIterable<number>, AsyncIterator<number> {
  private iterated = 0;
  private returned = 0;
  private readonly waiting: ((result: IteratorResult<number>) => void)[] = [];
  private readonly events: number[];

  /**
   * @param events What it gives.
   * @param books Where it enters them.
   */
  constructor(
    events: readonly number[],
    private readonly books: Books,
  ) {
    this.events = [...events];
  }

  [Symbol.asyncIterator](): this {
    this.iterated++;
    return this;
  }

  next(): Promise<IteratorResult<number>> {
    const value = this.events.shift();
    return value === undefined
      ? new Promise((resolve) => this.waiting.push(resolve))
      : Promise.resolve({ done: false, value: this.books.enter(value) });
  }

  return(): Promise<IteratorResult<number>> {
    this.returned++;
    for (const resolve of this.waiting.splice(0)) {
      resolve({ done: true, value: undefined });
    }
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Who has left has returned it. */
  expectReturned(): void {
    if (this.iterated > 1 || this.returned !== this.iterated) {
      throw new Error(`the source was iterated ${this.iterated} times, and returned ${this.returned} times`);
    }
  }
}
