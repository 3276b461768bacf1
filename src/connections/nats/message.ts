/** From an event to a message. */
import type { MsgHdrs } from '@nats-io/transport-node';
import { wrongType } from '../../internal/expect.js';
import { encoded, encodedBy } from '../encoding.js';
import type { NatsLibrary } from './library.js';
import type { NatsSettings } from './options.js';
import { expectSubject } from './subject.js';

const utf8 = new TextEncoder();

/** Writes messages. What it throws drops the event. */
export class MessageWriter<T> {
  private readonly hasHeaders: boolean;

  /**
   * @param library The client.
   * @param settings The connection's.
   */
  constructor(
    private readonly library: Pick<NatsLibrary, 'headers'>,
    private readonly settings: Pick<NatsSettings<T>, 'subject' | 'encode' | 'headers' | 'jetStream'>,
  ) {
    const { headers, jetStream } = settings;
    this.hasHeaders =
      headers !== undefined || jetStream?.messageId !== undefined || jetStream?.expectStream !== undefined;
  }

  /** Where the event is published. */
  subjectOf(event: T): string {
    const { subject } = this.settings;
    return typeof subject === 'string' ? subject : encodedBy((value) => computed(subject, value), event);
  }

  /** What is in the message. */
  bodyOf(event: T): Uint8Array {
    const body = encoded(this.settings.encode, event);
    return typeof body === 'string' ? utf8.encode(body) : body;
  }

  /** Its headers. */
  headersOf(event: T): MsgHdrs | undefined {
    return this.hasHeaders ? encodedBy((value) => this.collected(value), event) : undefined;
  }

  private collected(event: T): MsgHdrs {
    const { headers, jetStream } = this.settings;
    const collected = this.library.headers();
    for (const [name, value] of Object.entries(headers?.(event) ?? {})) {
      collected.set(name, value);
    }
    const { messageId, expectStream } = jetStream ?? {};
    if (messageId !== undefined) {
      collected.set('Nats-Msg-Id', idFrom(messageId, event));
    }
    if (expectStream !== undefined) {
      collected.set('Nats-Expected-Stream', expectStream);
    }
    return collected;
  }
}

function computed<T>(subject: (event: T) => string, event: T): string {
  const value: unknown = subject(event);
  expectSubject('subject', 'subject of an event', value);
  return value;
}

function idFrom<T>(messageId: (event: T) => string, event: T): string {
  const id: unknown = messageId(event);
  if (typeof id !== 'string' || id === '') {
    throw wrongType('messageId', 'id of an event', 'a string that is not empty', id);
  }
  return id;
}
