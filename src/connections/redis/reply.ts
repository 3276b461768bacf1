/** What an error that Redis replies with means. */
import { RejectedError, TemporaryError } from '../../errors.js';
import type { Secrets } from '../secrets.js';

/** The server will take events later, perhaps soon. */
const busy: ReadonlySet<string> = new Set([
  'BUSY',
  'CLUSTERDOWN',
  'LOADING',
  'MASTERDOWN',
  'MISCONF',
  'NOREPLICAS',
  'OOM',
  'TRYAGAIN',
]);

/** Not the server is wrong but the event. */
const tooLarge = 'ERR Elements are too large';

/**
 * The error of a send that was answered with an error.
 * @param reply The client's error for it.
 * @param name The connection's.
 * @param secrets What must not be in the error.
 */
export function errorOf(reply: Error, name: string, secrets: Secrets): Error {
  const failure = secrets.failure(name, reply);
  const { message } = failure;
  const options = failure.cause === undefined ? {} : { cause: failure.cause };
  const [code = ''] = reply.message.split(' ', 1);
  if (busy.has(code)) {
    return new TemporaryError(message, options);
  }
  return reply.message.startsWith(tooLarge) ? new RejectedError(message, options) : failure;
}
