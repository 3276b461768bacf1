/** An open HTTP connection: its sockets, and whether there is still somebody at the other end. */
import { setMaxListeners } from 'node:events';
import {
  asyncScheduler,
  defer,
  exhaustMap,
  filter,
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
import type { Delivery } from './delivery.js';
import type { Endpoint } from './endpoint.js';
import type { HttpSettings } from './options.js';

/** How soon we look after an endpoint again that has closed a socket, in milliseconds. */
const lookPeriod = 1_000;

/** What undici gives as the reason when it closes a socket itself, because nobody has used it for long. */
const closedByUs = 'UND_ERR_INFO';

/** Sockets to one endpoint. */
export class HttpClient {
  /** Carries events. */
  readonly pool: Pool;
  /** Asks for health, on a socket of its own: events may take long. */
  private readonly asker: Client;
  private readonly connect: buildConnector.connector;

  /**
   * @param endpoint Where they lead.
   * @param settings The connection's.
   * @param delivery Asks for its health.
   * @param life When it is aborted, every socket is destroyed, also one that is not open yet: undici by
   * itself would first wait for it to open.
   */
  constructor(
    private readonly endpoint: Endpoint,
    private readonly settings: HttpSettings<never, unknown>,
    private readonly delivery: Delivery<never, unknown>,
    life: AbortSignal,
  ) {
    const { tls, pipelining, window } = settings;
    // Each socket listens to it.
    setMaxListeners(0, life);
    // Node's sockets take a signal; undici's types have it for those without TLS only.
    this.connect = buildConnector({ ...tls, signal: life } as buildConnector.BuildOptions);
    // How long a request takes is for the balancer to bound.
    const options = { connect: this.connect, headersTimeout: 0, bodyTimeout: 0 };
    this.pool = new Pool(endpoint.origin, {
      ...options,
      // Where the window is no fixed number, as many as are needed: no more are busy than it allows.
      connections: Number.isFinite(window) ? Math.ceil(Number(window) / pipelining) : null,
      pipelining,
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

  /** Resolves when no socket is left. */
  async close(): Promise<void> {
    await Promise.all([this.pool.destroy(), this.asker.destroy()]);
  }

  /** Errors when there is nobody at the other end any more. */
  readonly lost$ = defer(() => {
    const { health } = this.settings;
    const closed$ = (fromEvent(this.pool, 'disconnect') as Observable<ClosedSocket>).pipe(
      filter(([, , error]) => error.code !== closedByUs),
      throttleTime(lookPeriod, asyncScheduler, { leading: true, trailing: true }),
      // One that is going closes its sockets first, and may still listen for a moment.
      mergeMap(() => timer(0, lookPeriod).pipe(take(2))),
    );
    const due$ = health === undefined || health.interval === Infinity ? NEVER : interval(health.interval);
    return merge(closed$, due$).pipe(
      exhaustMap(() => this.look$),
      ignoreElements(),
    );
  });

  /** Completes when the endpoint is well: its health path has answered, or a socket to it could be opened. */
  private readonly look$ = defer(() => {
    const { name, health } = this.settings;
    if (health === undefined) {
      return this.touch$;
    }
    const tooLate = (): Observable<never> =>
      throwError(() => new Error(`${name}: ${health.path} took longer than ${health.timeout} ms`));
    const asked$ = this.delivery.ask(this.asker, health.path);
    return health.timeout === Infinity
      ? asked$
      : asked$.pipe(timeout({ first: health.timeout, with: tooLate }));
  });

  /** Opens a socket and closes it again. */
  private readonly touch$ = new Observable<never>((subscriber) => {
    const { hostname, protocol, port } = this.endpoint;
    this.connect({ hostname, host: hostname, protocol, port }, (error, socket) => {
      if (error === null) {
        socket.destroy();
        subscriber.complete();
      } else {
        subscriber.error(new Error(`${this.settings.name}: ${error.message}`, { cause: error }));
      }
    });
  });
}

type ClosedSocket = [origin: URL, targets: unknown, error: { readonly code?: string }];
