/** A message that was given up, on its way to where those go. */
import type { JsMsg } from '@nats-io/jetstream';
import type * as client from '@nats-io/transport-node';
import { messageOf } from '../connections/messageOf.js';
import { Peer } from '../connections/peer.js';
import { expectFunction, expectObject, wrongType } from '../internal/expect.js';
import type { Dropped } from '../outcome.js';
import type { DeadLetterOptions } from './options.js';

/** How much of an error's text a header takes, in characters. */
const longestText = 500;

/** Headers by which a publisher tells the server what to do: a copy must not tell it the same. */
const instructions = /^nats-/i;

/** What is used of the NATS client. */
type NatsHeaders = Pick<typeof client, 'headers'>;

/** Publishes dead letters. */
export class DeadLetterOffice {
  /** Loads what makes headers, once: `@nats-io/jetstream` has nothing that does. */
  private readonly library: () => Promise<NatsHeaders>;

  /**
   * @param who The function that was called, for errors.
   * @param options The user's.
   */
  constructor(
    who: string,
    private readonly options: DeadLetterOptions,
  ) {
    expectObject(who, 'deadLetter', options);
    const { jetStream, subject } = options;
    expectObject(who, 'deadLetter.jetStream', jetStream);
    expectFunction(who, 'deadLetter.jetStream.publish', jetStream.publish);
    if (typeof subject !== 'function' && (typeof (subject as unknown) !== 'string' || subject === '')) {
      throw wrongType(who, 'deadLetter.subject', 'a subject, or a function that gives one', subject);
    }
    const nats = new Peer(who, '@nats-io/transport-node', 3);
    nats.expect();
    let library: Promise<NatsHeaders> | undefined;
    this.library = () => (library ??= nats.load(() => import('@nats-io/transport-node')));
  }

  /**
   * Publishes one. It is there once, however often that is tried.
   * @param message What was given up.
   * @param outcome Why.
   * @throws what the server says, or the user's function.
   */
  async publish(message: JsMsg, outcome: Dropped<JsMsg>): Promise<void> {
    const { jetStream, subject } = this.options;
    const { headers } = await this.library();
    const to = subjectOf(subject, message);
    const send = (texts: boolean): Promise<unknown> =>
      jetStream.publish(to, message.data, { headers: headersOf(headers(), message, outcome, texts) });
    try {
      await send(true);
    } catch (error) {
      if (!isRefused(error)) {
        throw error;
      }
      // Perhaps it is too large only with what is said of it.
      await send(false).catch((cause: unknown) => {
        throw isRefused(cause) ? new UnwritableLetter(messageOf(cause), { cause }) : cause;
      });
    }
  }
}

/** A dead letter that cannot be published, however often that is tried. */
export class UnwritableLetter extends Error {}

/** Whether the client would not send it at all. */
function isRefused(error: unknown): boolean {
  return error instanceof Error && error.name === 'InvalidArgumentError';
}

function subjectOf(subject: DeadLetterOptions['subject'], message: JsMsg): string {
  try {
    return typeof subject === 'function' ? subject(message) : subject;
  } catch (cause) {
    throw new UnwritableLetter(messageOf(cause), { cause });
  }
}

function headersOf(
  to: client.MsgHdrs,
  { headers, info, subject }: JsMsg,
  outcome: Dropped<JsMsg>,
  texts: boolean,
): client.MsgHdrs {
  for (const [key, values] of headers ?? []) {
    for (const value of values) {
      to.append(instructions.test(key) ? `Original-${key}` : key, value);
    }
  }
  const { attempts, reason } = outcome;
  const { consumer, stream, streamSequence, timestampNanos } = info;
  const own = {
    // A stream that is made anew counts from 1 again.
    'Nats-Msg-Id': `dead-letter:${stream}:${consumer}:${streamSequence}:${timestampNanos}`,
    'Dead-Letter-Reason': reason,
    'Dead-Letter-Attempts': String(attempts),
    ...(texts ? textsOf(outcome) : {}),
    'Dead-Letter-Subject': subject,
    'Dead-Letter-Stream': stream,
    'Dead-Letter-Consumer': consumer,
    'Dead-Letter-Sequence': String(streamSequence),
  };
  for (const [key, value] of Object.entries(own)) {
    to.set(key, value);
  }
  return to;
}

/** What takes most of the room. */
function textsOf({ error, failures }: Dropped<JsMsg>): Readonly<Record<string, string>> {
  return {
    'Dead-Letter-Error': textOf(error),
    'Dead-Letter-Failures': JSON.stringify(
      failures.map((failure) => ({ connection: failure.connection, error: textOf(failure.error) })),
    ),
  };
}

/** On one line. */
function textOf(error: unknown): string {
  return messageOf(error).replace(/\s+/g, ' ').trim().slice(0, longestText);
}
