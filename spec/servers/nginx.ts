/** An unmodified nginx in a folder of its own: started, reloaded, killed, stopped, with nothing left behind. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../examples/ship/freePort.js';
import { programAt } from './program.js';
import { ServerProcess } from './serverProcess.js';
import { until } from '../until.js';

/** What one nginx is to do, in nginx's own words. */
export interface NginxConfig {
  /** The directives of its server, locations and all. */
  readonly server: string;
  /** Directives beside the server, in `http`. */
  readonly http?: string;
  /** The server speaks TLS with this certificate; both are PEM. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Files beside the configuration, by name; directives find them by that name. */
  readonly files?: Readonly<Record<string, string>>;
}

/** A request that nginx has answered, from its access log. */
export interface LoggedRequest {
  /** When it was answered, in milliseconds since 1970. */
  readonly at: number;
  /** nginx's number of the TCP connection; it starts again at 1 with the process. */
  readonly connection: number;
  readonly status: number;
  readonly method: string;
  /** The path, with the query. */
  readonly path: string;
}

/**
 * Finds the program.
 * @returns Its path.
 * @throws Error that says how to install it.
 */
export function nginxProgram(): string {
  return programAt('nginx', { debian: 'nginx-light', homebrew: 'nginx' });
}

/** One nginx: a master process and two workers. */
export class Nginx {
  private readonly server = new ServerProcess({
    name: 'nginx',
    command: (folder) => [nginxProgram(), '-p', folder, '-c', 'nginx.conf', '-e', 'error.log'],
    answers: () => this.follows(),
  });
  /** How many configurations it has had. It answers with this number which one it follows. */
  private generation = 0;
  /** The access log, when the folder is gone. */
  private lastLog: string | undefined;

  private constructor(
    private config: NginxConfig,
    private readonly port: number,
    /** Where it says which configuration it follows. */
    private readonly statusPort: number,
  ) {
    mkdirSync(join(this.server.folder, 'temp'));
    this.configure(config);
  }

  /**
   * Starts one, on a free port of the loopback interface.
   * @param config What it is to do.
   * @returns It, as soon as it answers.
   */
  static async start(config: NginxConfig): Promise<Nginx> {
    const nginx = new Nginx(config, await freePort(), await freePort());
    try {
      await nginx.start();
    } catch (error) {
      await nginx.stop();
      throw error;
    }
    return nginx;
  }

  /** `host:port`. */
  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** The URL of a path, with a user name and a password (`name:password`) where there are any. */
  url(path: string, credentials?: string): string {
    const scheme = this.config.tls === undefined ? 'http' : 'https';
    return `${scheme}://${credentials === undefined ? '' : `${credentials}@`}${this.host}${path}`;
  }

  /** Starts it again after `kill()`, on the same port; resolves when it answers. */
  start(): Promise<void> {
    return this.server.start();
  }

  /** Has it read another configuration while it runs (SIGHUP); resolves when its workers follow that one. */
  async reload(config: NginxConfig): Promise<void> {
    this.configure(config);
    // The workers hear it as well, and leave it to the master.
    this.server.signal('SIGHUP');
    try {
      await until('nginx follows its configuration', () => this.follows());
    } catch (error) {
      throw new Error(`nginx: it did not reload:\n${this.server.read('error.log')}`, { cause: error });
    }
  }

  /** Master and workers do nothing any more (SIGSTOP); its port and its sockets stay open. */
  freeze(): void {
    this.server.freeze();
  }

  /** They go on (SIGCONT). */
  thaw(): void {
    this.server.thaw();
  }

  /** Ends master and workers at once (SIGKILL); resolves when they are gone. */
  kill(): Promise<void> {
    return this.server.kill();
  }

  /** Ends it (SIGTERM) and removes its folder; resolves when both are gone. */
  async stop(): Promise<void> {
    await this.server.end();
    this.lastLog ??= this.server.read('access.log');
    await this.server.stop();
  }

  /** What it has answered so far, over all its lives, oldest first. A line follows its answer, not the reverse. */
  requests(): LoggedRequest[] {
    const log = this.lastLog ?? this.server.read('access.log');
    // The last line may still be being written.
    const lines = log.split('\n').slice(0, -1);
    return lines.map((line) => {
      const [seconds, connection, status, method = '', path = ''] = line.split(' ');
      return {
        at: Math.round(Number(seconds) * 1_000),
        connection: Number(connection),
        status: Number(status),
        method,
        path,
      };
    });
  }

  private configure(config: NginxConfig): void {
    this.config = config;
    this.generation++;
    const { cert, key } = config.tls ?? {};
    const tls = cert === undefined || key === undefined ? {} : { 'cert.pem': cert, 'key.pem': key };
    this.server.write({ ...config.files, ...tls, 'nginx.conf': this.text() });
  }

  private text(): string {
    const { server, http = '', tls } = this.config;
    const ssl = tls === undefined ? '' : 'ssl_certificate cert.pem; ssl_certificate_key key.pem;';
    return `
      daemon off;
      worker_processes 2;
      pid nginx.pid;
      error_log error.log notice;
      ${process.getuid?.() === 0 ? 'user root; # the folder is for its owner only' : ''}
      events { worker_connections 256; }
      http {
        log_format connections '$msec $connection $status $request_method $request_uri';
        access_log access.log connections;
        client_body_temp_path temp/body;
        proxy_temp_path temp/proxy;
        fastcgi_temp_path temp/fastcgi;
        scgi_temp_path temp/scgi;
        uwsgi_temp_path temp/uwsgi;
        ${http}
        server {
          listen 127.0.0.1:${this.statusPort};
          access_log off;
          return 200 'configuration ${this.generation}';
        }
        server {
          listen ${this.host}${tls === undefined ? '' : ' ssl'};
          ${ssl}
          ${server}
        }
      }
    `;
  }

  /** Whether its workers follow the last configuration. */
  private async follows(): Promise<boolean> {
    const response = await fetch(`http://127.0.0.1:${this.statusPort}`);
    return (await response.text()) === `configuration ${this.generation}`;
  }
}
