/** A source that is asked for its events, one by one, instead of emitting them when it likes. */
import { noop, Subscription, type Observer } from 'rxjs';
import { DemandIterable, type Failure } from './demandIterable.js';
import { nothing } from './eventQueue.js';
import { expectObject } from './expect.js';
import { OpenSource, type Opened, type Taker } from './openSource.js';
import { isPromiseLike } from './promiseLike.js';

/** An iterable as a source. */
export class Supply<T> extends OpenSource<T> {
  private taker: Taker<T> | undefined;

  /**
   * @param events Where they come from.
   * @param gate Whether one more may be asked for.
   */
  constructor(
    private readonly events: Iterable<T> | AsyncIterable<T>,
    private readonly gate: () => boolean = () => true,
  ) {
    super();
  }

  override open(taker: Taker<T>): Opened {
    this.taker = taker;
    const { events, gate } = this;
    if (events instanceof DemandIterable) {
      const asking = new Asking(events.iterate(taker), gate, taker, true);
      asking.add(
        events.ended$.subscribe((failure) => {
          asking.learnEnd(failure);
        }),
      );
      return asking;
    }
    return new Asking(
      isAsync(events) ? events[Symbol.asyncIterator]() : events[Symbol.iterator](),
      gate,
      taker,
    );
  }

  /** The gate has opened: who wants events may ask again. */
  resume(): void {
    this.taker?.atOnce(noop);
  }
}

/** What is asked: it answers at once, or later. */
interface Asked<T> {
  next(): IteratorResult<T, unknown> | PromiseLike<IteratorResult<T, unknown>>;
  askAgain?(): void;
  return?(): unknown;
}

/** An iteration under way; unsubscribing returns its iterator. */
class Asking<T> extends Subscription implements Opened {
  /** Whether an answer is awaited. */
  private pending = false;
  private finishing = false;
  /** Whether the iterator has ended by itself. */
  private exhausted = false;

  /**
   * @param iterator The iteration.
   * @param gate Whether one more may be asked for.
   * @param asker Who gets the events.
   * @param isFetched Whether it gives no more than is wanted, and takes back what no longer is.
   */
  constructor(
    private readonly iterator: Asked<T>,
    private readonly gate: () => boolean,
    private readonly asker: Observer<T>,
    private readonly isFetched = false,
  ) {
    super(() => {
      if (!this.exhausted) {
        giveBack(iterator);
      }
    });
  }

  get spare(): 0 | 1 {
    return this.isFetched ? 0 : 1;
  }

  /** Asks for one event; true when it came at once. One that comes later is emitted then. */
  ask(): boolean {
    if (this.pending) {
      this.iterator.askAgain?.();
      return false;
    }
    if (this.closed || this.exhausted || this.finishing || !this.gate()) {
      return false;
    }
    this.pending = true;
    try {
      const answer = this.iterator.next();
      if (!isPromiseLike(answer)) {
        return this.answered(answer);
      }
      // It answers once, and later, also where it is no promise of the platform.
      Promise.resolve(answer).then(this.answered, this.failed);
    } catch (error) {
      this.failed(error);
    }
    return false;
  }

  /** Asks no more. An event that has been asked for is awaited, unless it can be given back; then it completes. */
  finish(): void {
    this.finishing = true;
    if (!this.pending || this.isFetched) {
      this.end();
    }
  }

  /** There is no more, and nobody need ask to know. */
  learnEnd(failure: Failure | undefined): void {
    if (this.pending || this.closed || this.exhausted) {
      return;
    }
    this.exhausted = true;
    if (failure === undefined) {
      this.asker.complete();
    } else {
      this.asker.error(failure.error);
    }
  }

  private readonly answered = (result: IteratorResult<T, unknown>): boolean => {
    this.pending = false;
    if (this.closed) {
      return false;
    }
    let event: T | typeof nothing;
    try {
      expectObject('an iterator', 'result', result);
      event = isOver(result) ? nothing : result.value;
    } catch (error) {
      this.failed(error);
      return false;
    }
    if (event === nothing) {
      this.exhausted = true;
      this.asker.complete();
      return false;
    }
    this.asker.next(event);
    if (this.finishing) {
      this.end();
    }
    return true;
  };

  private readonly failed = (error: unknown): void => {
    this.pending = false;
    if (!this.closed) {
      this.exhausted = true;
      this.asker.error(error);
    }
  };

  private end(): void {
    this.unsubscribe();
    this.asker.complete();
  }
}

/** Tells an iterator that no more is wanted. Nobody is left to hear of an error that this gives. */
function giveBack(iterator: Pick<Asked<unknown>, 'return'>): void {
  try {
    const returned = iterator.return?.();
    if (isPromiseLike(returned)) {
      returned.then(noop, noop);
    }
  } catch {
    // the iterator is finished either way
  }
}

/** Anything that is true ends an iteration, as in `for…of`. */
function isOver<T>(result: IteratorResult<T, unknown>): result is IteratorReturnResult<unknown> {
  return Boolean(result.done);
}

/** Not `in`, which a string has no use for. */
function isAsync<T>(events: Iterable<T> | AsyncIterable<T>): events is AsyncIterable<T> {
  return (events as Partial<AsyncIterable<T>>)[Symbol.asyncIterator] !== undefined;
}
