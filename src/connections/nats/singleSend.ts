/** One event on its way. */
import type { Msg } from '@nats-io/transport-node';
import type { Subscriber, Unsubscribable } from 'rxjs';
import type { Courier, Sender } from './courier.js';

/** The send of one event. It is its own teardown: one object for each event, and no closures. */
export class SingleSend<T, R> implements Sender, Unsubscribable {
  subject = '';
  private readonly number: number;

  /**
   * @param courier Takes it away.
   * @param event The event.
   * @param subscriber Hears what becomes of it.
   * @throws The courier's error.
   */
  constructor(
    private readonly courier: Courier<T, R>,
    private readonly event: T,
    private readonly subscriber: Subscriber<R>,
  ) {
    this.number = courier.publish(event, this);
  }

  answered(reply: Msg): void {
    const { subscriber } = this;
    let value: R;
    try {
      value = this.courier.read(reply, this.event, this);
    } catch (error) {
      subscriber.error(error);
      return;
    }
    subscriber.next(value);
    subscriber.complete();
  }

  refused(error: unknown): void {
    this.failed(error);
  }

  failed(error: unknown): void {
    this.subscriber.error(error);
  }

  unsubscribe(): void {
    this.courier.inbox.forget(this.number);
  }
}
