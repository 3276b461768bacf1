/** When it is of no use to ask a consumer again. */
import { messageOf } from '../connections/messageOf.js';
import { UnfitConsumerError } from './consumerFacts.js';

/** JetStream's own codes: there is no such consumer, there is no such stream. */
const goneCodes: ReadonlySet<unknown> = new Set([10014, 10059]);

/** The status of a request that the server does not understand. */
const badRequest = 400;

/** The server will not do what it is asked, however often. */
const refusals: ReadonlySet<unknown> = new Set(['PermissionViolationError', 'InvalidArgumentError']);

/**
 * Whether it is of no use to try again, and why.
 * @param who The function that was called with the consumer, for the error.
 * @param title What the consumer is called.
 * @param error What went wrong.
 * @returns An error to end with; `undefined` when the next try may go well.
 */
export function hopelessness(who: string, title: string, error: unknown): Error | undefined {
  if (error instanceof UnfitConsumerError) {
    return error;
  }
  const reasons = causesOf(error);
  const said = messageOf(error);
  if (reasons.some(({ code }) => goneCodes.has(code))) {
    return new Error(`${who}: ${title} is gone: ${said}`, { cause: error });
  }
  if (reasons.some(({ name }) => name === 'DrainingConnectionError')) {
    return new Error(`${who}: the connection to NATS is being drained`, { cause: error });
  }
  if (reasons.some(({ name }) => name === 'ClosedConnectionError')) {
    return new Error(
      `${who}: the connection to NATS is closed: to wait for a lost server, connect with maxReconnectAttempts: -1`,
      { cause: error },
    );
  }
  return reasons.some(({ code, name }) => code === badRequest || refusals.has(name))
    ? new Error(`${who}: ${title}: ${said}`, { cause: error })
    : undefined;
}

/** An error, and the one behind it: the client wraps some. */
function causesOf(error: unknown): readonly { readonly code?: unknown; readonly name?: unknown }[] {
  return [error, (error as { readonly cause?: unknown } | null | undefined)?.cause].filter(isObject);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
