/** How an event is written, on the wire and in a collector's file: its number, its length in bytes, its bytes. */
import { createReadStream } from 'node:fs';
import type { LogEvent } from './logEvent.js';

/** Two decimal numbers, each followed by a space: no header is longer. */
const longestHeader = 34;

/** Events as records, one after the other, each like `17 5 line\n`. */
export function recordsOf(events: readonly LogEvent[]): Buffer {
  return Buffer.concat(events.flatMap(({ n, bytes }) => [Buffer.from(`${n} ${bytes.length} `), bytes]));
}

/** Whether a buffer is whole records, one or more, and nothing else. */
export function isRecords(buffer: Buffer): boolean {
  try {
    let end = 0;
    for (let found = recordAt(buffer, 0); found !== undefined; found = recordAt(buffer, end)) {
      end = found.end;
      if (end === buffer.length) {
        return true;
      }
    }
  } catch {
    // something else
  }
  return false;
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
