/** A program in a process of its own, which has to end by itself and may write nothing to standard error. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { quietEnvironment } from '../../package/packed.js';
import { until } from '../../until.js';

/** How long it may live after it has written this line, and how long altogether, in milliseconds. */
const lastLine = 'over';
const patience = 10_000;
const lifetime = 110_000;

/** Node then writes every warning and every rejection that nobody handles, and ends with 1 for the latter. */
export const strictness = ['--trace-warnings', '--unhandled-rejections=strict'];

/** How it ended, and what it wrote. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly lines: readonly string[];
  readonly err: string;
}

/** How a program ends that has nothing to hide. */
export const clean = { code: 0, signal: null, err: '' };

/** What the program may ask for, and what has to be so before it gets its answer. */
export type Answers = Readonly<Record<string, () => boolean | Promise<boolean>>>;

/** A child process. */
export class ChildProgram {
  readonly child: ChildProcess;
  private out = '';
  private err = '';
  private readonly closed: Promise<unknown[]>;
  private impatience: NodeJS.Timeout | undefined;

  /**
   * Starts it, in a process group of its own.
   * @param program Its file, without extension.
   * @param args Its arguments.
   * @param answers What it may ask for.
   * @param flags More flags for Node.
   */
  constructor(program: URL, args: readonly string[], answers: Answers = {}, flags: readonly string[] = []) {
    // `.js` when this is compiled, `.ts` under tsx.
    const file = `${fileURLToPath(program)}${extname(import.meta.url)}`;
    this.child = spawn(process.execPath, [...process.execArgv, ...strictness, ...flags, file, ...args], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true,
      env: quietEnvironment,
    });
    this.closed = once(this.child, 'close');
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.out += text;
      if (this.lines.includes(lastLine)) {
        this.expectEndWithin(patience);
      }
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.err += text));
    this.child.on('message', (question: string) => {
      void this.answer(question, answers[question] ?? (() => false));
    });
    this.expectEndWithin(lifetime);
  }

  /** What it has written, line by line. */
  get lines(): string[] {
    return this.out.trim().split('\n');
  }

  /** Waits until it has written a line. */
  async wrote(line: string): Promise<void> {
    await until(`"${line}" from the program, not ${this.out}${this.err}`, () => this.lines.includes(line));
  }

  /** What Ctrl-C does. */
  interrupt(): void {
    process.kill(-(this.child.pid ?? NaN), 'SIGINT');
  }

  /** Waits for its end. */
  async end(): Promise<Ended> {
    const [code, signal] = (await this.closed) as [number | null, NodeJS.Signals | null];
    clearTimeout(this.impatience);
    return { code, signal, lines: this.lines, err: this.err };
  }

  /** Ends it, if it still runs. */
  close(): void {
    clearTimeout(this.impatience);
    this.child.kill('SIGKILL');
  }

  /** It is asked what it waits for, and killed. */
  private expectEndWithin(time: number): void {
    clearTimeout(this.impatience);
    this.impatience = setTimeout(() => {
      this.child.kill('SIGUSR2');
      void sleep(1_000).then(() => {
        this.child.kill('SIGKILL');
      });
    }, time);
  }

  private async answer(question: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    try {
      await until(question, holds);
      this.child.send('so it is');
    } catch (error) {
      this.err += String(error);
      this.close();
    }
  }
}
