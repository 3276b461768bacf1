/** A real collector, as a child process to which everything can happen that happens to processes. */
import { execFile } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { CollectorProcess } from '../../examples/ship/collectorProcess.js';
import type { Entry } from './ledger.js';

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

  /** The events in its file, in order: whole lines of NDJSON, or of `_bulk`. What a crash has cut off is not there. */
  async arrived(): Promise<Entry[]> {
    const text = existsSync(this.file) ? await readFile(this.file, 'utf8') : '';
    return text.split('\n').flatMap(entryIn);
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

/** The event of a line, if it is whole. */
function entryIn(line: string): Entry[] {
  let parsed: Entry | { readonly _id: string; readonly document: Entry };
  try {
    parsed = JSON.parse(line) as typeof parsed;
  } catch {
    return [];
  }
  if (!('document' in parsed)) {
    return [parsed];
  }
  if (parsed._id !== String(parsed.document.n)) {
    throw new Error(`expected a document under its own number, got ${line}`);
  }
  return [parsed.document];
}

/** The soft limit alone: it can be lifted again. */
async function limitFileSize(pid: number, size: string): Promise<void> {
  await promisify(execFile)('prlimit', ['--pid', String(pid), `--fsize=${size}:`]);
}
