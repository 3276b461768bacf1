/** What the server is told of a message, by its outcome. */
import type { JsMsg } from '@nats-io/jetstream';
import { defer, lastValueFrom, merge, mergeMap, of, retry, throwError, type Observable } from 'rxjs';
import { exponentialBackoff } from '../exponentialBackoff.js';
import { expectObject, wrongType } from '../internal/expect.js';
import { MisuseError } from '../internal/misuseError.js';
import { isPromiseLike } from '../internal/promiseLike.js';
import type { Dropped, Outcome } from '../outcome.js';
import { expires } from './consumerFacts.js';
import { DeadLetterOffice, UnwritableLetter } from './deadLetter.js';
import { hasBeenTold } from './heldMessages.js';
import type { MessageStream } from './messageStream.js';
import type { SettleOptions } from './options.js';
import type { LastResort } from './returns.js';
import type { JetStreamOutcome, Settled, Settlement } from './settlement.js';

/** Settles the messages of one stream. */
export class Settler {
  private readonly ackAck: boolean;
  private readonly office: DeadLetterOffice | undefined;
  /** What is done with a message that would not come again, and has no outcome. */
  readonly lastResort: LastResort | undefined;

  /**
   * @param who The function that was called, for errors.
   * @param messages The messages.
   * @param options The user's.
   */
  constructor(
    private readonly who: string,
    readonly messages: MessageStream,
    options: SettleOptions,
  ) {
    expectObject(who, 'options', options);
    const { ackAck = false, deadLetter } = options;
    if (typeof (ackAck as unknown) !== 'boolean') {
      throw wrongType(who, 'ackAck', 'a boolean', ackAck);
    }
    this.ackAck = ackAck;
    if (deadLetter !== undefined) {
      const office = new DeadLetterOffice(who, deadLetter);
      this.office = office;
      this.lastResort = async (message) => {
        await bury(message, untaken(message), office, messages);
      };
    }
  }

  /**
   * Settles the message of an outcome.
   * @returns The outcome, with how; a promise where the server has to answer.
   */
  settle<R>(outcome: Outcome<JsMsg, R>): JetStreamOutcome<R> | Promise<JetStreamOutcome<R>> {
    let told: JetStreamOutcome<R> | Promise<JetStreamOutcome<R>> | undefined;
    this.messages.settle(outcome.event, (latest) => {
      const all = { ...outcome, attempts: outcome.attempts + latest.info.deliveryCount - 1 };
      const settled = this.tell(latest, all);
      told = isPromiseLike(settled) ? settled.then((how) => ({ ...all, ...how })) : { ...all, ...settled };
      return told;
    });
    if (told === undefined) {
      throw new MisuseError(
        `${this.who}: message ${outcome.event.seq} is none of these messages, or was settled before its outcome`,
      );
    }
    return told;
  }

  private tell(latest: JsMsg, outcome: Outcome<JsMsg>): Settled | Promise<Settled> {
    const { messages, office } = this;
    if (outcome.status === 'delivered') {
      return said('ack', () => this.ack(latest));
    }
    // Not the message's fault: somebody else may deliver it, as long as it is delivered again.
    const isBlameless = outcome.reason === 'closed' || outcome.reason === 'no-connection';
    if (office !== undefined && (!isBlameless || !messages.returns.comesAgain(latest))) {
      return bury(latest, outcome, office, messages);
    }
    if (!isBlameless) {
      // With a reason, a server before 2.10.4 would not know what is meant.
      return said('term', () => {
        latest.term();
      });
    }
    return said('nak', () => {
      if (outcome.reason === 'closed') {
        return messages.returns.give(latest);
      }
      // Not before the requests of this worker are over, which has no connection for it.
      latest.nak(2 * expires);
      return undefined;
    });
  }

  private ack(latest: JsMsg): Promise<unknown> | undefined {
    if (hasBeenTold(latest)) {
      throw new Error('the send has told the server something else');
    }
    if (this.ackAck) {
      return latest.ackAck();
    }
    latest.ack();
    return undefined;
  }
}

/** Says something to the server, which may answer; what goes wrong with it is a part of what it gives. */
function said(settlement: Settlement, say: () => Promise<unknown> | undefined): Settled | Promise<Settled> {
  const failed = (settlementError: unknown): Settled => ({ settlement, settlementError });
  try {
    const answer = say();
    return answer === undefined ? { settlement } : answer.then(() => ({ settlement }), failed);
  } catch (error) {
    return failed(error);
  }
}

/** Publishes a dead letter, and then gives its message up. */
async function bury(
  latest: JsMsg,
  outcome: Dropped<JsMsg>,
  office: DeadLetterOffice,
  messages: MessageStream,
): Promise<Settled> {
  const comesAgain = messages.returns.comesAgain(latest);
  // What would not come again is tried again, for as long as this worker lives.
  const published$ = defer(() => office.publish(latest, outcome)).pipe(
    retry({ count: comesAgain ? 0 : Infinity, delay: againUntil(messages.ended$) }),
  );
  try {
    await lastValueFrom(published$, { defaultValue: undefined });
    latest.term();
    return { settlement: 'dead-letter' };
  } catch (settlementError) {
    if (comesAgain) {
      // Later, so that what is wrong can be put right meanwhile.
      void said('nak', () => {
        latest.nak(messages.facts?.ackWait);
        return undefined;
      });
    }
    return { settlement: 'nak', settlementError };
  }
}

/** Waits longer and longer between the tries; at the end, the error stays. */
function againUntil(ended$: Observable<unknown>): (error: unknown, count: number) => Observable<unknown> {
  const backoff = exponentialBackoff({ maxDelay: 30_000 });
  return (error, count) => {
    const end$ = error instanceof UnwritableLetter ? of(undefined) : ended$;
    return merge(backoff(error, count), end$.pipe(mergeMap(() => throwError(() => error))));
  };
}

/** What became of a message that had no outcome, and would not come again. */
function untaken(message: JsMsg): Dropped<JsMsg> {
  return {
    status: 'dropped',
    event: message,
    reason: 'closed',
    error: new Error('nobody took it, and it would not come again'),
    attempts: message.info.deliveryCount - 1,
    failures: [],
  };
}
