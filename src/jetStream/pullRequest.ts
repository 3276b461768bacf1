/** One request for messages, from the question to the last of them. */
import type { JsMsg } from '@nats-io/jetstream';
import {
  catchError,
  defer,
  delay,
  EMPTY,
  firstValueFrom,
  from,
  noop,
  Subscription,
  timeout,
  type Observable,
} from 'rxjs';
import { expires, type PullConsumer } from './consumerFacts.js';
import { firstBefore } from './firstBefore.js';

/** So long after the end, what is on its way has come, in milliseconds. */
const quiet = 100;

/**
 * The messages that a request brings, at most once. When no more is wanted, it is not cut at once: what is on its way
 * would not be heard of before its ack wait is over.
 */
export class PullRequest implements AsyncIterable<JsMsg> {
  /** Closed when it was not let come to its end. */
  private readonly open = new Subscription();

  /**
   * @param consumer Who is asked.
   * @param count For how many.
   * @param over$ Emits when no more is wanted.
   */
  constructor(
    private readonly consumer: PullConsumer,
    private readonly count: number,
    private readonly over$: Observable<unknown>,
  ) {}

  /** Nothing more that it brings is wanted. */
  cut(): void {
    this.open.unsubscribe();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<JsMsg, void> {
    const { consumer, count, open, over$ } = this;
    const asked = consumer.fetch({ max_messages: count, expires });
    const messages = await firstBefore(from(asked), over$);
    if (messages === undefined) {
      asked.then((late) => late.close()).catch(noop);
      await this.forget();
      return;
    }
    open.add(() => {
      void messages.close();
    });
    const end = over$.pipe(delay(quiet)).subscribe(() => {
      this.cut();
    });
    try {
      yield* messages;
    } finally {
      end.unsubscribe();
      if (open.closed) {
        await this.forget();
      }
    }
  }

  /**
   * Makes the server forget it. Otherwise a message that is given back now may be meant for it, and come to nobody
   * before its ack wait is over (seen in nats-server 2.9).
   */
  private async forget(): Promise<void> {
    const info$ = defer(() => this.consumer.info()).pipe(
      timeout(expires),
      catchError(() => EMPTY),
    );
    await firstValueFrom(info$, { defaultValue: undefined });
  }
}
