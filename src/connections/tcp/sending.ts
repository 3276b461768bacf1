/** What is on its way to the peer: one event, or several of them. */
import { Observable, type Subscriber } from 'rxjs';
import type { ItemResult } from '../../connection.js';
import type { Piece } from './framing.js';

/** How events are written, and answers are read. */
export interface Codec<T, R, A> {
  /** @throws EncodingError for an event that cannot be written. */
  readonly encode: (event: T) => string | Uint8Array;
  /** What it throws is the error of the event. */
  readonly read: (answer: A, event: T) => R;
}

/** A send. Its events are written in their order, and answered in that order. */
export interface Sending<A> {
  /** Whether nobody waits for it any more. */
  readonly isOver: boolean;
  /**
   * Writes its next event.
   * @returns Whether that is to be answered; one that cannot be written is not.
   */
  write(piece: Piece): boolean;
  /** The next of those that were written has its answer. */
  answered(answer: A): void;
  /** Tells what has become known. */
  tell(): void;
  /** There will be no more answers. */
  fail(error: unknown): void;
}

/** Begins a send of so many events. */
type Begin<A> = (sending: Sending<A>, events: number) => void;

/** One event. */
// eslint-disable-next-line rxjs-x/no-subclass -- a stream and what it begins as two objects cost a tenth of the rate
export class EventSending<T, R, A> extends Observable<R> implements Sending<A> {
  private hasBegun = false;
  /** Who waits for its answer. */
  private subscriber!: Subscriber<R>;

  constructor(
    private readonly codec: Codec<T, R, A>,
    private readonly event: T,
    private readonly begin: Begin<A>,
  ) {
    super(subscribed);
  }

  /** It is subscribed. Whoever is not the first gets a send of his own. */
  start(subscriber: Subscriber<R>): void {
    if (this.hasBegun) {
      new EventSending(this.codec, this.event, this.begin).start(subscriber);
      return;
    }
    this.hasBegun = true;
    this.subscriber = subscriber;
    this.begin(this, 1);
  }

  get isOver(): boolean {
    return this.subscriber.closed;
  }

  write(piece: Piece): boolean {
    try {
      piece.add(this.codec.encode(this.event));
      return true;
    } catch (error) {
      this.fail(error);
      return false;
    }
  }

  answered(answer: A): void {
    let value: R;
    try {
      value = this.codec.read(answer, this.event);
    } catch (error) {
      this.fail(error);
      return;
    }
    this.subscriber.next(value);
    this.subscriber.complete();
  }

  tell(): void {
    // What became of its only event has been told at once.
  }

  fail(error: unknown): void {
    this.subscriber.error(error);
  }
}

/** Begins any of them, which RxJS calls it with. */
function subscribed<R>(this: Observable<R>, subscriber: Subscriber<R>): void {
  (this as unknown as { start(subscriber: Subscriber<R>): void }).start(subscriber);
}

/** Several events. */
export class BatchSending<T, R, A> implements Sending<A> {
  /** Which event is written next. */
  private toWrite = 0;
  /** Which event is answered next, unless it was not written. */
  private toAnswer = 0;
  /** Which events could not be written. */
  private readonly unwritten = new Set<number>();
  /** Of how many events it has been told what became of them. */
  private told = 0;
  private results: ItemResult<R>[] = [];

  constructor(
    private readonly codec: Codec<T, R, A>,
    private readonly events: readonly T[],
    private readonly subscriber: Subscriber<readonly ItemResult<R>[]>,
  ) {}

  get isOver(): boolean {
    return this.subscriber.closed;
  }

  write(piece: Piece): boolean {
    const index = this.toWrite++;
    try {
      piece.add(this.codec.encode(this.events[index] as T));
      return true;
    } catch (error) {
      this.unwritten.add(index);
      this.results.push({ index, status: 'failed', error });
      return false;
    }
  }

  answered(answer: A): void {
    while (this.unwritten.has(this.toAnswer)) {
      this.toAnswer++;
    }
    const index = this.toAnswer++;
    let result: ItemResult<R>;
    try {
      result = { index, status: 'delivered', value: this.codec.read(answer, this.events[index] as T) };
    } catch (error) {
      result = { index, status: 'failed', error };
    }
    this.results.push(result);
  }

  tell(): void {
    const { results, subscriber } = this;
    if (results.length > 0) {
      this.results = [];
      this.told += results.length;
      subscriber.next(results);
      if (this.told === this.events.length) {
        subscriber.complete();
      }
    }
  }

  fail(error: unknown): void {
    this.subscriber.error(error);
  }
}
