/** An open WebSocket: what was sent over it, and waits for its answer. */
import { Observable, Subject, Subscription } from 'rxjs';
import { webSocket, type WebSocketSubject, type WebSocketSubjectConfig } from 'rxjs/webSocket';
import type { BatchAnswer } from '../../connection.js';
import { TemporaryError } from '../../errors.js';
import { encodedBy, expectBody } from '../encoding.js';
import { messageOf } from '../messageOf.js';
import type { ReadyClient } from '../readyConnection.js';
import { replyFrom, type Reply } from './answer.js';
import { resultsOf, writtenBatch } from './batch.js';
import type { Endpoint } from './endpoint.js';
import type { WebSocketSettings } from './options.js';
import type { WebSocketConstructor } from './socket.js';

/** What becomes of an answer. */
type Settle<R> = (reply: Reply<R>) => void;

/**
 * One WebSocket, on RxJS's own `webSocket`.
 *
 * A new subject each time: one that is used again can be reset by a late event of the socket before.
 */
export class WebSocketClient<T, R> implements ReadyClient<T, R> {
  private readonly lost = new Subject<never>();
  readonly lost$ = this.lost.asObservable();
  /** By the id of what was sent. Ids are not used again, so a late answer finds nobody. */
  private readonly waiting = new Map<number, Settle<R>>();
  private readonly socket: WebSocketSubject<unknown>;
  private readonly open_ = new Subscription();
  private lastId = 0;
  /** Why nothing can be sent any more. */
  private end: Error | undefined;
  /** How the server has closed, when it has done so in order. */
  private closed: unknown;

  /**
   * Opens one.
   * @param Ctor What makes it.
   * @param endpoint Where it leads.
   * @param settings The connection's.
   * @param life Aborted when it is not wanted any more.
   */
  static async open<T, R>(
    Ctor: WebSocketConstructor,
    endpoint: Endpoint,
    settings: WebSocketSettings<T, R>,
    life: AbortSignal,
  ): Promise<WebSocketClient<T, R>> {
    life.throwIfAborted();
    return new Promise((resolve, reject) => {
      const client = new WebSocketClient<T, R>(Ctor, endpoint, settings, () => {
        resolve(client);
      });
      client.lost$.subscribe({ error: reject });
      life.addEventListener('abort', () => {
        client.close();
      });
    });
  }

  private constructor(
    Ctor: WebSocketConstructor,
    { url }: Endpoint,
    private readonly settings: WebSocketSettings<T, R>,
    opened: () => void,
  ) {
    const { name, decode, protocol, redaction } = settings;
    this.socket = webSocket<unknown>({
      url,
      ...(protocol === undefined ? {} : { protocol }),
      WebSocketCtor: Ctor as NonNullable<WebSocketSubjectConfig<unknown>['WebSocketCtor']>,
      binaryType: 'arraybuffer',
      openObserver: { next: opened },
      closeObserver: {
        next: (event) => {
          this.closed = event;
        },
      },
      serializer: (message) => message as string,
      deserializer: ({ data }: { readonly data: unknown }) =>
        replyFrom<R>(decode(data as string | ArrayBuffer), name, redaction),
    });
    this.open_.add(
      (this.socket as Observable<unknown>).subscribe({
        next: (reply) => {
          if (reply !== undefined) {
            this.waiting.get((reply as Reply<R>).id)?.(reply as Reply<R>);
          }
        },
        error: (error: unknown) => {
          this.fail(error);
        },
        complete: () => {
          this.fail(this.closed);
        },
      }),
    );
  }

  one(event: T): Observable<R> {
    return new Observable((subscriber) => {
      const id = ++this.lastId;
      const message = this.written(id, [event]);
      subscriber.add(() => this.waiting.delete(id));
      this.send(id, message, ({ value, failure, results }) => {
        if (failure !== undefined) {
          subscriber.error(failure);
        } else if (results !== undefined) {
          subscriber.error(new Error(`${this.settings.name}: expected one result, got those of a batch`));
        } else {
          subscriber.next(value as R);
          subscriber.complete();
        }
      });
    });
  }

  many(events: readonly T[]): Observable<BatchAnswer<R>> {
    return new Observable((subscriber) => {
      const { letters, refused } = writtenBatch(this.lastId + 1, events, this.written);
      this.lastId += letters.length;
      if (refused.length > 0) {
        subscriber.next(refused);
      }
      let left = letters.length;
      const isOne = left === 1;
      for (const letter of letters) {
        this.send(letter.id, letter.message, (said) => {
          this.waiting.delete(letter.id);
          const reply = this.withoutGap(said, letter.size);
          const { failure } = reply;
          if (failure !== undefined && (isOne || failure === this.end)) {
            subscriber.error(failure);
            return;
          }
          subscriber.next(resultsOf(reply, letter));
          if (--left === 0) {
            subscriber.complete();
          }
        });
      }
      subscriber.add(() => {
        for (const { id } of letters) {
          this.waiting.delete(id);
        }
      });
      if (left === 0) {
        subscriber.complete();
      }
    });
  }

  close(): void {
    this.open_.unsubscribe();
    if (this.end === undefined) {
      this.end = new Error(`${this.settings.name}: closed`);
      // Whoever closes it cancels what is in flight; what is left then is told.
      void Promise.resolve(this.end).then((error) => {
        this.settleAll(error);
      });
    }
  }

  /** Results that name no event would acknowledge all of them. */
  private withoutGap(reply: Reply<R>, size: number): Reply<R> {
    const { id, results } = reply;
    return results?.length === 0
      ? { id, failure: new TemporaryError(`${this.settings.name} answered for none of ${size} events`) }
      : reply;
  }

  private send(id: number, message: string | Uint8Array, settle: Settle<R>): void {
    if (this.end !== undefined) {
      // The subject would keep it for a socket to come.
      throw this.end;
    }
    this.waiting.set(id, settle);
    this.socket.next(message);
  }

  /** What cannot be written can be sent nowhere. */
  private readonly written = (id: number, events: readonly T[]): string | Uint8Array => {
    return encodedBy((all: readonly T[]) => {
      const message: unknown = this.settings.encode(id, all);
      expectBody('encoded message', message);
      return message;
    }, events);
  };

  /** The socket is of no use any more. */
  private fail(reason: unknown): void {
    const { name, redaction } = this.settings;
    const error = new Error(`${name}: ${redaction.shown(saidBy(reason))}`);
    this.end ??= error;
    // The connection is broken: that settles what is in flight, as one failure.
    this.lost.error(error);
    this.settleAll(error);
  }

  private settleAll(error: Error): void {
    for (const [id, settle] of [...this.waiting]) {
      settle({ id, failure: error });
    }
  }
}

/** What an error, or an event of a socket, says. A browser's error event says nothing: that is left to its console. */
function saidBy(reason: unknown): string {
  if (reason instanceof Error) {
    return messageOf(reason);
  }
  const { error, message, code, reason: why } = reason as Partial<CloseEvent & ErrorEvent>;
  if (code !== undefined) {
    return `closed: ${code} ${why ?? ''}`;
  }
  const said = error instanceof Error ? messageOf(error) : (message ?? '');
  return said === '' ? 'the WebSocket has failed' : said;
}

/** What a socket says when it has closed. */
interface CloseEvent {
  readonly code: number;
  readonly reason: string;
}

/** What a socket says when it has failed, where it says anything. */
interface ErrorEvent {
  readonly error: unknown;
  readonly message: string;
}
