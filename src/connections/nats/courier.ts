/** Takes events away as messages, and reads what comes back. */
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { RejectedError } from '../../errors.js';
import { messageOf } from '../messageOf.js';
import { Inbox, type Waiting } from './inbox.js';
import type { NatsLibrary } from './library.js';
import { MessageWriter } from './message.js';
import type { NatsSettings } from './options.js';
import { isNobody, type ReplyReader } from './reading.js';

/**
 * How many bytes the subjects of a message and of its reply may have together. A server breaks the link at a line of
 * more than 4,096 (`max_control_line`, which it does not say), and in it are a number and two sizes as well.
 */
const longestSubjects = 4_000;

/** Somebody who waits for the reply to an event. */
export interface Sender extends Waiting {
  subject: string;
}

/** Between events and one open server. */
export class Courier<T, R> {
  readonly inbox: Inbox;
  private readonly writer: MessageWriter<T>;
  private readonly longestSubject: number;

  /**
   * @param library The client.
   * @param server Where to.
   * @param settings The connection's.
   * @param reader What replies mean.
   */
  constructor(
    library: NatsLibrary,
    private readonly server: NatsConnection,
    private readonly settings: NatsSettings<T>,
    private readonly reader: ReplyReader<T, R>,
  ) {
    this.inbox = new Inbox(library, server, settings.inboxPrefix);
    this.writer = new MessageWriter(library, settings);
    this.longestSubject = longestSubjects - Buffer.byteLength(this.inbox.prefix);
  }

  /**
   * Publishes an event.
   * @param event The event.
   * @param sender Who waits for its reply.
   * @returns The number of the message, for `inbox.forget`.
   * @throws RejectedError when it cannot be a message for this server; Error when that is closed.
   */
  publish(event: T, sender: Sender): number {
    const { inbox, server, writer } = this;
    const { name } = this.settings;
    const { info } = server;
    if (info === undefined) {
      throw new Error(`${name}: closed`);
    }
    sender.subject = writer.subjectOf(event);
    this.expectRoomFor(sender.subject);
    const headers = writer.headersOf(event);
    const body = writer.bodyOf(event);
    if (body.length > info.max_payload) {
      throw new RejectedError(
        `${name}: expected a message of at most ${info.max_payload} bytes, got ${body.length}`,
      );
    }
    try {
      return inbox.publish(sender, body, headers);
    } catch (error) {
      // The client looks at a message before it writes anything: with its headers, it may be too large.
      throw new RejectedError(`${name}: ${messageOf(error)}`, { cause: error });
    }
  }

  private expectRoomFor(subject: string): void {
    const { longestSubject: limit } = this;
    // A character has three bytes at most: short ones need no counting.
    const length = subject.length * 3 > limit ? Buffer.byteLength(subject) : 0;
    if (length > limit) {
      const { name } = this.settings;
      throw new RejectedError(`${name}: expected a subject of at most ${limit} bytes, got ${length}`);
    }
  }

  /**
   * What a reply says.
   * @throws The error of the send.
   */
  read(reply: Msg, event: T, { subject }: Waiting): R {
    if (isNobody(reply)) {
      throw this.reader.nobody(subject);
    }
    return this.reader.read(reply, event);
  }
}
