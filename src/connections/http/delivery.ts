/** From events to requests, and from answers to what became of the events. */
import { catchError, defer, map, of, repeat, takeWhile, throwError, type Observable } from 'rxjs';
import type { Dispatcher } from 'undici';
import type { ItemResult } from '../../connection.js';
import { TemporaryError } from '../../errors.js';
import { wrongType } from '../../internal/expect.js';
import { kindByClass } from '../../internal/target.js';
import { encodedBy, EncodingError, expectBody } from '../encoding.js';
import { errorOf, isDivisible, isSuccess, type HttpAnswer } from './answer.js';
import type { Endpoint } from './endpoint.js';
import { exchange, type HttpRequest, type Reading } from './exchange.js';
import { checkedHeaders, type HttpHeaders } from './headers.js';
import type { HttpSettings } from './options.js';
import { messageOf } from '../messageOf.js';

type Results<R> = readonly ItemResult<R>[];

/** Some of the events of a batch, and the place of the first one. */
interface Part<T> {
  readonly events: readonly T[];
  readonly start: number;
}

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
    private readonly settings: Pick<
      HttpSettings<T, R>,
      'name' | 'format' | 'headers' | 'maxResponseSize' | 'secrets'
    >,
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
        events.length > 1 && mayPass(error)
          ? this.divided(dispatcher, { events, start: 0 })
          : throwError(() => error),
      ),
    );
  }

  /**
   * Sends the parts of a batch, one after the other. Large and small ones in turns: wherever in the batch the
   * refused events are, and however many, something is soon delivered, and so the send makes progress.
   */
  private divided(dispatcher: Dispatcher, whole: Part<T>): Observable<Results<R>> {
    const parts: Part<T>[] = halvesOf(whole);
    let isLarge = false;
    return defer(() => {
      isLarge = !isLarge;
      const [part = whole] = parts.splice(isLarge ? 0 : -1, 1);
      const divide = (refused: Part<T>): void => {
        // The largest ones stay in front.
        const halves = halvesOf(refused);
        const [, { events: lesser }] = halves;
        const smaller = parts.findIndex(({ events }) => events.length < lesser.length);
        parts.splice(smaller === -1 ? parts.length : smaller, 0, ...halves);
      };
      return this.part(dispatcher, part, divide);
    }).pipe(
      repeat(),
      // eslint-disable-next-line rxjs-x/no-ignored-takewhile-value -- what is left tells the end, not what came
      takeWhile(() => parts.length > 0, true),
    );
  }

  /** Sends a part of a batch, and names its events by their place in the batch; none when it is to be divided. */
  private part(
    dispatcher: Dispatcher,
    part: Part<T>,
    divide: (part: Part<T>) => void,
  ): Observable<Results<R>> {
    const { events, start } = part;
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
        if (events.length > 1) {
          divide(part);
          return of<Results<R>>([]);
        }
        return of<Results<R>>([{ index: start, status: 'failed', error }]);
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
      valueOf(this.checked(read?.(answer, events))),
    );
    return exchange(dispatcher, () => this.requestOf(events), reading);
  }

  /** The results of a user's reader; `undefined` when it gives none, and all events are delivered. */
  private checked(results: unknown): Results<R> | undefined {
    if (results === undefined) {
      return undefined;
    }
    if (!Array.isArray(results)) {
      throw wrongType('read', 'results', 'an array, or undefined', results);
    }
    return results.length === 0
      ? undefined
      : (results as Results<R>).map((result) =>
          result.status === 'failed'
            ? { ...result, error: this.settings.secrets.cleaned(result.error) }
            : result,
        );
  }

  /** What cannot be written can be sent nowhere. */
  private requestOf(events: readonly T[]): HttpRequest {
    return encodedBy((all: readonly T[]) => {
      const { body, headers } = this.settings.format.encode(all);
      expectBody('body', body);
      return { method: 'POST', path: this.endpoint.path, headers: this.headersWith(headers), body };
    }, events);
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
    const { name, maxResponseSize: limit, secrets } = this.settings;
    const failure = (error: unknown): unknown => secrets.thrown(name, error);
    const read = (answer: HttpAnswer): V => {
      if (!isSuccess(answer.status)) {
        throw errorOf(answer, name, this.endpoint, secrets);
      }
      try {
        return valueOf(answer);
      } catch (error) {
        throw failure(error);
      }
    };
    return { needsBody, limit, read, failure };
  }
}

function halvesOf<T>({ events, start }: Part<T>): [Part<T>, Part<T>] {
  const middle = Math.ceil(events.length / 2);
  return [
    { events: events.slice(0, middle), start },
    { events: events.slice(middle), start: start + middle },
  ];
}

/** The value of the only event. As in a batch, its own error does not break the connection. */
function onlyOf<R>(results: Results<R>): R {
  const result = results.find(({ index }) => index === 0);
  if (result?.status === 'delivered') {
    return result.value as R;
  }
  const error: unknown = result === undefined ? new Error('expected a result for the event') : result.error;
  throw kindByClass(error) === 'connection' ? new TemporaryError(messageOf(error), { cause: error }) : error;
}

/** Whether a part of what failed like this may be delivered. */
function mayPass(error: unknown): boolean {
  return error instanceof EncodingError || isDivisible(error);
}
