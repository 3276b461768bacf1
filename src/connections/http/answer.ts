/** What a server answered, and what that means to the balancer. */
import { STATUS_CODES, type IncomingHttpHeaders } from 'node:http';
import { RejectedError, TemporaryError } from '../../errors.js';
import type { Endpoint } from './endpoint.js';
import { retryAfterOf } from './retryAfter.js';
import type { Secrets } from '../secrets.js';

/** An answer to a request. */
export interface HttpAnswer {
  /** The status. */
  readonly status: number;
  /** The headers; their names are in lower case. */
  readonly headers: IncomingHttpHeaders;
  /** The body, as it came. */
  readonly body: Buffer;
}

/** The server will take other requests later, perhaps soon. */
const busy: ReadonlySet<number> = new Set([408, 423, 425, 429, 503]);

/** Not the event is wrong but the endpoint, or who asks it: no event would be taken. */
const barred: ReadonlySet<number> = new Set([401, 402, 403, 407, 421, 426]);

/** A refusal that may be the fault of one event in a batch, or of its size. */
const divisible: ReadonlySet<number> = new Set([400, 413, 422]);

/** How much of a body is looked at for an error, in bytes. */
const excerptSize = 3_200;

/**
 * A server answered with a status that is not a success.
 *
 * By itself it breaks the connection. Where the status means that the server is busy or refuses the event,
 * it is the `cause` of the `TemporaryError` or `RejectedError`.
 *
 * @example
 * ```ts
 * import { deadLetter } from 'rxjs-load-balance';
 * import { HttpStatusError } from 'rxjs-load-balance/http';
 *
 * const statusOf = (error: unknown): number | undefined => {
 *   const cause = error instanceof Error ? error.cause : undefined;
 *   return cause instanceof HttpStatusError ? cause.status : undefined;
 * };
 *
 * export const report = deadLetter(({ event, error }) => {
 *   console.error(event, statusOf(error));
 * });
 * ```
 */
export class HttpStatusError extends Error {
  override readonly name = 'HttpStatusError';

  /**
   * @param message Who answered what.
   * @param status The status.
   */
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

/**
 * Whether an answer says that the request was taken.
 * @param status The answer's.
 */
export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

/**
 * What an answer means that is not a success.
 * @param answer The answer.
 * @param name Who gave it.
 * @param endpoint Where it came from.
 * @param secrets What must not be in the error.
 * @returns The error of the send.
 */
export function errorOf(answer: HttpAnswer, name: string, endpoint: Endpoint, secrets: Secrets): Error {
  const { status, headers } = answer;
  const cause = new HttpStatusError(`${name} answered ${said(answer, endpoint, secrets)}`, status);
  const { message } = cause;
  if (busy.has(status)) {
    const retryAfter = retryAfterOf(one(headers['retry-after']), one(headers.date), Date.now());
    return new TemporaryError(message, retryAfter === undefined ? { cause } : { cause, retryAfter });
  }
  return status >= 400 && status < 500 && !barred.has(status) ? new RejectedError(message, { cause }) : cause;
}

/**
 * Whether a smaller part of a batch may be taken that was refused like this.
 * @param error The error of the send.
 */
export function isDivisible(error: unknown): boolean {
  return (
    error instanceof RejectedError &&
    error.cause instanceof HttpStatusError &&
    divisible.has(error.cause.status)
  );
}

function said({ status, headers, body }: HttpAnswer, endpoint: Endpoint, secrets: Secrets): string {
  const what = `${status} ${STATUS_CODES[status] ?? ''}`.trim();
  const location = one(headers.location);
  if (status < 400 && location !== undefined) {
    return `${what}: redirects are not followed, this one leads to ${secrets.shown(endpoint.destination(location))}`;
  }
  const excerpt = secrets.shown(body.toString('utf8', 0, excerptSize), body.length > excerptSize);
  return excerpt === '' ? what : `${what}: ${excerpt}`;
}

/** The first of several headers of one name, which undici gives as an array, whatever the types say. */
function one(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === 'object' ? header[0] : header;
}
