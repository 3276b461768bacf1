/** The `_bulk` requests of Elasticsearch and OpenSearch: many documents, and an answer for each. */
import type { ItemResult } from '../../connection.js';
import { RejectedError, TemporaryError } from '../../errors.js';
import { expectFunction, expectObject, wrongType } from '../../internal/expect.js';
import { jsonText } from '../encoding.js';
import { HttpStatusError, isSuccess, type HttpAnswer } from './answer.js';
import { parsed, type HttpFormat } from './format.js';

/** Options of {@link bulk}. */
export interface BulkOptions<T> {
  /** `index` writes over a document of the same id; `create` does not, and data streams take nothing else. Default `index`. */
  readonly action?: 'index' | 'create';
  /** The index or data stream. Default: the one that the URL names. */
  readonly index?: string;
  /**
   * A document's id. With one, an event that is sent again because an answer was lost is no second document.
   * Default: the server makes one up.
   */
  readonly id?: (event: T) => string;
  /** A document's routing. Default: by its id. */
  readonly routing?: (event: T) => string;
  /** The document of an event: what JSON can write. Default: the event. */
  readonly document?: (event: T) => unknown;
}

/** What the server says of one document; it says more than is named here. */
export interface BulkItem {
  /** As an answer to a request of its own would have it. */
  readonly status: number;
  /** The document's id. */
  readonly _id?: string;
  /** Why it was not taken. */
  readonly error?: unknown;
}

/**
 * The `_bulk` shape of Elasticsearch and OpenSearch, with a result for each document.
 *
 * *One document that is refused does not hold up the others.*
 *
 * | an item's status | its event |
 * |---|---|
 * | 200 to 299, and 409 of `create` (it is there already) | delivered; the item is the outcome's value |
 * | 408, 429, 500 to 599 | failed with a `TemporaryError`: put back |
 * | any other | failed with a `RejectedError`: dropped |
 *
 * The error's `cause` is an `HttpStatusError` with the item's status. An event without an item in the answer
 * has failed. An answer that is not of this shape breaks the
 * connection.
 *
 * ```text
 * source:      (abc|)
 * send(abc):   ---(r|)      items: a 201, b 429, c 400
 * send(b):            ---(r|)
 * output:      ---(aC)---(b|)
 * ```
 *
 * @example
 * ```ts
 * import { bulk, httpConnection } from 'rxjs-load-balance/http';
 *
 * export const elasticsearch = httpConnection('https://user:password@localhost:9200/logs/_bulk', {
 *   format: bulk({ id: (event: { id: string }) => event.id }),
 *   batch: { size: 1_000, linger: 100 },
 *   window: 2,
 * });
 * ```
 * @param options What each document's action says.
 * @returns The format.
 * @throws TypeError when an option is not what it should be.
 * @see https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk
 */
export function bulk<T = unknown>(options: BulkOptions<T> = {}): HttpFormat<T, BulkItem> {
  expectObject('bulk', 'options', options);
  const { action = 'index', index, id, routing, document = (event: T): unknown => event } = options;
  if ((action as string) !== 'index' && (action as string) !== 'create') {
    throw wrongType('bulk', 'action', "'index' or 'create'", action);
  }
  if (index !== undefined && typeof (index as unknown) !== 'string') {
    throw wrongType('bulk', 'index', 'a string', index);
  }
  for (const [name, value] of Object.entries({ id, routing, document })) {
    if (value !== undefined) {
      expectFunction('bulk', name, value);
    }
  }
  // What JSON cannot write is left out: an action without an index has none.
  const lines = (event: T): string =>
    `${jsonText({ [action]: { _index: index, _id: id?.(event), routing: routing?.(event) } })}\n${jsonText(document(event))}\n`;
  const headers = Object.freeze({ 'content-type': 'application/x-ndjson' });
  return {
    encode: (events) => ({ body: events.map(lines).join(''), headers }),
    read: (answer, events) => resultsOf(answer, events.length, action),
  };
}

function resultsOf(answer: HttpAnswer, count: number, action: string): ItemResult<BulkItem>[] {
  const { items } = objectOf(parsed(answer.body.toString()));
  if (!Array.isArray(items) || items.length > count) {
    throw new Error(`expected at most ${count} items, got ${Array.isArray(items) ? items.length : 'none'}`);
  }
  return Array.from({ length: count }, (_, index) => {
    if (index >= items.length) {
      return {
        index,
        status: 'failed',
        error: new TemporaryError('the answer has no item for the document'),
      };
    }
    const item = objectOf(objectOf(items[index])[action]) as Partial<BulkItem>;
    const { status } = item;
    if (typeof status !== 'number') {
      throw new Error(`expected each item to be \`${action}\` with a status`);
    }
    return isSuccess(status) || (status === 409 && action === 'create')
      ? { index, status: 'delivered', value: { ...item, status } }
      : { index, status: 'failed', error: errorOf({ ...item, status }) };
  });
}

function errorOf({ status, error }: BulkItem): Error {
  const { type, reason } = objectOf(error);
  const why = [type, reason].filter((part) => typeof part === 'string').join(': ');
  const message = `the document was answered ${status}`;
  const cause = new HttpStatusError(message, status);
  const whole = why === '' ? message : `${message} ${why}`;
  return status === 408 || status === 429 || status >= 500
    ? new TemporaryError(whole, { cause })
    : new RejectedError(whole, { cause });
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
