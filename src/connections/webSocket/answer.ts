/** What a server says of what was sent to it. */
import type { ItemResult } from '../../connection.js';
import { RejectedError, TemporaryError } from '../../errors.js';
import { expectArray, expectObject, wrongType } from '../../internal/expect.js';
import type { Redaction } from '../redaction.js';

/** A server that wants to be left alone for longer is not believed: 24 hours, in milliseconds. */
const longestPause = 86_400_000;

/**
 * What became of one event. Without `error`, `retryAfter` and `rejected` it was taken. With one of them it was not:
 * it is put back and the connection pauses, or it is dropped. Where one of them is null, it is not there.
 */
export interface WebSocketResult<R = unknown> {
  /** The value of the outcome. */
  readonly value?: R;
  /**
   * Why it was not taken: a text; one that is empty, and `false`, is none. An own `decode` may also give an Error,
   * which is the error of the send as it is.
   */
  readonly error?: unknown;
  /** How long the connection pauses, in milliseconds; at most a day. Default: the balancer's `reconnectDelay`. */
  readonly retryAfter?: number | null;
  /** Whether it will never be taken. */
  readonly rejected?: boolean | null;
}

/** An answer to a send: that of its event, that of all events of its batch, or one for each of these. */
export interface WebSocketAnswer<R = unknown> extends WebSocketResult<R> {
  /** Which send it answers. */
  readonly id: number;
  /** What became of each event of a batch; one that is not named here has failed. Default: the same of all. */
  readonly results?:
    | readonly (WebSocketResult<R> & {
        /** Which event of the batch, from 0. */
        readonly index: number;
      })[]
    | null;
}

/** An answer that has been understood. */
export interface Reply<R> {
  readonly id: number;
  readonly value?: R;
  /** Why the send has failed. */
  readonly failure?: unknown;
  readonly results?: readonly ItemResult<R>[];
}

/**
 * Understands an answer.
 * @param said What `decode` gave.
 * @param name Who said it.
 * @param redaction What must not be in an error.
 * @returns It; `undefined` where it was no answer.
 * @throws TypeError or RangeError when it cannot be understood.
 */
export function replyFrom<R>(said: unknown, name: string, redaction: Redaction): Reply<R> | undefined {
  if (said === undefined) {
    return undefined;
  }
  if (typeof said !== 'object' || said === null || typeof (said as Reply<R>).id !== 'number') {
    throw wrongType('decode', 'answer', 'an object with a number as its `id`, or undefined', said);
  }
  const answer = said as WebSocketAnswer<R>;
  const { id, value, results } = answer;
  if (isFailure(answer)) {
    return { id, failure: failureOf(answer, name, redaction) };
  }
  if (isAbsent(results)) {
    return { id, value: value as R };
  }
  expectArray('decode', 'results', results);
  return {
    id,
    results: results.map((result): ItemResult<R> => {
      expectObject('decode', 'result', result);
      const { index } = result;
      return isFailure(result)
        ? { index, status: 'failed', error: failureOf(result, name, redaction) }
        : { index, status: 'delivered', value: result.value as R };
    }),
  };
}

/** Many languages write what is not there as null. */
function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

function isError(error: unknown): boolean {
  return !isAbsent(error) && error !== '' && error !== false;
}

function isFailure({ error, retryAfter, rejected }: WebSocketResult): boolean {
  return isError(error) || !isAbsent(retryAfter) || rejected === true;
}

function failureOf({ error, retryAfter, rejected }: WebSocketResult, name: string, redaction: Redaction) {
  if (error instanceof Error) {
    return error;
  }
  const nothing = rejected === true ? 'rejected' : 'later';
  const text = typeof error === 'string' ? error : (JSON.stringify(error) as string | undefined);
  const message = `${name} answered: ${redaction.shown(isError(error) ? (text ?? nothing) : nothing)}`;
  if (rejected === true) {
    return new RejectedError(message);
  }
  return new TemporaryError(
    message,
    // What is no number is refused there.
    isAbsent(retryAfter) ? {} : { retryAfter: retryAfter > longestPause ? longestPause : retryAfter },
  );
}
