/** A redis-server in a process and a folder of its own: with a password, a disk that keeps everything, and TLS if wanted. */
import { createClient } from 'redis';
import type { Certificate } from '../connections/certificate.js';
import { freePort } from '../../examples/ship/freePort.js';
import { programAt } from './program.js';
import { ServerProcess } from './serverProcess.js';

/** How a server is configured. */
export interface RedisServerConfig {
  /** With it, the server asks for TLS. */
  readonly certificate?: Certificate;
  /** Further lines of its configuration. */
  readonly lines?: string;
}

/** Finds the server. */
export function redisProgram(): string {
  return programAt('redis-server', { debian: 'redis-server', homebrew: 'redis' });
}

/** A server on a port of its own; it comes back there, with what it had. */
export class RedisServer extends ServerProcess {
  /** Starts one. */
  static async start(config: RedisServerConfig = {}): Promise<RedisServer> {
    return new RedisServer(await freePort(), config).begun();
  }

  private constructor(
    readonly port: number,
    private readonly with_: RedisServerConfig,
  ) {
    const { certificate, lines = '' } = with_;
    const tls = `
      port 0
      tls-port ${port}
      tls-cert-file cert.pem
      tls-key-file key.pem
      tls-auth-clients no
    `;
    super({
      name: 'redis-server',
      command: () => [redisProgram(), 'redis.conf'],
      files: {
        'redis.conf': `
          bind 127.0.0.1
          ${certificate === undefined ? `port ${port}` : tls}
          appendonly yes
          appendfsync always
          save ""
          requirepass "open sesame"
          ${lines}
        `,
        ...(certificate === undefined ? {} : { 'cert.pem': certificate.cert, 'key.pem': certificate.key }),
      },
      answers: async () => (await this.ask('PING')) === 'PONG',
    });
  }

  /** Its URL, for somebody with this password. */
  url(password = 'open%20sesame', host = '127.0.0.1'): string {
    const scheme = this.with_.certificate === undefined ? 'redis' : 'rediss';
    return `${scheme}://:${password}@${host}:${this.port}`;
  }

  /** Has it carry out a command, with the bare client, on a socket of its own. */
  async ask(...command: readonly string[]): Promise<unknown> {
    const { certificate } = this.with_;
    const common = { host: '127.0.0.1', port: this.port, reconnectStrategy: false } as const;
    const client = createClient({
      socket: certificate === undefined ? common : { ...common, tls: true, ca: certificate.cert },
      password: 'open sesame',
      RESP: 2,
      maintNotifications: 'disabled',
    });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return await client.sendCommand(command);
    } finally {
      client.destroy();
    }
  }
}
