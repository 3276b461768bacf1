/** The messages of a durable consumer, as an async iterable that asks the server for what is wanted. */
import type { JsMsg } from '@nats-io/jetstream';
import type { PullConsumer } from './consumerFacts.js';
import { MessageStream } from './messageStream.js';
import type { JetStreamMessagesOptions } from './options.js';

/** What a program does with the messages that it gets from {@link jetStreamMessages}. */
export interface JetStreamMessages extends AsyncIterable<JsMsg> {
  /**
   * Settles a message: until then it counts as unacknowledged, and the server hears that it is worked on. One that is
   * settled already, or was given back, is settled no more.
   * @param message The message.
   * @param say Tells the server, by the latest delivery of the message: `(message) => message.ack()`. Where it gives a
   * promise, the message is settled when that is.
   */
  settle(message: JsMsg, say: (latest: JsMsg) => unknown): void;
}

/**
 * Makes an async iterable of the messages of a durable pull consumer, for `loadBalanceFrom`.
 *
 * *Ask for no more than can be sent, and keep what is here from being sent by somebody else as well.*
 *
 * Given to `loadBalanceFrom`, it asks the server for as many messages as the connections can take at that moment, by
 * requests of a second at most, one after the other: the faster they are settled, the more one request brings. What is
 * here and not settled is never more than the windows take together. Elsewhere (`for await`, RxJS's `from`) nobody says
 * how much can be taken: then it asks for `maxUnacknowledged`, or for one at a time.
 *
 * ```text
 * server:    ab--------c-----
 * requests:  2---------1-----      two places are free, then one
 * windows:   [ab]----[-b][cb]
 * settled:   --------a-------
 * ```
 *
 * A message is here until it is settled, by {@link settleMessages} or by `settle`. Until then, the server hears every
 * half of the ack wait that it is worked on; one that nobody takes in that time is given back, for a worker that has
 * more use for it. One that is delivered again while it is here does not come twice.
 *
 * What is known of the consumer is read once: a change of its ack wait is seen by workers that start afterwards.
 *
 * When it is returned, or `drainOn` emits, it asks for no more, and what nobody has taken is given back. A request that
 * is still open is awaited for a tenth of a second, since what is on its way could be given back only when its ack wait
 * is over.
 *
 * @example
 * ```ts
 * import type { Consumer, JsMsg } from '@nats-io/jetstream';
 * import { defer, type Observable } from 'rxjs';
 * import { loadBalanceFrom } from 'rxjs-load-balance';
 * import { jetStreamMessages, settleMessages, type JetStreamOutcome } from 'rxjs-load-balance/jetstream';
 *
 * const store = async (message: JsMsg): Promise<number> => message.data.length;
 *
 * export const outcomesOf = (consumer: Consumer): Observable<JetStreamOutcome<number>> =>
 *   defer(() => {
 *     const messages = jetStreamMessages(consumer);
 *     return loadBalanceFrom(messages, [store]).pipe(settleMessages(messages));
 *   });
 * ```
 * @param consumer A pull consumer with the ack policy `explicit`: `jetstream(connection).consumers.get(stream, name)`.
 * @param options When to stop asking, and how to go on after a failure; everything has a default.
 * @returns The messages, for one iteration.
 * @throws TypeError or RangeError when an argument is not what it should be.
 */
export function jetStreamMessages(
  consumer: PullConsumer,
  options: JetStreamMessagesOptions = {},
): JetStreamMessages {
  return new MessageStream('jetStreamMessages', consumer, options);
}
