/** Where the replies of one NATS connection come in, and who waits for them. */
import type { Msg, MsgHdrs, NatsConnection } from '@nats-io/transport-node';
import type { NatsLibrary } from './library.js';

/** Somebody who waits for a reply. */
export interface Waiting {
  /** Where its message was published. */
  readonly subject: string;
  /** Here it is. */
  answered(reply: Msg): void;
  /** There will be none, for this message alone. */
  refused(error: unknown): void;
  /** There will be none, for nobody: the link is lost, or the inbox. */
  failed(error: unknown): void;
}

/**
 * One subscription for the replies to all messages: each has a subject that ends with a number of its own.
 *
 * The client's own `request` would make a promise, a timer and a random name for every message.
 */
export class Inbox {
  /** A number is used once: a reply that comes late finds nobody. */
  private readonly waiting = new Map<number, Waiting>();
  /** What the subjects of replies begin with. */
  readonly prefix: string;
  /** Why the server does not let it be, once it has said so. */
  refusal: Error | undefined;
  private published = 0;

  /**
   * @param library The client.
   * @param server Where to.
   * @param prefix What the subjects of replies begin with.
   */
  constructor(
    { createInbox }: Pick<NatsLibrary, 'createInbox'>,
    private readonly server: NatsConnection,
    prefix: string | undefined,
  ) {
    this.prefix = `${createInbox(prefix)}.`;
    server.subscribe(`${this.prefix}*`, {
      callback: (error, reply) => {
        if (error === null) {
          this.replied(reply);
        } else {
          this.refusal = error;
        }
      },
    });
  }

  /**
   * Publishes a message that wants a reply.
   * @param waiting Who waits for it.
   * @param body What is in the message.
   * @param headers Its headers.
   * @returns Its number.
   * @throws The client's error when it does not take the message.
   */
  publish(waiting: Waiting, body: Uint8Array, headers: MsgHdrs | undefined): number {
    const number = ++this.published;
    const reply = this.prefix + String(number);
    this.server.publish(waiting.subject, body, headers === undefined ? { reply } : { reply, headers });
    this.waiting.set(number, waiting);
    return number;
  }

  /** Nobody waits for the reply to this message any more. */
  forget(number: number): void {
    this.waiting.delete(number);
  }

  /** There will be no reply for those who wait now: for all, or for those of a subject that was refused. */
  fail(error: unknown, subject?: string): void {
    for (const [number, waiting] of [...this.waiting]) {
      if (subject === undefined || waiting.subject === subject) {
        this.waiting.delete(number);
        if (subject === undefined) {
          waiting.failed(error);
        } else {
          waiting.refused(error);
        }
      }
    }
  }

  private replied(reply: Msg): void {
    const number = Number(reply.subject.slice(this.prefix.length));
    const waiting = this.waiting.get(number);
    if (waiting !== undefined) {
      // The first reply counts.
      this.waiting.delete(number);
      waiting.answered(reply);
    }
  }
}
