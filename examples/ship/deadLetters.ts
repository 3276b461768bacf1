/** The file of events that were given up: one JSON line for each. */
import { isUtf8 } from 'node:buffer';
import { closeSync, openSync, writeSync } from 'node:fs';
import type { Dropped } from 'rxjs-load-balance';
import { errorText } from './errorText.js';
import { contentOf, type LogEvent } from './logEvent.js';
import { InputError } from './source.js';

/** A drop could not be written down. */
export class DeadLetterError extends Error {
  override readonly name = 'DeadLetterError';
}

/** An open file. */
export class DeadLetters {
  private readonly descriptor: number;

  /**
   * Opens it; what is in it stays.
   * @param file Its path.
   * @throws InputError when it cannot be written.
   */
  constructor(private readonly file: string) {
    try {
      this.descriptor = openSync(file, 'a');
    } catch (error) {
      throw new InputError(`cannot write ${file}: ${errorText(error)}`, { cause: error });
    }
  }

  /**
   * Writes a drop down. When it returns, the operating system has it.
   * @param dropped What became of the event.
   * @throws DeadLetterError when that fails.
   */
  write(dropped: Dropped<LogEvent>): void {
    const line = Buffer.from(`${JSON.stringify(letterOf(dropped))}\n`);
    try {
      for (let written = 0; written < line.length;) {
        written += writeSync(this.descriptor, line, written);
      }
    } catch (error) {
      throw new DeadLetterError(`cannot write ${this.file}: ${errorText(error)}`, { cause: error });
    }
  }

  close(): void {
    closeSync(this.descriptor);
  }
}

function letterOf({ event, reason, error, attempts, failures }: Dropped<LogEvent>): object {
  const content = contentOf(event);
  return {
    line: event.n + 1,
    ...(isUtf8(content) ? { event: content.toString() } : { base64: content.toString('base64') }),
    reason,
    error: errorText(error),
    attempts,
    failures: failures.map((failure) => ({
      connection: failure.connection,
      error: errorText(failure.error),
    })),
  };
}
