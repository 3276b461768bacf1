/** An open Redis connection: its client, and whether there is still somebody at the other end. */
import {
  defer,
  exhaustMap,
  ignoreElements,
  interval,
  merge,
  NEVER,
  noop,
  ReplaySubject,
  type Observable,
} from 'rxjs';
import type { ItemResult } from '../../connection.js';
import type { ReadyClient } from '../readyConnection.js';
import type { Endpoint } from './endpoint.js';
import type * as Library from './library.js';
import type { RedisSettings } from './options.js';
import { pipelined, type Asking } from './pipeline.js';
import { errorOf } from './reply.js';

/** One life of a client: after a failure there is another one. */
export class RedisClient<T, R> implements ReadyClient<T, R>, Asking<T, R> {
  private readonly client: ReturnType<typeof Library.clientFor>;
  /** Why it is over; also for those who ask later. */
  private readonly broken$ = new ReplaySubject<Error>(1);
  private broken: Error | undefined;
  /** The last error reply: when one event is refused, those behind it often are, in the same words. */
  private last: { readonly text: string; readonly error: Error } | undefined;

  /**
   * Opens one.
   * @param library What it is made of.
   * @param endpoint Where it leads.
   * @param settings The connection's.
   * @param life When it is aborted, it ends: the socket is destroyed, also one that is not open yet.
   * @returns It, when the server has answered.
   */
  static async open<T, R>(
    library: typeof Library,
    endpoint: Endpoint,
    settings: RedisSettings<T>,
    life: AbortSignal,
  ): Promise<RedisClient<T, R>> {
    const client = new RedisClient<T, R>(library, endpoint, settings, life);
    try {
      await client.greet();
    } catch (error) {
      client.close();
      throw client.meaningOf(error);
    }
    return client;
  }

  private constructor(
    private readonly library: typeof Library,
    endpoint: Endpoint,
    private readonly settings: RedisSettings<T>,
    life: AbortSignal,
  ) {
    this.client = library.clientFor(endpoint, settings, life);
    this.client.on('error', (error: unknown) => {
      this.fail(error);
    });
    life.addEventListener('abort', () => {
      this.close();
    });
  }

  /** Emits why it is over. */
  readonly lost$ = defer(() => {
    const { pingInterval } = this.settings;
    // The next one waits for the answer: to the socket, whatever is written is a sign of life.
    const ping$ =
      pingInterval === Infinity ? NEVER : interval(pingInterval).pipe(exhaustMap(() => this.ping()));
    return merge(this.broken$, ping$.pipe(ignoreElements()));
  });

  /**
   * Sends an event, in one write with all others of this turn of the event loop.
   * @returns What Redis answers.
   * @throws EncodingError when there is no command for it.
   */
  one(event: T): Promise<R> {
    return this.ask(event).then(this.read, this.refused);
  }

  /** Sends many events, in one write. */
  many(events: readonly T[]): Observable<readonly ItemResult<R>[]> {
    return pipelined(events, this);
  }

  /** Ends it at once, with its socket. */
  close(): void {
    this.client.destroy();
  }

  /** Writes the command of an event. */
  ask(event: T): Promise<unknown> {
    return this.client.sendCommand(this.settings.commandOf(event));
  }

  /** What an answer says; it throws for one that is no acknowledgement. */
  readonly read = (answer: unknown): R => {
    const { answer: expected } = this.settings;
    if (typeof answer !== expected) {
      throw this.meaningOf(new Error(`expected a ${expected} as an answer, got ${typeof answer}`));
    }
    return answer as R;
  };

  private readonly refused = (error: unknown): never => {
    throw this.meaningOf(error);
  };

  private async greet(): Promise<void> {
    await this.client.connect();
    try {
      await this.client.sendCommand(['PING']);
    } catch (error) {
      // Whom the server does not allow to ask that, it knows.
      if (!(this.library.isReply(error) && error.message.startsWith('NOPERM '))) {
        throw error;
      }
    }
  }

  private async ping(): Promise<void> {
    // Any answer will do; without one, the client gives its socket up.
    await this.client.sendCommand(['PING']).catch(noop);
  }

  /** Whether it is over. */
  get isBroken(): boolean {
    return this.broken !== undefined;
  }

  private fail(error: unknown): void {
    if (this.broken === undefined) {
      this.broken = this.failure(isUnasked(error) ? new Error('an answer that nobody asked for') : error);
      this.broken$.next(this.broken);
      // One that cannot read an answer would go on with the next.
      this.close();
    }
  }

  /** What an error of the client means. */
  meaningOf(error: unknown): Error {
    if (!this.library.isReply(error)) {
      return this.broken ?? this.failure(error);
    }
    const { name, secrets } = this.settings;
    const { message: text } = error;
    if (this.last?.text !== text) {
      this.last = { text, error: errorOf(error, name, secrets) };
    }
    return this.last.error;
  }

  private failure(error: unknown): Error {
    const { name, secrets } = this.settings;
    return secrets.failure(name, error);
  }
}

/** The client has looked for the command that was answered, and there was none. Errors of Node have a code. */
function isUnasked(error: unknown): boolean {
  return error instanceof TypeError && !('code' in error);
}
