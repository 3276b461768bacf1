/** Where the events come from: a file, standard input, or nowhere at all. */
import { constants, createReadStream, fstatSync, openSync, type Stats } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { Socket } from 'node:net';
import { addAbortSignal, type Readable } from 'node:stream';
import { accessLog } from './accessLog.js';
import { fileError } from './fileError.js';
import { eventsOf, type Enter } from './lines.js';
import type { LogEvent } from './logEvent.js';

/** How much there is, where that is known beforehand. */
export type Size = { readonly events: number } | { readonly bytes: number } | undefined;

/** What tells a file from any other, whatever it is called. */
export type FileIdentity = Pick<Stats, 'dev' | 'ino'>;

/** Lines to ship. */
export interface Source {
  readonly size: Size;
  /** The file that is read, where it is a regular one. */
  readonly file?: FileIdentity | undefined;
  /**
   * The lines, as events. Nothing is read before it is asked for.
   * @param enter Makes an event of a line.
   * @param stop Ends it early.
   * @throws FileError when the input cannot be read any further.
   */
  readonly open: (enter: Enter, stop: AbortSignal) => AsyncIterable<LogEvent> | Iterable<LogEvent>;
}

/** Bytes that are read from a file at once. */
const chunkSize = 256 * 1024;

/**
 * What a command line asks for.
 * @param input A file's path; `-` for standard input; `undefined` for made-up events.
 * @param events How many events to make up.
 * @throws FileError when the file cannot be read.
 */
export function sourceOf(input: string | undefined, events: number): Promise<Source> | Source {
  switch (input) {
    case undefined:
      return madeUp(events);
    case '-':
      return standardInput();
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
    const size = found.isFile() ? { bytes: found.size } : undefined;
    return stream(path, found, size, () =>
      found.isFIFO() ? pipeAt(path) : createReadStream(path, { highWaterMark: chunkSize }),
    );
  } catch (error) {
    throw fileError('read', path, error);
  }
}

function standardInput(): Source {
  const name = 'standard input';
  try {
    return stream(name, fstatSync(0), undefined, () => process.stdin);
  } catch (error) {
    throw fileError('read', name, error);
  }
}

/** A wait in `open` or `read` could not be ended: no signal reaches the thread that waits. */
function pipeAt(path: string): Readable {
  return new Socket({ fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK), writable: false });
}

function stream(name: string, found: Stats, size: Size, open: () => Readable): Source {
  if (found.isDirectory()) {
    throw new Error('it is a folder');
  }
  return {
    size,
    file: found.isFile() ? found : undefined,
    open: (enter, stop) =>
      // Stopping has to end a wait for input, too.
      eventsOf(
        () => addAbortSignal(stop, open()),
        enter,
        stop,
        (error) => fileError('read', name, error),
      ),
  };
}
