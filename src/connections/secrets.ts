/** What must not be shown, and what is left of a text or an error without it. */
import { inspect } from 'node:util';
import { RejectedError, TemporaryError } from '../errors.js';

/** How much is shown of what somebody else wrote, in characters. */
const excerptLength = 200;

/** What a connection sends along and must not come back in an error. */
export class Secrets {
  /** The longest first: one may be a part of another. */
  private readonly texts: readonly string[];

  /** @param texts What must not be shown. */
  constructor(texts: readonly string[]) {
    // Somebody who writes JSON back writes them in another way.
    const written = texts.flatMap((text) => [text, JSON.stringify(text).slice(1, -1)]);
    this.texts = [...new Set(written)]
      .filter((text) => text !== '')
      .sort((one, other) => other.length - one.length);
  }

  /** A text without them. */
  redacted(text: string): string {
    return this.texts.reduce((rest, secret) => rest.replaceAll(secret, '…'), text);
  }

  /**
   * A text that somebody else wrote, as it may be shown: one line, not long, and without them.
   * @param text The text.
   * @param isCutOff Whether there was more of it.
   */
  shown(text: string, isCutOff = false): string {
    const redacted = this.redacted(text);
    // What begins where it was cut off may be the beginning of one.
    const [longest = ''] = this.texts;
    const whole = isCutOff ? redacted.slice(0, redacted.length - longest.length) : redacted;
    const line = whole.replace(/[\s\p{C}]+/gu, ' ').trim();
    // Once more: they may have spaces in them.
    return Array.from(this.redacted(line)).slice(0, excerptLength).join('');
  }

  /**
   * An error that says itself what it means, or the error of an event, without them.
   * @param error Of a user's function, which may have put into it what a server wrote.
   * @returns The error; another one of the same kind when there was something in it.
   */
  cleaned(error: unknown): unknown {
    if (!this.isIn(error)) {
      return error;
    }
    const message = this.shown(messageOf(error));
    if (error instanceof RejectedError) {
      return new RejectedError(message);
    }
    if (error instanceof TemporaryError) {
      const { retryAfter } = error;
      return new TemporaryError(message, retryAfter === undefined ? {} : { retryAfter });
    }
    return new Error(message);
  }

  /**
   * An error that breaks the connection: it says where it happened.
   * @param name The connection's.
   * @param error What happened.
   */
  failure(name: string, error: unknown): Error {
    const message = `${name}: ${this.shown(messageOf(error))}`;
    // That of undici's parser carries what the server wrote, as bytes.
    const isUnsafe = (error instanceof Error && error.name === 'HTTPParserError') || this.isIn(error);
    return isUnsafe ? new Error(message) : new Error(message, { cause: error });
  }

  private isIn(error: unknown): boolean {
    if (this.texts.length === 0) {
      return false;
    }
    const everything = inspect(error, { depth: 5, maxStringLength: Infinity });
    return this.redacted(everything) !== everything;
  }
}

/**
 * What an error says; where several addresses were tried, what each of them said.
 * @param error Anything that was thrown.
 */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map(messageOf).join(', ');
  }
  return error instanceof Error ? error.message : String(error);
}
