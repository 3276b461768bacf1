/** The balancer over a stream of JetStream, in one function. */
import type { JsMsg } from '@nats-io/jetstream';
import { defer, type Observable } from 'rxjs';
import { loadBalance } from '../../operators/loadBalance.js';
import type { ConnectionInput, Connections, ValueOf } from '../connection.js';
import { expectNoQueue, expectObject } from '../internal/expect.js';
import { listsFrom } from '../internal/lists.js';
import { settingsFrom } from '../internal/settings.js';
import { Supply } from '../internal/supply.js';
import type { BalanceOptions } from '../options.js';
import type { PullConsumer } from './consumerFacts.js';
import { MessageStream } from './messageStream.js';
import type { JetStreamMessagesOptions, SettleOptions } from './options.js';
import { settledBy } from './settleMessages.js';
import type { JetStreamOutcome } from './settlement.js';
import { Settler } from './settler.js';

/** By default a worker without a connection gives its messages back after so many milliseconds for each attempt. */
const defaultWait = 10_000;

/** What {@link jetStreamBalancer} is made of. */
export interface JetStreamBalancerConfig<C extends ConnectionInput<JsMsg>>
  extends BalanceOptions<JsMsg>, JetStreamMessagesOptions, SettleOptions {
  /** A pull consumer with the ack policy `explicit`: `jetstream(connection).consumers.get(stream, name)`. */
  readonly consumer: PullConsumer;
  /** Where the messages can go, as for `loadBalance`. */
  readonly connections: Connections<C>;
}

/**
 * Balances the messages of a durable consumer of NATS JetStream: one worker of as many as you start.
 *
 * *The queue is a stream that survives us all; every worker takes what its own connections can send.*
 *
 * The events are the messages (`JsMsg` of `@nats-io/jetstream`). The server is asked only for what the connections that
 * are up can take now, so a worker never holds more messages than their windows together take (of batches: window ×
 * size), and the faster worker takes more. Every outcome settles its message, and is emitted when that is done:
 *
 * | outcome | the server hears | and the message |
 * |---|---|---|
 * | delivered | `ack`; with `ackAck`, and says that it knows | is done |
 * | dropped: `attempts`, `rejected` | `term`; with `deadLetter`, after it was published there | is done |
 * | … and could not be published | `nak`, for after the ack wait | comes again; the outcome has a `settlementError` |
 * | dropped: `closed` | `nak`, as soon as no request is open | goes to another worker |
 * | dropped: `no-connection` | `nak`, for in two seconds | goes to another worker |
 * | none, since the subscriber has left | `nak`, as soon as no request is open | goes to another worker |
 * | none, since the worker has died | nothing | goes to another worker after the ack wait |
 *
 * What waits for a send or is in one is reported as worked on (`working`) every half of the ack wait, so a slow send
 * does not make a message come again. The last of its deliveries (`max_deliver`) is never given back where there is a
 * `deadLetter`: nobody would get it again.
 *
 * ```text
 * stream:        a-b-c-d-e-f…
 * worker 1:      a---c---x          killed before it could say that it had sent c
 * worker 2:      --b---d-----c-e…   c comes again after the ack wait, its `attempts` are 2
 * ```
 *
 * **Delivery** is at least once, from the publisher to the connection: whatever is killed, whenever, an event may be
 * sent twice, and is not lost. A receiver that knows ids makes that once. What fails `maxAttempts` times is given up:
 * without a `deadLetter` it is gone.
 *
 * **What is sent** is the message. Ready-made connections pass on the JSON that it carries; for anything else give them
 * `encode: (message) => message.data`, or over HTTP a `format` of your own.
 *
 * **Attempts.** `maxAttempts` is for one delivery. The `attempts` of an outcome count across workers: every earlier
 * delivery is one.
 *
 * **A lost server** is waited for, `resumeDelay` between the tries; the NATS connection has to come back by itself
 * (`maxReconnectAttempts: -1`). Sends go on meanwhile; an ack that gets lost makes its message come again.
 *
 * **Errors.** The output errors when waiting is of no use: the consumer or its stream has been deleted, the NATS
 * connection is closed, the permission to ask is missing, the consumer does not acknowledge one by one. What is
 * outstanding gets its outcome first.
 *
 * **The end.** `drainOn` asks for no more and finishes what is here; `closeOn` and unsubscribing give it back. The NATS
 * connection stays open: drain it when the output has completed, so that the last word is written. Who unsubscribes
 * cannot know when that is, and what is not given back by then waits for its ack wait: whoever wants to close the NATS
 * connection uses `drainOn` or `closeOn`.
 *
 * Unlike elsewhere, `timeout.wait` is 10,000 ms by default: a worker none of whose connections is up gives its messages
 * back after `maxAttempts` of those, and others may have more luck. Guaranteed messages stay.
 *
 * @example
 * ```ts
 * import { jetstream, type JsMsg } from '@nats-io/jetstream';
 * import type { NatsConnection } from '@nats-io/transport-node';
 * import type { Subscription } from 'rxjs';
 * import { jetStreamBalancer } from 'rxjs-load-balance/jetstream';
 * import { tcpConnection } from 'rxjs-load-balance/tcp';
 *
 * export const work = async (nats: NatsConnection, stop: AbortSignal): Promise<Subscription> => {
 *   const jetStream = jetstream(nats);
 *   return jetStreamBalancer({
 *     consumer: await jetStream.consumers.get('ORDERS', 'billing'),
 *     connections: ['tcp://10.0.0.1:4000', 'tcp://10.0.0.2:4000'].map((url) =>
 *       tcpConnection(url, { window: 16, encode: (message: JsMsg) => message.data }),
 *     ),
 *     deadLetter: { jetStream, subject: 'dead.billing' },
 *     drainOn: stop,
 *   }).subscribe((outcome) => {
 *     console.log(outcome.event.seq, outcome.status, outcome.settlement);
 *   });
 * };
 * ```
 * @param config The consumer, the connections, and the options of `loadBalanceFrom` and of both parts.
 * @returns An Observable of outcomes. Each subscription is a worker of its own.
 * @throws TypeError or RangeError when a part of the config is not what it should be; Error when there is a `deadLetter`
 * and `@nats-io/transport-node` is not installed.
 * @see {@link jetStreamMessages} and {@link settleMessages}, the parts that it is made of.
 */
export function jetStreamBalancer<C extends ConnectionInput<JsMsg>>(
  config: JetStreamBalancerConfig<C>,
): Observable<JetStreamOutcome<ValueOf<C>>> {
  const who = 'jetStreamBalancer';
  expectObject(who, 'config', config);
  const { consumer, connections, timeout = {} } = config;
  settingsFrom(who, config);
  void listsFrom(who, connections);
  expectNoQueue(who, config);
  const settler = (): Settler => new Settler(who, new MessageStream(who, consumer, config), config);
  // Checked here as well as there: an error names what was called, at the call.
  void settler();
  const options = {
    ...config,
    timeout: typeof timeout === 'number' ? timeout : { ...timeout, wait: timeout.wait ?? defaultWait },
  };
  return defer(() => {
    const own = settler();
    return new Supply(own.messages).pipe(loadBalance<JsMsg, C>(connections, options), settledBy(own));
  });
}
