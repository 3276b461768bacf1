/** A real collector, as a child process to which everything can happen that happens to processes. */
import { execFile } from 'node:child_process';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { CollectorProcess } from '../../examples/ship/collectorProcess.js';

/** One collector, with a file of its own. */
export class Collector extends CollectorProcess {
  /** SIGSTOP: it does nothing any more, and its system goes on accepting for it. */
  suspend(): void {
    this.signal('SIGSTOP');
  }

  /** SIGCONT. */
  resume(): void {
    this.signal('SIGCONT');
  }

  /** From now on its file cannot grow, as if the disk were full. */
  async fillDisk(): Promise<void> {
    // The size of the file now, or as good as nothing.
    const size = existsSync(this.file) ? statSync(this.file).size : 0;
    await limitFileSize(this.runningPid, String(Math.max(size, 1)));
  }

  /** There is room again. */
  async freeDisk(): Promise<void> {
    await limitFileSize(this.runningPid, 'unlimited');
  }

  /** The number of each event in its file, in order. */
  async *arrived(): AsyncGenerator<number> {
    if (existsSync(this.file)) {
      for await (const line of createInterface({ input: createReadStream(this.file) })) {
        const [, digits] = /"n":(\d+),/.exec(line) ?? [];
        if (digits === undefined) {
          throw new Error(`${this.file}: expected an event in each line, got ${line.slice(0, 100)}`);
        }
        yield Number(digits);
      }
    }
  }

  private signal(signal: NodeJS.Signals): void {
    process.kill(this.runningPid, signal);
  }

  private get runningPid(): number {
    if (this.pid === undefined) {
      throw new Error(`${this.name} has not been started`);
    }
    return this.pid;
  }
}

/** The soft limit alone: it can be lifted again. */
async function limitFileSize(pid: number, size: string): Promise<void> {
  await promisify(execFile)('prlimit', ['--pid', String(pid), `--fsize=${size}:`]);
}
