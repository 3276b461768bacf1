/** The file of events that were given up: one JSON line for each. */
import { isUtf8 } from 'node:buffer';
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  statSync,
  writeSync,
  type Stats,
} from 'node:fs';
import type { Dropped } from 'rxjs-load-balance';
import { errorText } from './errorText.js';
import { fileError } from './fileError.js';
import { contentOf, type LogEvent } from './logEvent.js';
import type { FileIdentity } from './source.js';

/** A drop could not be written down. */
export class DeadLetterError extends Error {
  override readonly name = 'DeadLetterError';
}

const lineFeed = 0x0a;

/** An open file. */
export class DeadLetters {
  private readonly descriptor: number;
  private readonly isRegular: boolean;
  /** The file ends in the middle of a line, which the next letter must not go on. */
  private isTorn: boolean;

  /**
   * Opens it; what is in it stays.
   * @param file Its path.
   * @param input The file that is shipped, if it is one.
   * @throws FileError when it cannot be written, is the input, or is neither a file nor a device.
   */
  constructor(
    private readonly file: string,
    input?: FileIdentity,
  ) {
    try {
      // A pipe has to be found out before it is opened: that would wait for somebody who reads it.
      refuse(statSync(file, { throwIfNoEntry: false }), input);
      this.descriptor = openSync(file, 'a+');
    } catch (error) {
      throw fileError('write', file, error);
    }
    const opened = fstatSync(this.descriptor);
    this.isRegular = opened.isFile();
    this.isTorn = this.isRegular && opened.size > 0 && lastByteOf(this.descriptor, opened.size) !== lineFeed;
  }

  /**
   * Writes a drop down. When it returns, the operating system has it; when it throws, nothing of it is left.
   * @param dropped What became of the event.
   * @throws DeadLetterError when that fails.
   */
  write(dropped: Dropped<LogEvent>): void {
    try {
      const line = Buffer.from(`${this.isTorn ? '\n' : ''}${JSON.stringify(letterOf(dropped))}\n`);
      this.append(line);
    } catch (error) {
      const line = dropped.event.n + 1;
      throw new DeadLetterError(`cannot write ${this.file}: ${errorText(error)} (of line ${line})`, {
        cause: error,
      });
    }
    this.isTorn = false;
  }

  close(): void {
    closeSync(this.descriptor);
  }

  private append(line: Buffer): void {
    const before = fstatSync(this.descriptor).size;
    let written = 0;
    try {
      while (written < line.length) {
        written += writeSync(this.descriptor, line, written);
      }
    } catch (error) {
      this.takeBack(before, written);
      throw error;
    }
  }

  private takeBack(before: number, written: number): void {
    if (written === 0 || !this.isRegular) {
      return;
    }
    // What somebody else has written behind it is not ours to cut off.
    if (fstatSync(this.descriptor).size === before + written) {
      ftruncateSync(this.descriptor, before);
    } else {
      this.isTorn = true;
    }
  }
}

function refuse(found: Stats | undefined, input: FileIdentity | undefined): void {
  if (found === undefined) {
    return;
  }
  if (found.isDirectory()) {
    throw new Error('it is a folder');
  }
  if (!found.isFile() && !found.isCharacterDevice()) {
    throw new Error('it is neither a file nor a device');
  }
  if (found.dev === input?.dev && found.ino === input.ino) {
    throw new Error('it is the input');
  }
}

function lastByteOf(descriptor: number, size: number): number | undefined {
  const last = Buffer.alloc(1);
  readSync(descriptor, last, 0, 1, size - 1);
  return last[0];
}

function letterOf({ event, reason, error, attempts, failures }: Dropped<LogEvent>): object {
  const content = contentOf(event);
  return {
    line: event.n + 1,
    ...(isText(content) ? { event: content.toString() } : { base64: content.toString('base64') }),
    reason,
    error: errorText(error),
    attempts,
    failures: failures.map((failure) => ({
      connection: failure.connection,
      error: errorText(failure.error),
    })),
  };
}

/** As JSON, a control character takes six bytes: with many of them, text is longer than base64, and no clearer. */
function isText(content: Buffer): boolean {
  return isUtf8(content) && 4 * controlsIn(content) <= content.length;
}

/** Counts control characters, other than tabs and line breaks. */
function controlsIn(content: Buffer): number {
  let count = 0;
  for (const byte of content) {
    count += byte < 0x09 || (byte > 0x0d && byte < 0x20) ? 1 : 0;
  }
  return count;
}
