/** The lines of a stream of bytes, each with its line break: put together again, they are the stream. */
import type { Readable } from 'node:stream';
import type { LogEvent } from './logEvent.js';

const lineFeed = 0x0a;

/** The longest line, in bytes: whatever is read, it is not all of it that has to fit into memory. */
const longestLine = 64 * 1024 * 1024;

/** Enters a line in the books, and gives it its number. */
export type Enter = (bytes: Buffer) => LogEvent;

/**
 * Splits after every line feed. Bytes stay bytes: nothing is decoded, so nothing can be changed.
 *
 * It is one generator from the chunks to the events, since each further one would cost every line its share.
 * @param open Opens the stream, when the first line is asked for. The next chunk is asked for when the lines
 *   of the last one are used up.
 * @param enter Makes an event of a line at the moment at which it is asked for.
 * @param stop Ends it without an error; what is left of the stream, a begun line included, is not shipped.
 * @param broken Makes one that a person understands of an error: the stream's, or that a line is longer than
 *   64 MiB.
 */
export async function* eventsOf(
  open: () => Readable | AsyncIterable<Buffer>,
  enter: Enter,
  stop: AbortSignal,
  broken: (error: unknown) => Error,
): AsyncGenerator<LogEvent, void> {
  let begun: Buffer[] = [];
  let begunSize = 0;
  let number = 1;
  const expectRoom = (more: number): void => {
    if (begunSize + more > longestLine) {
      throw new Error(`line ${number} is longer than 64 MiB`);
    }
  };
  try {
    for await (const chunk of open() as AsyncIterable<Buffer>) {
      let start = 0;
      for (let at = chunk.indexOf(lineFeed); at >= 0; at = chunk.indexOf(lineFeed, start)) {
        const end = chunk.subarray(start, at + 1);
        start = at + 1;
        expectRoom(end.length);
        const line = begun.length === 0 ? end : Buffer.concat([...begun, end]);
        begun = [];
        begunSize = 0;
        number++;
        if (stop.aborted) {
          return;
        }
        yield enter(line);
      }
      if (start < chunk.length) {
        expectRoom(chunk.length - start);
        begun.push(chunk.subarray(start));
        begunSize += chunk.length - start;
      }
    }
  } catch (error) {
    if (!stop.aborted) {
      throw broken(error);
    }
  }
  if (begun.length > 0 && !stop.aborted) {
    yield enter(Buffer.concat(begun));
  }
}
