/** Where the events come from: a file, standard input, or nowhere at all. */
import { constants, createReadStream } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { addAbortSignal, type Readable } from 'node:stream';
import { accessLog } from './accessLog.js';
import { eventsOf, type Enter } from './lines.js';
import type { LogEvent } from './logEvent.js';

/** How much there is, where that is known beforehand. */
export type Size = { readonly events: number } | { readonly bytes: number } | undefined;

/** Lines to ship. */
export interface Source {
  readonly size: Size;
  /**
   * The lines, as events. Nothing is read before it is asked for.
   * @param enter Makes an event of a line.
   * @param stop Ends it early.
   * @throws InputError when the input cannot be read any further.
   */
  readonly open: (enter: Enter, stop: AbortSignal) => AsyncIterable<LogEvent> | Iterable<LogEvent>;
}

/** The input cannot be read. */
export class InputError extends Error {
  override readonly name = 'InputError';
}

/** Bytes that are read from a file at once. */
const chunkSize = 256 * 1024;

/**
 * What a command line asks for.
 * @param input A file's path; `-` for standard input; `undefined` for made-up events.
 * @param events How many events to make up.
 * @throws InputError when the file cannot be read.
 */
export function sourceOf(input: string | undefined, events: number): Promise<Source> | Source {
  switch (input) {
    case undefined:
      return madeUp(events);
    case '-':
      return stream('standard input', undefined, () => process.stdin);
    default:
      return file(input);
  }
}

function madeUp(count: number): Source {
  return {
    size: { events: count },
    open: function* (enter, stop) {
      for (const line of accessLog(count)) {
        if (stop.aborted) {
          return;
        }
        yield enter(Buffer.from(line));
      }
    },
  };
}

async function file(path: string): Promise<Source> {
  try {
    await access(path, constants.R_OK);
    const found = await stat(path);
    if (found.isDirectory()) {
      throw new Error('it is a folder');
    }
    const size = found.isFile() ? { bytes: found.size } : undefined;
    return stream(path, size, () => createReadStream(path, { highWaterMark: chunkSize }));
  } catch (error) {
    throw unreadable(path, error);
  }
}

function stream(name: string, size: Size, open: () => Readable): Source {
  return {
    size,
    open: (enter, stop) =>
      // Stopping has to end a wait for input, too.
      eventsOf(
        () => addAbortSignal(stop, open()),
        enter,
        stop,
        (error) => unreadable(name, error),
      ),
  };
}

function unreadable(name: string, error: unknown): InputError {
  const why = error instanceof Error ? error.message : String(error);
  return new InputError(`cannot read ${name}: ${why}`, { cause: error });
}
