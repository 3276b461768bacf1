/** A worker as a child process: started, killed, and another one started in its place. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { errorText } from '../ship/errorText.js';
import { ClusterError } from './clusterError.js';
import { noTally, type Order, type Report, type Tally, type WorkerConfig } from './messages.js';

/** `.js` when compiled, `.ts` under tsx: whatever runs this file runs the worker. */
const program = fileURLToPath(new URL(`./worker${extname(import.meta.url)}`, import.meta.url));

/** How long it may take to drain, in milliseconds. */
const patience = 20_000;

/** So much of what a worker says on its standard error is kept, in characters. */
const longestSaid = 1_000;

/** One process after the other, under one name. */
export class WorkerProcess {
  /** What the earlier ones have done, and what the present one has. */
  private earlier: Tally = noTally;
  private present: Tally = noTally;
  private child: ChildProcess | undefined;
  private readonly config: WorkerConfig;
  private hasBegun = false;
  private isEnding = false;

  /**
   * @param config What it is told.
   * @param counted Called when it has said how far it is.
   * @param failed Called when it has ended, and nobody has ended it.
   */
  constructor(
    config: WorkerConfig,
    private readonly counted: () => void,
    private readonly failed: (error: ClusterError) => void,
  ) {
    this.config = config;
  }

  get name(): string {
    return this.config.name;
  }

  /** For a person who wants to kill it. */
  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Whether there is a process. */
  get runs(): boolean {
    return this.child?.exitCode === null && this.child.signalCode === null;
  }

  /** What all of them have done. */
  get tally(): Tally {
    const { earlier, present } = this;
    return {
      delivered: earlier.delivered + present.delivered,
      deadLetters: earlier.deadLetters + present.deadLetters,
      retried: earlier.retried + present.retried,
      at: Math.max(earlier.at, present.at),
    };
  }

  /** Starts one; resolves when it has all that it needs to begin. One in the place of another begins at once. */
  async start(): Promise<void> {
    this.earlier = this.tally;
    this.present = noTally;
    this.isEnding = false;
    // A process group of its own keeps Ctrl-C for us alone. It ends with the channel between us.
    const child = fork(program, [JSON.stringify(this.config)], {
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.child = child;
    let said = '';
    child.stderr
      ?.setEncoding('utf8')
      .on('data', (text: string) => (said = (said + text).slice(-longestSaid)));
    child.once('close', () => {
      if (child === this.child && !this.isEnding) {
        this.failed(new ClusterError(`${this.name} has ended by itself: ${errorText(said)}`));
      }
    });
    await new Promise<void>((resolve) => {
      child.once('close', () => {
        resolve();
      });
      child.on('message', (report: Report) => {
        if (report === 'ready') {
          resolve();
        } else if (child === this.child) {
          this.present = report;
          this.counted();
        }
      });
    });
    if (this.hasBegun) {
      this.begin();
    }
  }

  /** It takes events from now on. */
  begin(): void {
    this.hasBegun = true;
    this.order('begin');
  }

  /**
   * It asks for no more, finishes, and ends; resolves when it is gone.
   * @throws ClusterError when that takes too long.
   */
  async drain(): Promise<void> {
    const { child } = this;
    if (child !== undefined && this.runs) {
      const gone = once(child, 'close');
      this.isEnding = true;
      this.order('drain');
      const impatience = setTimeout(() => child.kill('SIGKILL'), patience);
      await gone;
      clearTimeout(impatience);
      if (child.exitCode !== 0) {
        throw new ClusterError(`${this.name} does not drain`);
      }
    }
  }

  /** Ends it at once, with SIGKILL; resolves when it is gone. */
  async kill(): Promise<void> {
    const { child } = this;
    if (child !== undefined && this.runs) {
      const gone = once(child, 'close');
      this.killNow();
      await gone;
    }
  }

  /** Ends it at once, without waiting. */
  killNow(): void {
    this.isEnding = true;
    this.child?.kill('SIGKILL');
  }

  private order(order: Order): void {
    if (this.child?.connected === true) {
      this.child.send(order, () => undefined);
    }
  }
}
