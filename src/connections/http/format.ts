/** How events are written into requests and answers are read: JSON in its three usual forms. */
import type { ItemResult } from '../../connection.js';
import { expectFunction, expectObject } from '../../internal/expect.js';
import type { HttpAnswer } from './answer.js';
import { jsonText } from '../encoding.js';
import type { HttpHeaders } from './headers.js';

/** What a request carries. */
export interface HttpBody {
  /** The bytes, or a text that is sent as UTF-8. */
  readonly body: string | Uint8Array;
  /** Headers of this request. Those of the connection's option `headers` win over them. Default: none. */
  readonly headers?: HttpHeaders;
}

/**
 * Reads a success: what became of each event. Results name the events by index; an empty list or `undefined`
 * says that all are delivered. What is thrown fails the events that have no result, and breaks the connection.
 */
export type HttpAnswerReader<T, R> = (
  answer: HttpAnswer,
  events: readonly T[],
) => readonly ItemResult<R>[] | undefined;

/** How events become a request, and what a success says of them. */
export interface HttpFormat<T, R> {
  /**
   * Writes events into a request: one event, or with `batch` up to `batch.size`. What is thrown rejects the
   * event; of a batch, only the events that cannot be written by themselves.
   */
  readonly encode: (events: readonly T[]) => HttpBody;
  /** Whether a request has room for one event only: then it does not go with `batch`. Default false. */
  readonly single?: boolean;
  /** Reads the answer to a request that was taken. Default: the status says enough, all are delivered. */
  readonly read?: HttpAnswerReader<T, R>;
}

/** Options of the JSON formats. */
export interface JsonOptions<T, R> {
  /** Reads the answer to a request that was taken. Default: the status says enough, all are delivered. */
  readonly read?: HttpAnswerReader<T, R>;
}

/**
 * One JSON text a request, `application/json`: for single events.
 *
 * @example
 * ```ts
 * import { httpConnection, json, jsonAnswer } from 'rxjs-load-balance/http';
 *
 * export const model = httpConnection('http://localhost:8080/answer', {
 *   format: json({ read: jsonAnswer }), // what it answers is the outcome's value
 * });
 * ```
 * @param options How the answer is read.
 * @returns The format.
 * @throws TypeError when an option is not what it should be.
 */
export function json<T = unknown, R = void>(options: JsonOptions<T, R> = {}): HttpFormat<T, R> {
  const write = ([event]: readonly T[]): string => jsonText(event);
  return { ...format('json', 'application/json', write, options), single: true };
}

/**
 * A JSON array a request, `application/json`.
 *
 * @example
 * ```ts
 * import { httpConnection, jsonArray } from 'rxjs-load-balance/http';
 *
 * export const collector = httpConnection('http://localhost:8080/events', {
 *   format: jsonArray(),
 *   batch: { size: 100 },
 * });
 * ```
 * @param options How the answer is read.
 * @returns The format.
 * @throws TypeError when an option is not what it should be.
 */
export function jsonArray<T = unknown, R = void>(options: JsonOptions<T, R> = {}): HttpFormat<T, R> {
  const write = (events: readonly T[]): string => `[${events.map(jsonText).join(',')}]`;
  return format('jsonArray', 'application/json', write, options);
}

/**
 * A JSON text a line, each line ended by a line feed, `application/x-ndjson`.
 *
 * @example
 * ```ts
 * import { httpConnection, ndjson } from 'rxjs-load-balance/http';
 *
 * export const collector = httpConnection('http://localhost:8080/events', {
 *   format: ndjson(),
 *   batch: { size: 500, linger: 50 },
 * });
 * ```
 * @param options How the answer is read.
 * @returns The format.
 * @throws TypeError when an option is not what it should be.
 * @see https://github.com/ndjson/ndjson-spec
 */
export function ndjson<T = unknown, R = void>(options: JsonOptions<T, R> = {}): HttpFormat<T, R> {
  const write = (events: readonly T[]): string => events.map((event) => `${jsonText(event)}\n`).join('');
  return format('ndjson', 'application/x-ndjson', write, options);
}

/**
 * Reads an answer that is one JSON text: the value of the one event.
 *
 * Malformed JSON is an error, which breaks the connection.
 *
 * @example
 * ```ts
 * import { httpConnection, json, jsonAnswer } from 'rxjs-load-balance/http';
 *
 * export const translator = httpConnection('http://localhost:8080/translate', {
 *   format: json({ read: jsonAnswer }),
 * });
 * ```
 * @param answer The answer.
 * @returns The one result; its value is what was parsed.
 * @throws Error when the body is no JSON text.
 */
export function jsonAnswer(answer: HttpAnswer): ItemResult[] {
  return [delivered(parsed(answer.body.toString()), 0)];
}

/**
 * Reads an answer that is a JSON array with an element for each event, in their order: the values.
 *
 * An array of another length is an error, which breaks the connection.
 *
 * @example
 * ```ts
 * import { httpConnection, jsonArray, jsonArrayAnswer } from 'rxjs-load-balance/http';
 *
 * export const translator = httpConnection('http://localhost:8080/translate', {
 *   format: jsonArray({ read: jsonArrayAnswer }),
 *   batch: { size: 10 },
 * });
 * ```
 * @param answer The answer.
 * @param events The events of the request.
 * @returns A result for each event; its value is the element.
 * @throws Error when the body is no JSON array, or not as long as the batch.
 */
export function jsonArrayAnswer(answer: HttpAnswer, events: readonly unknown[]): ItemResult[] {
  const values = parsed(answer.body.toString());
  if (!Array.isArray(values) || values.length !== events.length) {
    const got = Array.isArray(values) ? `${values.length} of them` : 'no array';
    throw new Error(`expected an array of ${events.length} values, got ${got}`);
  }
  return values.map(delivered);
}

/**
 * Reads an answer that is a JSON text a line, one for each event, in their order: the values.
 *
 * Another number of lines is an error, which breaks the connection. Empty lines do not count.
 *
 * @example
 * ```ts
 * import { httpConnection, ndjson, ndjsonAnswer } from 'rxjs-load-balance/http';
 *
 * export const translator = httpConnection('http://localhost:8080/translate', {
 *   format: ndjson({ read: ndjsonAnswer }),
 *   batch: { size: 10 },
 * });
 * ```
 * @param answer The answer.
 * @param events The events of the request.
 * @returns A result for each event; its value is what its line says.
 * @throws Error when a line is no JSON text, or there are more or fewer lines than events.
 */
export function ndjsonAnswer(answer: HttpAnswer, events: readonly unknown[]): ItemResult[] {
  const lines = answer.body
    .toString()
    .split('\n')
    .filter((line) => line.trim() !== '');
  if (lines.length !== events.length) {
    throw new Error(`expected ${events.length} lines, got ${lines.length}`);
  }
  return lines.map(parsed).map(delivered);
}

/**
 * Parses a JSON text.
 * @throws Error when it is none.
 */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Its message would show what the server wrote, and that could be a secret that was sent to it.
    throw new Error('expected JSON in the answer');
  }
}

function format<T, R>(
  who: string,
  type: string,
  write: (events: readonly T[]) => string,
  options: JsonOptions<T, R>,
): HttpFormat<T, R> {
  expectObject(who, 'options', options);
  const { read } = options;
  if (read !== undefined) {
    expectFunction(who, 'read', read);
  }
  const headers = Object.freeze({ 'content-type': type });
  return {
    encode: (events) => ({ body: write(events), headers }),
    ...(read === undefined ? {} : { read }),
  };
}

function delivered(value: unknown, index: number): ItemResult {
  return { index, status: 'delivered', value };
}
