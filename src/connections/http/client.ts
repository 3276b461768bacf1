/** An open HTTP connection: its sockets, and whether there is still somebody at the other end. */
import { setMaxListeners } from 'node:events';
import {
  asyncScheduler,
  defer,
  exhaustMap,
  fromEvent,
  ignoreElements,
  interval,
  lastValueFrom,
  merge,
  mergeMap,
  NEVER,
  Observable,
  take,
  throttleTime,
  throwError,
  timeout,
  timer,
} from 'rxjs';
import { buildConnector, Client, Pool } from 'undici';
import type { BatchAnswer } from '../../connection.js';
import type { ReadyClient } from '../readyConnection.js';
import type { Delivery } from './delivery.js';
import type { Endpoint } from './endpoint.js';
import type { HttpSettings } from './options.js';

/** How soon we look after an endpoint again that has closed a socket, in milliseconds. */
const lookPeriod = 1_000;

/** Sockets to one endpoint. */
export class HttpClient<T, R> implements ReadyClient<T, R> {
  /** Carries events. */
  private readonly pool: Pool;
  /** Asks for health, on a socket of its own: events may take long. */
  private readonly asker: Client;
  private readonly connect: buildConnector.connector;

  /**
   * @param endpoint Where they lead.
   * @param settings The connection's.
   * @param delivery What it carries, and asks for its health.
   * @param life When it is aborted, every socket is destroyed, also one that is not open yet: undici by
   * itself would first wait for it to open.
   */
  constructor(
    private readonly endpoint: Endpoint,
    private readonly settings: HttpSettings<T, R>,
    private readonly delivery: Delivery<T, R>,
    life: AbortSignal,
  ) {
    const { tls, window } = settings;
    // Each socket listens to it.
    setMaxListeners(0, life);
    // How long opening and sending take is for the balancer to bound. Node's sockets take a signal; undici's
    // types have it for those without TLS only.
    this.connect = buildConnector({ timeout: 0, ...tls, signal: life } as buildConnector.BuildOptions);
    const options = { connect: this.connect, headersTimeout: 0, bodyTimeout: 0 };
    this.pool = new Pool(endpoint.origin, {
      ...options,
      // Where the window is no fixed number, as many as are needed: no more are busy than it allows.
      connections: Number.isFinite(window) ? Number(window) : null,
    });
    this.asker = new Client(endpoint.origin, options);
  }

  /** Resolves when there is somebody at the other end; where there is not, it closes and rejects. */
  async reached(): Promise<this> {
    try {
      await lastValueFrom(this.look$, { defaultValue: undefined });
      return this;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Sends one event. The stream gives its value. */
  one(event: T): Observable<R> {
    return this.delivery.one(this.pool, event);
  }

  /** Sends many events in one request, or in as many as the endpoint takes. The stream gives results. */
  many(events: readonly T[]): Observable<BatchAnswer<R>> {
    return this.delivery.many(this.pool, events);
  }

  /** Resolves when no socket is left. */
  async close(): Promise<void> {
    await Promise.all([this.pool.destroy(), this.asker.destroy()]);
  }

  /** Errors when there is nobody at the other end any more. */
  readonly lost$ = defer(() => {
    const { look } = this.settings;
    const closed$ = fromEvent(this.pool, 'disconnect').pipe(
      throttleTime(lookPeriod, asyncScheduler, { leading: true, trailing: true }),
      // One that is going closes its sockets first, and may still listen for a moment.
      mergeMap(() => timer(0, lookPeriod).pipe(take(2))),
    );
    const due$ = look.interval === Infinity ? NEVER : interval(look.interval);
    return merge(closed$, due$).pipe(
      exhaustMap(() => this.look$),
      ignoreElements(),
    );
  });

  /** Completes when the endpoint is well: its health path has answered, or a socket to it could be opened. */
  private readonly look$ = defer(() => {
    const { name, look } = this.settings;
    const { path, timeout: limit } = look;
    const well$ = path === undefined ? this.touch$ : this.delivery.ask(this.asker, path);
    const what = path === undefined ? 'connecting' : path.replace(/\?.*/, '');
    const tooLate = (): Observable<never> =>
      throwError(() => new Error(`${name}: ${what} took longer than ${limit} ms`));
    return limit === Infinity ? well$ : well$.pipe(timeout({ first: limit, with: tooLate }));
  });

  /** Opens a socket and closes it again. */
  private readonly touch$ = new Observable<never>((subscriber) => {
    const { hostname, protocol, port } = this.endpoint;
    this.connect({ hostname, host: hostname, protocol, port }, (error, socket) => {
      if (error === null) {
        socket.destroy();
        subscriber.complete();
      } else {
        const { name, secrets } = this.settings;
        subscriber.error(secrets.failure(name, error));
      }
    });
  });
}
