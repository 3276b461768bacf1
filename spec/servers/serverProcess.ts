/** A server in a process and a folder of its own: started, frozen, killed, stopped, with nothing left behind. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { standsStill } from './standstill.js';
import { until } from '../until.js';

/** What is started, and how it is known to be there. */
export interface ServerConfig {
  /** What it is called in errors and in the name of its folder. */
  readonly name: string;
  /** The path of the program, and its arguments. */
  readonly command: (folder: string) => readonly [program: string, ...args: string[]];
  /** Files of its folder, by name. */
  readonly files?: Readonly<Record<string, string>>;
  /** Whether it answers; asked again and again until it does, and one that rejects does not yet. */
  readonly answers: () => Promise<boolean>;
}

/** Those whose folder exists: whatever ends this process ends them as well. */
const present = new Set<ServerProcess>();
process.once('exit', () => {
  for (const server of present) {
    server.removeNow();
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

/** One server, and the processes that it starts itself. */
export class ServerProcess {
  /** Its own folder, removed with it. */
  readonly folder: string;
  private child: ChildProcess | undefined;

  /** @param config What is started; nothing is, before `start()`. */
  constructor(private readonly config: ServerConfig) {
    this.folder = mkdtempSync(join(tmpdir(), `${config.name}-spec-`));
    present.add(this);
    this.write(config.files ?? {});
  }

  /** Writes files into its folder. */
  write(files: Readonly<Record<string, string>>): void {
    for (const [name, content] of Object.entries(files)) {
      writeFileSync(join(this.folder, name), content);
    }
  }

  /** Reads a file of its folder; one that is not there is empty. */
  read(name: string): string {
    const path = join(this.folder, name);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  /** Starts it, also again after `kill()`; resolves when it answers. */
  async start(): Promise<void> {
    const [program, ...args] = this.config.command(this.folder);
    // A process group of its own: one signal reaches all of it at the same moment.
    const child = spawn(program, args, {
      cwd: this.folder,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4_000)));
    }
    await once(child, 'spawn');
    const failed = (cause?: unknown): Error =>
      new Error(`${this.config.name} did not start:\n${said}`, { cause });
    try {
      await until(`${this.config.name} answers`, async () => !this.runs || this.config.answers());
    } catch (error) {
      throw failed(error);
    }
    if (!this.runs) {
      throw failed();
    }
  }

  /** Starts it for the first time; of one that cannot be started, nothing stays. */
  protected async begun(): Promise<this> {
    try {
      await this.start();
      return this;
    } catch (error) {
      this.removeNow();
      throw error;
    }
  }

  /** Whether its process is there, frozen or not. */
  get runs(): boolean {
    return this.child?.exitCode === null && this.child.signalCode === null;
  }

  /** Tells its processes something. */
  signal(signal: NodeJS.Signals): void {
    if (this.child?.pid !== undefined && this.runs) {
      process.kill(-this.child.pid, signal);
    }
  }

  /** From the return of this it does nothing any more (SIGSTOP); its port and its sockets stay open. */
  freeze(): void {
    this.signal('SIGSTOP');
    const end = performance.now() + 5_000;
    while (this.runs && !standsStill(this.child?.pid ?? 0) && performance.now() < end) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }

  /** It goes on (SIGCONT). */
  thaw(): void {
    this.signal('SIGCONT');
  }

  /** Ends it at once (SIGKILL); resolves when it is gone. */
  async kill(): Promise<void> {
    const { child } = this;
    if (child !== undefined && this.runs) {
      const gone = once(child, 'exit');
      this.signal('SIGKILL');
      await gone;
      // Its port is free only when the processes that it has started are gone as well.
      await until(`${this.config.name} is gone`, () => standsStill(child.pid ?? 0));
    }
  }

  /** Ends it, as a polite system does (SIGTERM), frozen or not; resolves when it is gone. Its folder stays. */
  async end(): Promise<void> {
    const { child } = this;
    if (child !== undefined && this.runs) {
      const gone = once(child, 'exit');
      this.signal('SIGTERM');
      this.thaw();
      const impatience = setTimeout(() => {
        this.signal('SIGKILL');
      }, 5_000);
      await gone;
      clearTimeout(impatience);
    }
  }

  /** Ends it, as `end()` does, and removes its folder; resolves when both are gone. */
  async stop(): Promise<void> {
    await this.end();
    this.removeNow();
  }

  /** Ends it and removes its folder without waiting: for the last moment of this process. */
  removeNow(): void {
    this.signal('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
    present.delete(this);
  }
}
