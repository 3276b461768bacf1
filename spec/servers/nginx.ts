/** An unmodified nginx in a folder of its own: started, reloaded, killed, stopped, with nothing left behind. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { freePort } from './freePort.js';
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

/** Debian has it where the PATH of an ordinary user does not lead. */
const folders = [
  ...(process.env['PATH'] ?? '').split(delimiter),
  '/usr/sbin',
  '/usr/local/sbin',
  '/opt/homebrew/bin',
];

/**
 * Finds the program.
 * @returns Its path.
 * @throws Error that says how to install it.
 */
export function nginxProgram(): string {
  const found = folders.map((folder) => join(folder, 'nginx')).find((path) => existsSync(path));
  if (found === undefined) {
    throw new Error(
      'nginx is missing: install it with `apt-get install nginx-light` or `brew install nginx`',
    );
  }
  return found;
}

/** Those whose folder exists: whatever ends this process ends them as well. */
const present = new Set<Nginx>();
process.once('exit', () => {
  for (const nginx of present) {
    nginx.removeNow();
  }
});
for (const [signal, number] of [
  ['SIGHUP', 1],
  ['SIGINT', 2],
  ['SIGTERM', 15],
] as const) {
  // Not `once`: a second signal must not end it in the middle of that.
  process.on(signal, () => process.exit(128 + number));
}

/** One nginx: a master process and two workers. */
export class Nginx {
  private readonly folder = mkdtempSync(join(tmpdir(), 'nginx-spec-'));
  private child: ChildProcess | undefined;
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
    present.add(this);
    mkdirSync(join(this.folder, 'temp'));
  }

  /**
   * Starts one, on a free port of the loopback interface.
   * @param config What it is to do.
   * @returns It, as soon as it answers.
   */
  static async start(config: NginxConfig): Promise<Nginx> {
    const nginx = new Nginx(config, await freePort(), await freePort());
    nginx.configure(config);
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
  async start(): Promise<void> {
    // A process group of its own: one signal reaches the master and the workers at the same moment.
    const child = spawn(nginxProgram(), ['-p', this.folder, '-c', 'nginx.conf', '-e', 'error.log'], {
      detached: true,
      stdio: 'ignore',
    });
    this.child = child;
    await once(child, 'spawn');
    await this.untilItFollows('it did not start');
  }

  /** Has it read another configuration while it runs (SIGHUP); resolves when its workers follow that one. */
  async reload(config: NginxConfig): Promise<void> {
    this.configure(config);
    this.child?.kill('SIGHUP');
    await this.untilItFollows('it did not reload');
  }

  /** Ends master and workers at once (SIGKILL); resolves when they are gone. */
  async kill(): Promise<void> {
    await this.endWith(() => {
      this.killNow();
    });
  }

  /** Ends it (SIGTERM) and removes its folder; resolves when both are gone. */
  async stop(): Promise<void> {
    await this.endWith((child) => child.kill('SIGTERM'));
    this.removeNow();
  }

  /** Ends it and removes its folder without waiting: for the last moment of this process. */
  removeNow(): void {
    this.killNow();
    this.lastLog ??= this.read('access.log');
    rmSync(this.folder, { recursive: true, force: true });
    present.delete(this);
  }

  /** What it has answered so far, over all its lives, oldest first. A line follows its answer, not the reverse. */
  requests(): LoggedRequest[] {
    const log = this.lastLog ?? this.read('access.log');
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
    const files = { ...config.files, 'cert.pem': cert, 'key.pem': key, 'nginx.conf': this.text() };
    for (const [name, content] of Object.entries(files)) {
      if (content !== undefined) {
        writeFileSync(join(this.folder, name), content);
      }
    }
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

  private async untilItFollows(failure: string): Promise<void> {
    try {
      await until('nginx follows its configuration', async () => {
        if (!this.runs) {
          return true;
        }
        const response = await fetch(`http://127.0.0.1:${this.statusPort}`);
        return (await response.text()) === `configuration ${this.generation}`;
      });
    } catch (error) {
      throw new Error(`nginx: ${failure}:\n${this.read('error.log')}`, { cause: error });
    }
    if (!this.runs) {
      throw new Error(`nginx: ${failure}:\n${this.read('error.log')}`);
    }
  }

  private get runs(): boolean {
    return this.child?.exitCode === null && this.child.signalCode === null;
  }

  private async endWith(end: (child: ChildProcess) => void): Promise<void> {
    const { child } = this;
    if (child !== undefined && this.runs) {
      const gone = once(child, 'exit');
      end(child);
      await gone;
    }
  }

  private killNow(): void {
    if (this.child?.pid !== undefined && this.runs) {
      process.kill(-this.child.pid, 'SIGKILL');
    }
  }

  private read(name: string): string {
    const path = join(this.folder, name);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }
}
