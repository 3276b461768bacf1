/** The lines of a stream of bytes, each with its line break: put together again, they are the stream. */
import type { Readable } from 'node:stream';
import type { LogEvent } from './logEvent.js';

const lineFeed = 0x0a;

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
 * @param broken Makes an error of the stream one that a person understands.
 */
export async function* eventsOf(
  open: () => Readable | AsyncIterable<Buffer>,
  enter: Enter,
  stop: AbortSignal,
  broken: (error: unknown) => Error,
): AsyncGenerator<LogEvent, void> {
  let begun: Buffer[] = [];
  try {
    for await (const chunk of open() as AsyncIterable<Buffer>) {
      let start = 0;
      for (let at = chunk.indexOf(lineFeed); at >= 0; at = chunk.indexOf(lineFeed, start)) {
        const end = chunk.subarray(start, at + 1);
        start = at + 1;
        const line = begun.length === 0 ? end : Buffer.concat([...begun, end]);
        begun = [];
        if (stop.aborted) {
          return;
        }
        yield enter(line);
      }
      if (start < chunk.length) {
        begun.push(chunk.subarray(start));
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
