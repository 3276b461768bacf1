/** First in, first out, at a constant cost at any length: a list of chunks, nothing is ever moved or copied. */

/** The size of the first chunk. Each has twice the size of the one before, up to the largest. */
const firstSize = 16;
const largestSize = 1024;

interface Chunk<T> {
  readonly items: (T | undefined)[];
  previous: Chunk<T> | undefined;
  next: Chunk<T> | undefined;
}

function newChunk<T>(previous?: Chunk<T>): Chunk<T> {
  const size = previous === undefined ? firstSize : Math.min(previous.items.length * 2, largestSize);
  return { items: new Array<T | undefined>(size), previous, next: undefined };
}

/** A queue. Taking from an empty one gives `undefined`, which may also be a value: ask `length` first. */
export class Fifo<T> {
  /** How many items are in it. */
  length = 0;
  private head = newChunk<T>();
  private tail = this.head;
  /** Where in the head chunk the next item is taken. */
  private headAt = 0;
  /** Where in the tail chunk the next item is put. */
  private tailAt = 0;

  /** Adds an item at the end. */
  push(item: T): void {
    if (this.tailAt === this.tail.items.length) {
      this.tail = this.tail.next = newChunk(this.tail);
      this.tailAt = 0;
    }
    this.tail.items[this.tailAt++] = item;
    this.length++;
  }

  /** The first item, which stays. */
  peek(): T | undefined {
    return this.head.items[this.headAt];
  }

  /** Takes the first item. */
  shift(): T | undefined {
    if (this.length === 0) {
      return undefined;
    }
    const { items } = this.head;
    const item = items[this.headAt];
    items[this.headAt++] = undefined;
    this.length--;
    if (this.length === 0 || this.headAt === items.length) {
      this.turnOver();
    }
    return item;
  }

  /** Takes the first items, so many at most. */
  shiftMany(count: number): T[] {
    const taken: T[][] = [];
    for (let left = Math.min(count, this.length); left > 0;) {
      const { items } = this.head;
      const end = Math.min(this.headAt + left, items.length);
      taken.push(items.slice(this.headAt, end) as T[]);
      items.fill(undefined, this.headAt, end);
      left -= end - this.headAt;
      this.length -= end - this.headAt;
      this.headAt = end;
      this.turnOver();
    }
    const [first = [], ...others] = taken;
    return others.length === 0 ? first : first.concat(...others);
  }

  /** Takes the last item. */
  pop(): T | undefined {
    if (this.length === 0) {
      return undefined;
    }
    const item = this.tail.items[--this.tailAt];
    this.tail.items[this.tailAt] = undefined;
    this.length--;
    if (this.length === 0) {
      this.rewind();
    } else if (this.tailAt === 0 && this.tail.previous !== undefined) {
      this.tail = this.tail.previous;
      this.tail.next = undefined;
      this.tailAt = this.tail.items.length;
    }
    return item;
  }

  /** Goes on to the next chunk, once all of this one has been taken. */
  private turnOver(): void {
    if (this.length === 0) {
      this.rewind();
    } else if (this.headAt === this.head.items.length && this.head.next !== undefined) {
      this.head = this.head.next;
      this.head.previous = undefined;
      this.headAt = 0;
    }
  }

  /** An empty queue starts over in the chunk that it has. */
  private rewind(): void {
    this.head = this.tail;
    this.head.previous = undefined;
    this.headAt = this.tailAt = 0;
  }
}
