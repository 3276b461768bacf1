/** Many events on their way together. */
import type { Msg } from '@nats-io/transport-node';
import type { Subscriber, Unsubscribable } from 'rxjs';
import type { ItemResult } from '../../connection.js';
import { kindByClass } from '../../internal/target.js';
import type { Courier, Sender } from './courier.js';

/** The send of a batch: a message for each event, all in one go. Results are given as replies come. */
export class BatchSend<T, R> implements Unsubscribable {
  /** Of replies that came together: they are given together. */
  private results: ItemResult<R>[] = [];
  private readonly numbers: number[] = [];
  private left: number;
  /** The first error of an event that concerns the connection: the end of the whole, once all are settled. */
  private failure: { readonly error: unknown } | undefined;

  /**
   * @param courier Takes them away.
   * @param events The events.
   * @param subscriber Hears what becomes of them.
   */
  constructor(
    private readonly courier: Courier<T, R>,
    events: readonly T[],
    private readonly subscriber: Subscriber<readonly ItemResult<R>[]>,
  ) {
    this.left = events.length;
    for (let index = 0; index < events.length && !subscriber.closed; index++) {
      const item = new BatchItem(this, events[index] as T, index);
      try {
        this.numbers.push(courier.publish(item.event, item));
      } catch (error) {
        this.refused(index, error);
      }
    }
  }

  /** One of the events has its reply. */
  answered(reply: Msg, item: BatchItem<T, R>): void {
    const { index } = item;
    try {
      const value = this.courier.read(reply, item.event, item);
      this.settle({ index, status: 'delivered', value });
    } catch (error) {
      this.refused(index, error);
    }
  }

  /** There will be no replies any more. */
  broken(error: unknown): void {
    const { results, subscriber } = this;
    if (results.length > 0) {
      this.results = [];
      subscriber.next(results);
    }
    subscriber.error(error);
  }

  unsubscribe(): void {
    for (const number of this.numbers) {
      this.courier.inbox.forget(number);
    }
  }

  /** The error of one event. The others go on, also where it concerns the connection. */
  refused(index: number, error: unknown): void {
    if (kindByClass(error) === 'connection') {
      this.failure ??= { error };
    }
    this.settle({ index, status: 'failed', error });
  }

  private settle(result: ItemResult<R>): void {
    this.left--;
    if (this.results.push(result) === 1) {
      queueMicrotask(() => {
        this.give();
      });
    }
  }

  private give(): void {
    const { left, results, subscriber, failure } = this;
    this.results = [];
    subscriber.next(results);
    if (left > 0) {
      return;
    }
    if (failure === undefined) {
      subscriber.complete();
    } else {
      subscriber.error(failure.error);
    }
  }
}

/** One event of a batch. */
class BatchItem<T, R> implements Sender {
  subject = '';

  constructor(
    private readonly batch: BatchSend<T, R>,
    readonly event: T,
    readonly index: number,
  ) {}

  answered(reply: Msg): void {
    this.batch.answered(reply, this);
  }

  refused(error: unknown): void {
    this.batch.refused(this.index, error);
  }

  failed(error: unknown): void {
    this.batch.broken(error);
  }
}
