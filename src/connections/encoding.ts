/** How an event is written. */
import { RejectedError } from '../errors.js';
import { wrongType } from '../internal/expect.js';
import { messageOf } from './messageOf.js';

/** Writes an event. What it throws drops the event, reason `rejected`. Bytes are not copied: give new ones each time. */
export type Encode<T> = (event: T) => string | Uint8Array;

/** An event that cannot be written can be sent nowhere. */
export class EncodingError extends RejectedError {}

/**
 * Writes what is to be sent.
 * @param encode The user's function.
 * @param event The event, or several of them.
 * @throws EncodingError when it throws.
 */
export function encodedBy<E, V>(encode: (event: E) => V, event: E): V {
  try {
    return encode(event);
  } catch (error) {
    throw encodingError(error);
  }
}

function encodingError(error: unknown): EncodingError {
  return new EncodingError(`cannot encode: ${messageOf(error)}`, { cause: error });
}

/**
 * Writes an event.
 * @param encode The user's function.
 * @param event The event.
 * @throws EncodingError when it throws, or gives neither a text nor bytes.
 */
export function encoded<T>(encode: Encode<T>, event: T): string | Uint8Array {
  try {
    const body: unknown = encode(event);
    expectBody('encoded event', body);
    return body;
  } catch (error) {
    throw encodingError(error);
  }
}

/** Throws unless the value is a text, or bytes. */
export function expectBody(name: string, value: unknown): asserts value is string | Uint8Array {
  if (typeof value !== 'string' && !(value instanceof Uint8Array)) {
    throw wrongType('encode', name, 'a string or a Uint8Array', value);
  }
}

/**
 * An event as a JSON text; of a message of NATS, what it carries.
 * @throws TypeError when it has none; SyntaxError when a message carries something else.
 */
export function jsonText(event: unknown): string {
  if (isNatsMessage(event)) {
    return jsonLine(event.string());
  }
  // What its type does not say: there is no text for undefined, a function or a symbol.
  const text = JSON.stringify(event) as string | undefined;
  if (text === undefined) {
    throw new TypeError(`expected an event that JSON can write, got ${typeof event}`);
  }
  return text;
}

/** What a worker over a stream of JetStream passes on. In itself it is of no interest, and JSON cannot write it. */
function isNatsMessage(event: unknown): event is { string(): string } {
  const { string, data } = (event ?? {}) as { readonly string?: unknown; readonly data?: unknown };
  return typeof string === 'function' && data instanceof Uint8Array;
}

/** A JSON text as it is, unless it has several lines: it may become one of many. */
function jsonLine(text: string): string {
  const value: unknown = JSON.parse(text);
  return /[\r\n]/.test(text) ? JSON.stringify(value) : text;
}
