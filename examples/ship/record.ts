/** How an event is written, on the wire and in a collector's file: its number, its length in bytes, its bytes. */
import { createReadStream } from 'node:fs';

/** One line of the input, with its line break if it has one. */
export interface LogEvent {
  /** Its place in the input, from 0. It tells a duplicate from an equal line. */
  readonly n: number;
  readonly bytes: Buffer;
}

/** Two decimal numbers, each followed by a space: no header is longer. */
const longestHeader = 34;

/** An event as a record: `17 5 line\n`. */
export function recordOf({ n, bytes }: LogEvent): Buffer {
  return Buffer.concat([Buffer.from(`${n} ${bytes.length} `), bytes]);
}

/**
 * Reads one record.
 * @param buffer Where it stands.
 * @param start Where it begins.
 * @returns The event and the end of the record; `undefined` when the record goes on beyond the buffer.
 * @throws Error when there is something else.
 */
export function recordAt(buffer: Buffer, start: number): { event: LogEvent; end: number } | undefined {
  const head = buffer.toString('latin1', start, start + longestHeader);
  const header = /^(\d{1,16}) (\d{1,16}) /.exec(head);
  if (header === null) {
    if (head.length < longestHeader && /^(\d{1,16}( \d{0,16})?)?$/.test(head)) {
      return undefined;
    }
    throw new Error(`expected a record, got ${JSON.stringify(head)}`);
  }
  const from = start + header[0].length;
  const end = from + Number(header[2]);
  return end > buffer.length
    ? undefined
    : { event: { n: Number(header[1]), bytes: buffer.subarray(from, end) }, end };
}

/**
 * Reads the records of a file. One at its end that was cut off by a crash is left out: nobody was told that
 * it had been taken.
 * @param file The file.
 * @returns The events, each with the position at which its record ends.
 */
export async function* recordsIn(file: string): AsyncGenerator<{ event: LogEvent; end: number }> {
  let rest = Buffer.alloc(0);
  let before = 0;
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    rest = Buffer.concat([rest, chunk]);
    let start = 0;
    for (let found = recordAt(rest, start); found !== undefined; found = recordAt(rest, start)) {
      start = found.end;
      yield { event: found.event, end: before + start };
    }
    rest = rest.subarray(start);
    before += start;
  }
}
