/** From events to requests, and from answers to what became of the events. */
import { catchError, concat, map, of, throwError, type Observable } from 'rxjs';
import { errors, type Dispatcher } from 'undici';
import type { ItemResult } from '../../connection.js';
import { RejectedError, TemporaryError } from '../../errors.js';
import { wrongType } from '../../internal/expect.js';
import { errorOf, isDivisible, isSuccess, type HttpAnswer } from './answer.js';
import type { Endpoint } from './endpoint.js';
import { exchange, type HttpRequest, type Reading } from './exchange.js';
import { checkedHeaders, type HttpHeaders } from './headers.js';
import type { HttpSettings } from './options.js';

type Results<R> = readonly ItemResult<R>[];

/** Events that cannot be written, at least not together. */
class EncodingError extends RejectedError {}

/** Delivers events to one endpoint. */
export class Delivery<T, R> {
  /** The last headers of the format that cannot change, and what is sent for them. */
  private constant: { readonly given: HttpHeaders | undefined; readonly sent: Record<string, string> };

  /**
   * @param endpoint Where to.
   * @param settings The connection's: its name, how events are written and answers are read.
   */
  constructor(
    private readonly endpoint: Endpoint,
    private readonly settings: Pick<HttpSettings<T, R>, 'name' | 'format' | 'headers' | 'maxResponseSize'>,
  ) {
    this.constant = { given: undefined, sent: settings.headers };
  }

  /** Asks for a resource of the endpoint; anything but a success is an error. */
  ask(dispatcher: Dispatcher, path: string): Observable<unknown> {
    const { headers } = this.settings;
    return exchange(
      dispatcher,
      () => ({ method: 'GET', path, headers }),
      this.reading(false, () => undefined),
    );
  }

  /** Sends one event. The stream gives its value. */
  one(dispatcher: Dispatcher, event: T): Observable<R> {
    return this.post(dispatcher, [event], (results) =>
      results === undefined ? (undefined as R) : onlyOf(results),
    );
  }

  /**
   * Sends many events. Where the whole is refused and a part of it may not be, its halves are sent instead,
   * and so on: only an event that is refused by itself is rejected.
   */
  many(dispatcher: Dispatcher, events: readonly T[]): Observable<Results<R> | undefined> {
    return this.post(dispatcher, events, (results) => results).pipe(
      catchError((error: unknown) =>
        events.length > 1 && mayPass(error) ? this.halves(dispatcher, events, 0) : throwError(() => error),
      ),
    );
  }

  private halves(dispatcher: Dispatcher, events: readonly T[], start: number): Observable<Results<R>> {
    const middle = Math.ceil(events.length / 2);
    return concat(
      this.part(dispatcher, events.slice(0, middle), start),
      this.part(dispatcher, events.slice(middle), start + middle),
    );
  }

  /** A part of a batch names all of its events, by their place in the batch. */
  private part(dispatcher: Dispatcher, events: readonly T[], start: number): Observable<Results<R>> {
    const all = events.map((_, index): ItemResult<R> => ({ index, status: 'delivered' }));
    return this.post(dispatcher, events, (results = all) => results).pipe(
      map((results) =>
        results.map((result) => ({
          ...result,
          // One that names none of them must not come to name another part's.
          index: result.index in events ? start + result.index : NaN,
        })),
      ),
      catchError((error: unknown) => {
        if (!mayPass(error)) {
          return throwError(() => error);
        }
        return events.length > 1
          ? this.halves(dispatcher, events, start)
          : of<Results<R>>([{ index: start, status: 'failed', error }]);
      }),
    );
  }

  private post<V>(
    dispatcher: Dispatcher,
    events: readonly T[],
    valueOf: (results: Results<R> | undefined) => V,
  ): Observable<V> {
    const { read } = this.settings.format;
    const reading = this.reading(read !== undefined, (answer) =>
      valueOf(read?.(answer, events)?.map((result) => this.withoutSecrets(result))),
    );
    return exchange(dispatcher, () => this.requestOf(events), reading);
  }

  /** What cannot be written can be sent nowhere. */
  private requestOf(events: readonly T[]): HttpRequest {
    try {
      const { body, headers } = this.settings.format.encode(events);
      if (typeof body !== 'string' && !((body as unknown) instanceof Uint8Array)) {
        throw wrongType('encode', 'body', 'a string or a Uint8Array', body);
      }
      const { path } = this.endpoint;
      return {
        method: 'POST',
        path,
        headers: this.headersWith(headers),
        body,
        idempotent: true,
        blocking: false,
      };
    } catch (error) {
      throw new EncodingError(`cannot encode: ${messageOf(error)}`, { cause: error });
    }
  }

  private headersWith(given: HttpHeaders | undefined): Record<string, string> {
    const { constant, settings } = this;
    if (given === constant.given) {
      return constant.sent;
    }
    const checked = given === undefined ? {} : checkedHeaders(settings.name, 'headers', given);
    const sent = { ...checked, ...settings.headers };
    if (Object.isFrozen(given)) {
      this.constant = { given, sent };
    }
    return sent;
  }

  private reading<V>(needsBody: boolean, valueOf: (answer: HttpAnswer) => V): Reading<V> {
    const { name, maxResponseSize: limit } = this.settings;
    const failure = (error: unknown): unknown => this.failure(error);
    const read = (answer: HttpAnswer): V => {
      if (!isSuccess(answer.status)) {
        throw errorOf(answer, name, this.endpoint);
      }
      try {
        return valueOf(answer);
      } catch (error) {
        throw failure(error);
      }
    };
    return { needsBody, limit, read, failure };
  }

  /** A server may say why it refused an event in words that were sent to it. */
  private withoutSecrets(result: ItemResult<R>): ItemResult<R> {
    const error = result.status === 'failed' ? result.error : undefined;
    if (!isKnown(error) || this.endpoint.redacted(error.message) === error.message) {
      return result;
    }
    const message = this.endpoint.shown(error.message);
    const { index } = result;
    return {
      index,
      status: 'failed',
      error:
        error instanceof RejectedError
          ? new RejectedError(message)
          : new TemporaryError(
              message,
              error.retryAfter === undefined ? {} : { retryAfter: error.retryAfter },
            ),
    };
  }

  /** An error that says where it happened, and nothing that must not be shown. */
  private failure(error: unknown): unknown {
    if (isKnown(error)) {
      return error;
    }
    const message = `${this.settings.name}: ${this.endpoint.shown(messageOf(error))}`;
    // This one carries what the server wrote, and that may be what was sent to it.
    return error instanceof errors.HTTPParserError
      ? new Error(message)
      : new Error(message, { cause: error });
  }
}

/** The value of the only event. As in a batch, its own error does not break the connection. */
function onlyOf<R>(results: Results<R>): R {
  const result = results.find(({ index }) => index === 0);
  if (result?.status === 'delivered') {
    return result.value as R;
  }
  const error: unknown = result === undefined ? new Error('expected a result for the event') : result.error;
  throw isKnown(error) ? error : new TemporaryError(messageOf(error), { cause: error });
}

/** Whether a part of what failed like this may be delivered. */
function mayPass(error: unknown): boolean {
  return error instanceof EncodingError || isDivisible(error);
}

/** Whether an error says itself what it means. */
function isKnown(error: unknown): error is TemporaryError | RejectedError {
  return error instanceof TemporaryError || error instanceof RejectedError;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
