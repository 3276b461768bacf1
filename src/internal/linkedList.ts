/** A doubly linked list through the items themselves: anything can be taken out, wherever it is, at no cost. */

/** Something that can be in one list at a time. */
export interface Linked<N> {
  previous: N | undefined;
  next: N | undefined;
}

/** First in, first out, with removal from the middle. */
export class LinkedList<N extends Linked<N>> {
  length = 0;
  first: N | undefined;
  last: N | undefined;

  /** Whether the item is in it; the item must not be in another list. */
  has(item: N): boolean {
    return item.previous !== undefined || this.first === item;
  }

  /** Adds an item at the end. */
  push(item: N): void {
    this.insert(item, this.last);
  }

  /** Adds an item behind another one that is in it, or, without one, at the beginning. */
  insert(item: N, previous: N | undefined): void {
    const next = previous === undefined ? this.first : previous.next;
    item.previous = previous;
    item.next = next;
    if (previous === undefined) {
      this.first = item;
    } else {
      previous.next = item;
    }
    if (next === undefined) {
      this.last = item;
    } else {
      next.previous = item;
    }
    this.length++;
  }

  /** Takes an item out that is in it. */
  remove(item: N): void {
    const { previous, next } = item;
    if (previous === undefined) {
      this.first = next;
    } else {
      previous.next = next;
    }
    if (next === undefined) {
      this.last = previous;
    } else {
      next.previous = previous;
    }
    item.previous = item.next = undefined;
    this.length--;
  }
}
