/** First in, first out, at a constant cost at any length: a list of chunks, nothing is ever moved or copied. */

const chunkSize = 1024;

interface Chunk<T> {
  readonly items: (T | undefined)[];
  previous: Chunk<T> | undefined;
  next: Chunk<T> | undefined;
}

function newChunk<T>(previous: Chunk<T> | undefined): Chunk<T> {
  return { items: new Array<T | undefined>(chunkSize), previous, next: undefined };
}

/** A queue. Taking from an empty one gives `undefined`, which may also be a value: ask `length` first. */
export class Fifo<T> {
  /** How many items are in it. */
  length = 0;
  private head = newChunk<T>(undefined);
  private tail = this.head;
  /** Where in the head chunk the next item is taken. */
  private headAt = 0;
  /** Where in the tail chunk the next item is put. */
  private tailAt = 0;

  /** Adds an item at the end. */
  push(item: T): void {
    if (this.tailAt === chunkSize) {
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
    const item = this.head.items[this.headAt];
    this.head.items[this.headAt++] = undefined;
    this.length--;
    if (this.length === 0) {
      this.rewind();
    } else if (this.headAt === chunkSize && this.head.next !== undefined) {
      this.head = this.head.next;
      this.head.previous = undefined;
      this.headAt = 0;
    }
    return item;
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
      this.tailAt = chunkSize;
    }
    return item;
  }

  /** An empty queue starts over in the chunk that it has. */
  private rewind(): void {
    this.head = this.tail;
    this.head.previous = undefined;
    this.headAt = this.tailAt = 0;
  }
}
