/** The options of what reads from a stream of JetStream, and of what settles its messages. */
import type { JetStreamClient, JsMsg } from '@nats-io/jetstream';
import type { ObservableInput } from 'rxjs';
import type { CancelSignal } from '../cancelSignal.js';
import type { ReconnectDelay } from '../options.js';

/** How messages are asked for. */
export interface JetStreamMessagesOptions {
  /**
   * Drains when it emits or is aborted: no more messages are asked for, those that are here get their outcomes, and
   * then it completes. Completion without a value does nothing.
   */
  readonly drainOn?: ObservableInput<unknown> | CancelSignal;
  /**
   * How many messages may be here and not settled, where that is less than the windows of the connections take
   * together. Default `Infinity`: as many as those take.
   */
  readonly maxUnacknowledged?: number;
  /**
   * How long to wait before the server is asked again when it could not be: milliseconds, or a function of the error
   * and of the number of failures in a row whose notifier ends the wait. A notifier that completes without emitting,
   * or errors, ends it with that error. Default `exponentialBackoff({ initialDelay: 250, maxDelay: 10_000 })`.
   */
  readonly resumeDelay?: ReconnectDelay;
}

/** How messages are settled. */
export interface SettleOptions {
  /**
   * Whether an outcome waits until the server has said that it knows of the ack (a "double ack"). A message whose outcome
   * has no `settlementError` then comes again only when the server itself loses what it knew, as it may when it is
   * killed. Default `false`: an ack that is lost on its way makes a message come again.
   */
  readonly ackAck?: boolean;
  /** Where messages that are given up are published before they are terminated. Default: nowhere. */
  readonly deadLetter?: DeadLetterOptions;
}

/** Where dead letters go. */
export interface DeadLetterOptions {
  /** Publishes them: `jetstream(connection)`. A stream has to take their subject. */
  readonly jetStream: Pick<JetStreamClient, 'publish'>;
  /** Their subject, or a function of the message that gives it. */
  readonly subject: string | ((message: JsMsg) => string);
}
