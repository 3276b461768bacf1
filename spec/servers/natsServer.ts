/** A nats-server in a process and a folder of its own: with users, JetStream with a file store, and TLS if wanted. */
import { connect, type ConnectionOptions, type NatsConnection } from '@nats-io/transport-node';
import type { Certificate } from '../connections/certificate.js';
import { freePort } from '../../examples/ship/freePort.js';
import { programAt } from './program.js';
import { ServerProcess } from './serverProcess.js';

/** How a server is configured. */
export interface NatsServerConfig {
  /** Its name among servers. Default: `spec`. */
  readonly name?: string;
  /** With it, the server asks for TLS. */
  readonly certificate?: Certificate;
  /** Further lines of its configuration. */
  readonly lines?: string;
  /** Who may do what, beside the administrator. Default: `ship-user`, everything. */
  readonly users?: string;
}

/**
 * How long a handshake of the bare client may take, in milliseconds. One that a killed server cuts off while the client
 * reconnects takes all of it, as the client does not notice that: 20 seconds by default.
 */
const handshake = 5_000;

const admin = { user: 'admin', pass: 'admin word' };

/** Finds the server. */
export function natsProgram(): string {
  return programAt('nats-server', { debian: 'nats-server', homebrew: 'nats-server' });
}

/** A server on a port of its own; it comes back there. */
export class NatsServer extends ServerProcess {
  /** Starts one. */
  static async start(config: NatsServerConfig = {}): Promise<NatsServer> {
    return new NatsServer(await freePort(), config).begun();
  }

  private constructor(
    readonly port: number,
    private readonly with_: NatsServerConfig,
  ) {
    const {
      certificate,
      lines = '',
      name = 'spec',
      users = '{ user: "ship-user", password: "open sesame" }',
    } = with_;
    const tls = 'tls { cert_file: "./cert.pem", key_file: "./key.pem", timeout: 20 }';
    super({
      name: 'nats-server',
      command: () => [natsProgram(), '--config', 'nats.conf'],
      files: {
        'nats.conf': `
          listen: "127.0.0.1:${port}"
          server_name: "${name}"
          jetstream { store_dir: "./store" }
          ${certificate === undefined ? '' : tls}
          authorization {
            timeout: 25
            users: [
              { user: "${admin.user}", password: "${admin.pass}" }
              ${users}
            ]
          }
          ${lines}
        `,
        ...(certificate === undefined ? {} : { 'cert.pem': certificate.cert, 'key.pem': certificate.key }),
      },
      answers: async () => {
        await (await this.connect({ reconnect: false, timeout: 1_000 })).close();
        return true;
      },
    });
  }

  /** Its URL, for one of its users. */
  url(user = 'ship-user:open%20sesame', host = '127.0.0.1'): string {
    return `nats://${user}@${host}:${this.port}`;
  }

  /** Connects as its administrator, with the bare client. */
  async connect(options: ConnectionOptions = {}): Promise<NatsConnection> {
    const { certificate } = this.with_;
    return connect({
      servers: `127.0.0.1:${this.port}`,
      ...admin,
      timeout: handshake,
      ...(certificate === undefined ? {} : { tls: { ca: certificate.cert } }),
      ...options,
    });
  }
}
