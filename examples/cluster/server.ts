/** The JetStream server as a child process: started, killed, and started again on the same port and store. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterError } from './clusterError.js';

/** How often to look whether it listens, and for how long, in milliseconds. */
const period = 20;
const patience = 20_000;

/** One server, with a file store. */
export class JetStreamServer {
  readonly name = 'nats-server';
  private child: ChildProcess | undefined;
  private readonly config: string;

  /**
   * @param program The path of nats-server.
   * @param folder Where its store is to be.
   * @param port Where it listens.
   */
  constructor(
    private readonly program: string,
    folder: string,
    private readonly port: number,
  ) {
    this.config = join(folder, 'nats.conf');
    const store = JSON.stringify(join(folder, 'store'));
    writeFileSync(
      this.config,
      `listen: "127.0.0.1:${port}"\nserver_name: "cluster"\njetstream { store_dir: ${store} }\n`,
    );
  }

  /** For clients. */
  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** Whether its process is there. */
  get runs(): boolean {
    return this.child?.pid !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  /**
   * Resolves when it listens.
   * @throws ClusterError when it does not.
   */
  async start(): Promise<void> {
    // A process group of its own keeps Ctrl-C for us alone.
    const child = spawn(this.program, ['--config', this.config], {
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.child = child;
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-1_000)));
    const failure = new Promise<never>((_, reject) => {
      child.once('error', ({ message }) => {
        reject(new ClusterError(`nats-server does not start: ${message}`));
      });
    });
    failure.catch(() => undefined);
    const end = performance.now() + patience;
    while (!(await Promise.race([this.answers(), failure]))) {
      if (!this.runs || performance.now() > end) {
        throw new ClusterError(`nats-server does not start: ${said}`);
      }
      await sleep(period);
    }
  }

  /**
   * Ends it, as for an upgrade: with SIGTERM, and with SIGKILL when that takes too long. Resolves when it is gone.
   * (Either way, version 2.9 may forget what was acknowledged, and deliver everything once more.)
   */
  async stop(): Promise<void> {
    const { child } = this;
    if (child !== undefined && this.runs) {
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      const impatience = setTimeout(() => child.kill('SIGKILL'), patience);
      await gone;
      clearTimeout(impatience);
    }
  }

  /** Ends it at once, without waiting: for the last moment of this process. */
  killNow(): void {
    this.child?.kill('SIGKILL');
  }

  /** A server greets whoever connects; somebody else on this port would not like that. */
  private answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = createConnection(this.port, '127.0.0.1')
        .setTimeout(1_000)
        .once('data', (greeting) => {
          resolve(greeting.toString('latin1').startsWith('INFO '));
          socket.destroy();
        })
        .once('timeout', () => {
          socket.destroy();
        })
        .on('error', () => undefined)
        .once('close', () => {
          resolve(false);
        });
    });
  }
}
