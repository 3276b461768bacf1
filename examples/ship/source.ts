/** Where the events come from: a file, standard input, or nowhere at all. */
import { constants, createReadStream } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { addAbortSignal, type Readable } from 'node:stream';
import { accessLog } from './accessLog.js';
import { linesOf } from './lines.js';

/** How much has been delivered. */
export interface Amount {
  readonly events: number;
  readonly bytes: number;
}

/** Lines to ship. */
export interface Source {
  /** Nothing is read before it is asked for. */
  readonly lines: AsyncIterable<Buffer> | Iterable<Buffer>;
  /** Whether this is half of it, or more. */
  readonly isHalf: (delivered: Amount) => boolean;
}

/** The input cannot be read. */
export class InputError extends Error {
  override readonly name = 'InputError';
}

/** The end of a stream cannot be foreseen: so many events stand for the half of it. */
const halfOfTheUnknown = 1_000;

/**
 * Made-up events.
 * @param count How many.
 * @param stop Ends them early.
 */
export function generated(count: number, stop: AbortSignal): Source {
  return { lines: madeUp(count, stop), isHalf: ({ events }) => events * 2 >= count };
}

function* madeUp(count: number, stop: AbortSignal): Generator<Buffer> {
  for (const line of accessLog(count)) {
    if (stop.aborted) {
      return;
    }
    yield Buffer.from(line);
  }
}

/**
 * Standard input.
 * @param stop Ends it early.
 */
export function standardInput(stop: AbortSignal): Source {
  return {
    lines: linesUntil(stop, () => process.stdin, 'standard input'),
    isHalf: ({ events }) => events >= halfOfTheUnknown,
  };
}

/**
 * A file.
 * @param path Its path.
 * @param stop Ends it early.
 * @throws InputError when it cannot be read.
 */
export async function fileSource(path: string, stop: AbortSignal): Promise<Source> {
  try {
    await access(path, constants.R_OK);
    const found = await stat(path);
    if (found.isDirectory()) {
      throw new Error('it is a folder');
    }
    return {
      lines: linesUntil(stop, () => createReadStream(path), path),
      isHalf: ({ events, bytes }) => (found.isFile() ? bytes * 2 >= found.size : events >= halfOfTheUnknown),
    };
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** Ends without an error when it is stopped, also while it waits for input. */
async function* linesUntil(stop: AbortSignal, open: () => Readable, name: string): AsyncGenerator<Buffer> {
  try {
    yield* linesOf(addAbortSignal(stop, open()) as AsyncIterable<Buffer>);
  } catch (error) {
    if (!stop.aborted) {
      throw unreadable(name, error);
    }
  }
}

function unreadable(name: string, error: unknown): InputError {
  const why = error instanceof Error ? error.message : String(error);
  return new InputError(`cannot read ${name}: ${why}`, { cause: error });
}
