/** An open NATS connection. */
import type { Status } from '@nats-io/transport-node';
import { Observable } from 'rxjs';
import type { ItemResult } from '../../connection.js';
import type { ReadyClient } from '../readyConnection.js';
import { BatchSend } from './batchSend.js';
import { Courier } from './courier.js';
import type { NatsLibrary } from './library.js';
import { LinkOpener, type NatsLink } from './openLink.js';
import type { NatsSettings } from './options.js';
import type { ReplyReader } from './reading.js';
import { SingleSend } from './singleSend.js';

/** Opens the clients of one connection, one after the other. */
export class NatsClientOpener<T, R> {
  private readonly links: LinkOpener;

  /**
   * @param library The client.
   * @param settings The connection's.
   * @param reader What replies mean.
   */
  constructor(
    private readonly library: NatsLibrary,
    private readonly settings: NatsSettings<T>,
    private readonly reader: ReplyReader<T, R>,
  ) {
    const { name, link, inboxPrefix } = settings;
    this.links = new LinkOpener(library, name, link, inboxPrefix === undefined ? {} : { inboxPrefix });
  }

  /** Opens one, that may have replies. */
  async open(signal: AbortSignal): Promise<NatsClient<T, R>> {
    const link = await this.links.open(signal);
    const leave = (): void => {
      void link.server.close();
    };
    signal.addEventListener('abort', leave, { once: true });
    if (signal.aborted) {
      leave();
    }
    try {
      const client = await this.clientOf(link);
      signal.removeEventListener('abort', leave);
      return client;
    } catch (error) {
      signal.removeEventListener('abort', leave);
      leave();
      throw error;
    }
  }

  private async clientOf(link: NatsLink): Promise<NatsClient<T, R>> {
    if (link.server.isClosed()) {
      throw await link.lost;
    }
    const client = new NatsClient(this.library, link, this.settings, this.reader);
    await client.greeted();
    return client;
  }
}

/** An open connection: what it sends, and how it ends. */
export class NatsClient<T, R> implements ReadyClient<T, R> {
  private readonly courier: Courier<T, R>;

  /**
   * @param library The NATS client.
   * @param link Where to.
   * @param settings The connection's.
   * @param reader What replies mean.
   */
  constructor(
    library: NatsLibrary,
    private readonly link: NatsLink,
    private readonly settings: NatsSettings<T>,
    reader: ReplyReader<T, R>,
  ) {
    this.courier = new Courier(library, link.server, settings, reader);
    link.onStatus = (status) => {
      this.heard(status);
    };
  }

  /** Errors when the connection breaks. */
  readonly lost$ = new Observable<never>((subscriber) => {
    void this.link.lost.then((error) => {
      // Whoever listens may give up what is in flight. What is left has failed as well.
      subscriber.error(error);
      this.courier.inbox.fail(error);
    });
  });

  /**
   * Resolves when the server lets it have replies.
   * @throws Error when it does not, or when the link is lost before it has said so.
   */
  async greeted(): Promise<void> {
    const { name, link } = this.settings;
    const { server, lost } = this.link;
    // What it refuses, it says before it answers a ping. When the link goes, the client leaves that one without answer.
    const failure = await Promise.race([lost, server.flush().then(() => undefined)]);
    if (failure !== undefined) {
      throw failure;
    }
    const { refusal } = this.courier.inbox;
    if (refusal !== undefined) {
      throw link.secrets.failure(name, refusal);
    }
  }

  /** Sends one event. The stream gives what its reply says. */
  one(event: T): Observable<R> {
    return new Observable((subscriber) => new SingleSend(this.courier, event, subscriber));
  }

  /** Sends many events in one go. The stream gives results as replies come. */
  many(events: readonly T[]): Observable<readonly ItemResult<R>[]> {
    return new Observable((subscriber) => new BatchSend(this.courier, events, subscriber));
  }

  /** Resolves when it is closed. */
  async close(): Promise<void> {
    await this.link.server.close();
  }

  /** What the server does not allow is never answered: it says so at some time, and of which subject. */
  private heard(status: Status): void {
    if (status.type === 'error' && status.error.name === 'PermissionViolationError') {
      const { name, link } = this.settings;
      const { operation, subject } = status.error as Error & { operation?: string; subject?: string };
      // Without an inbox there is a reply to nobody.
      const whose = operation === 'publish' ? subject : undefined;
      this.courier.inbox.fail(link.secrets.failure(name, status.error), whose);
    }
  }
}
