/** Opens a link to a NATS server. */
import type { ConnectionOptions, NatsConnection, Status } from '@nats-io/transport-node';
import { longestDelay } from '../../internal/alarm.js';
import { messageOf } from '../messageOf.js';
import type { NatsLibrary } from './library.js';
import type { NatsLinkSettings, NatsServer } from './link.js';
import { withOwnSockets } from './ownSockets.js';

/** How many pings may be without an answer. */
const pingsOut = 2;

/** Errors by which a server says that its user has to go. */
const dismissals: ReadonlySet<string> = new Set(['AuthorizationError', 'UserAuthenticationExpiredError']);

const hungUp = 'the server closed the connection';

/** An open link. */
export interface NatsLink {
  readonly server: NatsConnection;
  /** Gives an error when the link has broken, or has been closed. It never rejects. */
  readonly lost: Promise<Error>;
  /** Is told what the server says of itself. */
  onStatus: ((status: Status) => void) | undefined;
}

/** Opens links to the servers of one cluster: to each in its turn. */
export class LinkOpener {
  /** The server that is tried first. Not the same for all: they share the work. */
  private next: number;

  /**
   * @param library The client.
   * @param name The connection's, for errors.
   * @param settings Where it leads.
   * @param more Further options of the client.
   */
  constructor(
    private readonly library: Pick<NatsLibrary, 'connect'>,
    private readonly name: string,
    private readonly settings: NatsLinkSettings,
    private readonly more: Pick<ConnectionOptions, 'inboxPrefix'> = {},
  ) {
    this.next = Math.floor(Math.random() * settings.servers.length);
  }

  /**
   * Opens a link to the first server that takes it. The next time, another one is tried first.
   * @param signal When it is aborted, no socket is left.
   * @throws Error that names the connection and says what each server said, without secrets.
   */
  async open(signal: AbortSignal): Promise<NatsLink> {
    const { library, name, settings } = this;
    const { secrets, servers } = settings;
    const failures: string[] = [];
    for (const server of [...servers.slice(this.next), ...servers.slice(0, this.next)]) {
      if (signal.aborted) {
        break;
      }
      this.next = (servers.indexOf(server) + 1) % servers.length;
      try {
        return this.watched(await withOwnSockets(signal, () => library.connect(this.optionsFor(server))));
      } catch (error) {
        const said = saidBy(error);
        failures.push(servers.length === 1 ? said : `${server.host}: ${said}`);
      }
    }
    throw secrets.failure(name, new Error(failures.join(', ')));
  }

  /** Reconnecting is the balancer's, and so is how long opening may take. */
  private optionsFor({ host, hostname, credentials, secure }: NatsServer): ConnectionOptions {
    const { authenticator, tls, pingInterval } = this.settings;
    // An address is checked against the certificate only where it is said once more: the client passes on names.
    const tlsOptions = tls === undefined && !secure ? {} : { tls: { host: hostname, ...tls } };
    return {
      ...this.more,
      ...credentials,
      ...(tlsOptions as Pick<ConnectionOptions, 'tls'>),
      ...(authenticator === undefined
        ? {}
        : { authenticator: authenticator as NonNullable<ConnectionOptions['authenticator']> }),
      servers: [host],
      name: this.name,
      reconnect: false,
      noAsyncTraces: true,
      pingInterval,
      maxPingOut: pingsOut,
      timeout: longestDelay,
    };
  }

  private watched(server: NatsConnection): NatsLink {
    const { name, settings } = this;
    const link: NatsLink = {
      server,
      lost: new Promise((resolve) => {
        const lose = (error: Error): void => {
          resolve(settings.secrets.failure(name, error));
        };
        void server.closed().then((error) => {
          lose(error ?? new Error(hungUp));
        });
        void listen(server, (status) => {
          if (status.type === 'staleConnection') {
            // The client itself would first write what waits, to somebody who reads no more.
            lose(new Error(`no answer to ${pingsOut} pings`));
          } else if (status.type === 'error' && dismissals.has(status.error.name)) {
            lose(status.error);
          }
          link.onStatus?.(status);
        });
      }),
      onStatus: undefined,
    };
    return link;
  }
}

/** What an error of opening says. Of a server that hung up, the client has none, and says something else. */
function saidBy(error: unknown): string {
  const said = messageOf(error);
  const isRefusal = said !== 'connection refused' || (error as Error).cause !== undefined;
  return isRefusal && !said.includes('undefined error') ? said : hungUp;
}

async function listen(server: NatsConnection, heard: (status: Status) => void): Promise<void> {
  for await (const status of server.status()) {
    heard(status);
  }
}
