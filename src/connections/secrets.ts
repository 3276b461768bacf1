/** What is left of an error without what must not be shown. */
import { inspect } from 'node:util';
import { RejectedError, TemporaryError } from '../errors.js';
import { kindByClass } from '../internal/target.js';
import { messageOf } from './messageOf.js';
import { Redaction } from './redaction.js';

/** What a connection sends along and must not come back in an error. */
export class Secrets extends Redaction {
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

  /**
   * What a function that reads answers has thrown: its own error, or one that breaks the connection.
   * @param name The connection's.
   * @param error What it threw.
   */
  thrown(name: string, error: unknown): unknown {
    return kindByClass(error) === 'connection' ? this.failure(name, error) : this.cleaned(error);
  }

  private isIn(error: unknown): boolean {
    if (this.texts.length === 0) {
      return false;
    }
    const everything = inspect(error, { depth: 5, maxStringLength: Infinity });
    return this.redacted(everything) !== everything;
  }
}
