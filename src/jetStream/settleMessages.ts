/** The operator that settles messages by their outcomes. */
import type { JsMsg } from '@nats-io/jetstream';
import {
  catchError,
  concat,
  defer,
  EMPTY,
  finalize,
  ignoreElements,
  mergeMap,
  of,
  throwError,
  type OperatorFunction,
} from 'rxjs';
import { wrongType } from '../internal/expect.js';
import { isPromiseLike } from '../internal/promiseLike.js';
import type { Outcome } from '../outcome.js';
import type { JetStreamMessages } from './jetStreamMessages.js';
import { MessageStream } from './messageStream.js';
import type { SettleOptions } from './options.js';
import type { JetStreamOutcome } from './settlement.js';
import { Settler } from './settler.js';

/**
 * Settles messages by their outcomes, and passes these on.
 *
 * *What became of an event is told to the server that has it.*
 *
 * The table in {@link jetStreamBalancer} says which outcome says what. An outcome passes when its message is settled: at
 * once, or when the server has answered, with `ackAck` and for dead letters. So they may come in another order.
 *
 * ```text
 * outcomes:             -a-x-b-|       a, b delivered; x dropped
 * settleMessages(…):    -a---b-x-|     acks at once; x when it has been published as a dead letter
 * ```
 *
 * A dead letter has the data and the headers of its message, and headers of its own: `Dead-Letter-Reason`, `-Error`,
 * `-Attempts`, `-Failures` (JSON: connection and error of each, the last 10), `-Subject`, `-Stream`, `-Consumer` and
 * `-Sequence`. What told the server what to do (`Nats-…`) is there as `Original-Nats-…`; its own `Nats-Msg-Id` is the same
 * whenever it is published, so there is one. Where it is too large with all that, it goes without error and failures.
 *
 * Where it cannot be published, the message is given back for after one ack wait, and the outcome has the error. At its
 * last delivery, which nobody would get again, publishing is tried again instead, as long as that can be of use.
 *
 * The source's error and completion pass when everything is settled. Unsubscribing gives back what is not.
 *
 * @example
 * ```ts
 * import type { JetStreamClient, Consumer, JsMsg } from '@nats-io/jetstream';
 * import { defer, type Observable } from 'rxjs';
 * import { loadBalanceFrom } from 'rxjs-load-balance';
 * import { jetStreamMessages, settleMessages } from 'rxjs-load-balance/jetstream';
 *
 * const store = async (message: JsMsg): Promise<number> => message.data.length;
 *
 * export const settlements = (jetStream: JetStreamClient, consumer: Consumer): Observable<unknown> =>
 *   defer(() => {
 *     const messages = jetStreamMessages(consumer);
 *     const deadLetter = { jetStream, subject: (message: JsMsg) => `dead.${message.subject}` };
 *     return loadBalanceFrom(messages, [store]).pipe(settleMessages(messages, { ackAck: true, deadLetter }));
 *   });
 * ```
 * @param messages What {@link jetStreamMessages} gave.
 * @param options Whether to wait for the server, and where dead letters go.
 * @returns A function that returns an Observable of the outcomes, each with how its message was settled.
 * @throws TypeError when an argument is not what it should be; Error when there is a `deadLetter` and
 * `@nats-io/transport-node` is not installed.
 */
export function settleMessages<R>(
  messages: JetStreamMessages,
  options: SettleOptions = {},
): OperatorFunction<Outcome<JsMsg, R>, JetStreamOutcome<R>> {
  const who = 'settleMessages';
  if (!(messages instanceof MessageStream)) {
    throw wrongType(who, 'messages', 'what jetStreamMessages gives', messages);
  }
  return settledBy(new Settler(who, messages, options));
}

/** The operator, with what it settles by. */
export function settledBy<R>(settler: Settler): OperatorFunction<Outcome<JsMsg, R>, JetStreamOutcome<R>> {
  const { messages } = settler;
  return (outcomes$) =>
    defer(() => {
      messages.claim(settler.lastResort);
      let failure: { readonly error: unknown } | undefined;
      const settled$ = outcomes$.pipe(
        // What is being settled has its outcome first.
        catchError((error: unknown) => {
          failure = { error };
          return EMPTY;
        }),
        mergeMap((outcome) => {
          const settled = settler.settle(outcome);
          return isPromiseLike(settled) ? settled : of(settled);
        }),
      );
      const end$ = defer(() => {
        messages.giveBackAll();
        return messages.returns.finish();
      }).pipe(ignoreElements());
      const failure$ = defer(() => (failure === undefined ? EMPTY : throwError(() => failure?.error)));
      return concat(settled$, end$, failure$).pipe(
        finalize(() => {
          messages.giveBackAll();
        }),
      );
    });
}
