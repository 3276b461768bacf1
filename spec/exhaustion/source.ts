/** Where the events of a small world come from: a stream, or an iterator that is asked for them. */
import type { Observable } from 'rxjs';
import { Hub } from '../properties/hub.js';
import { atAsking } from './invariants.js';
import type { Known } from './known.js';

/** What an iterator answers with. */
interface Asked<V> {
  readonly then: (answer: (value: V) => void, fail: (error: unknown) => void) => void;
}

/** The source. */
export class Source {
  private readonly hub = new Hub<number>(() => undefined);
  private answer: ((result: IteratorResult<number>) => void) | undefined;
  private fail: ((error: unknown) => void) | undefined;

  /**
   * @param known What is known of the world.
   */
  constructor(private readonly known: Known) {}

  /** As a stream. */
  get stream$(): Observable<number> {
    return this.hub.stream$;
  }

  /** Whether anybody waits for what it does. */
  get mayAct(): boolean {
    return this.isStream ? this.hub.heard : this.known.iterator.asked;
  }

  /** One event more. */
  emits(): void {
    if (!this.mayAct) {
      return;
    }
    const { event } = this.known.arrives();
    if (this.isStream) {
      this.hub.next(event);
    } else {
      this.known.iterator.asked = false;
      this.answer?.({ value: event });
    }
  }

  /** No more events. */
  ends(): void {
    this.isOver('completion');
    if (this.isStream) {
      this.hub.complete();
    } else {
      this.answer?.({ done: true, value: undefined });
    }
  }

  /** An error, and no more events. */
  fails(): void {
    const error = new Error('the source failed');
    this.isOver('error');
    if (this.isStream) {
      this.hub.error(error);
    } else {
      this.fail?.(error);
    }
  }

  /** As an iterator. */
  iterable(): Iterable<number> | AsyncIterable<number> {
    const { known } = this;
    const giveBack = (): IteratorResult<number> => {
      known.iterator.returns++;
      return { done: true, value: undefined };
    };
    if (known.plan.source === 'iterator') {
      return { [Symbol.iterator]: () => ({ next: () => this.next(), return: giveBack }) };
    }
    const next = (): Asked<IteratorResult<number>> => this.asked();
    const returns = (): Asked<IteratorResult<number>> => {
      giveBack();
      return { then: () => undefined };
    };
    const iterator = { next, return: returns } as unknown as AsyncIterator<number>;
    return { [Symbol.asyncIterator]: () => iterator };
  }

  private get isStream(): boolean {
    return this.known.plan.source === 'stream';
  }

  private next(): IteratorResult<number> {
    const { known } = this;
    atAsking(known);
    if (known.passages.length < known.plan.events) {
      return { value: known.arrives().event };
    }
    this.isOver('completion');
    return { done: true, value: undefined };
  }

  private asked(): Asked<IteratorResult<number>> {
    atAsking(this.known);
    this.known.iterator.asked = true;
    return {
      then: (answer, fail) => {
        this.answer = answer;
        this.fail = fail;
      },
    };
  }

  private isOver(by: 'completion' | 'error'): void {
    const { known } = this;
    known.sourceOver = by;
    known.sourceOverAt = known.clock.frame;
    known.iterator.asked = false;
    known.iterator.exhausted = true;
  }
}
