/** A collector as a child process: started, killed, and started again on the same port with the same file. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { errorText } from './errorText.js';
import { freePort } from './freePort.js';

/** `.js` when compiled, `.ts` under tsx: whatever runs this file runs the collector. */
const program = fileURLToPath(new URL(`../collector${extname(import.meta.url)}`, import.meta.url));

/** What else there is to say about a collector. */
export interface CollectorProcessOptions {
  /** A certificate and its key, as files in PEM: it listens with TLS. Default: it does not. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Takes what it writes to standard error. Default: nobody does. */
  readonly told?: (text: string) => void;
}

/** A collector does not start. */
export class CollectorError extends Error {
  override readonly name = 'CollectorError';
}

/** One collector. */
export class CollectorProcess {
  /** Where it writes what it takes. */
  readonly file: string;
  /** How often it was started. */
  starts = 0;
  /** Found at the first start; it is this one at every other. */
  private port: number | undefined;
  private child: ChildProcess | undefined;
  /** How often it was to end: what was about to be started then is not. */
  private ends = 0;

  /**
   * @param name Its name.
   * @param folder Where its file is to be.
   * @param options TLS, and who is told of errors.
   */
  constructor(
    readonly name: string,
    folder: string,
    private readonly options: CollectorProcessOptions = {},
  ) {
    this.file = join(folder, `${name}.log`);
  }

  /** Where it listens, once it has been started. */
  get url(): string {
    return `${this.options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${this.port}`;
  }

  /** For a person who wants to stop or kill it. */
  get pid(): number | undefined {
    return this.child?.pid;
  }

  /**
   * Resolves when it listens.
   * @throws CollectorError when it ends before, or is killed.
   */
  async start(): Promise<void> {
    const { ends } = this;
    this.port ??= await freePort();
    if (this.ends > ends) {
      throw new CollectorError(`${this.name} was killed before it was started`);
    }
    // `fork` runs the same Node with the same flags. A process group of its own keeps Ctrl-C for us alone: a
    // collector has to live until everything is drained. It ends when we do, with the channel between us.
    const { tls, told } = this.options;
    const secured = tls === undefined ? [] : ['--cert', tls.cert, '--key', tls.key];
    const child = fork(program, [this.file, String(this.port), ...secured], {
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.child = child;
    child.stderr
      ?.setEncoding('utf8')
      .on('data', (text: string) => told?.(`${this.name}: ${errorText(text)}`));
    const answer = once(child, 'message') as Promise<[number]>;
    const end = once(child, 'exit').then((): never => {
      throw new CollectorError(`${this.name} ended before it listened`);
    });
    [this.port] = await Promise.race([answer, end]);
    this.starts++;
  }

  /** Ends it at once, with SIGKILL; resolves when it is gone. */
  async kill(): Promise<void> {
    this.ends++;
    const { child } = this;
    if (child?.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    }
  }

  /** Ends it at once, without waiting: for the last moment of this process. */
  killNow(): void {
    this.ends++;
    this.child?.kill('SIGKILL');
  }
}
