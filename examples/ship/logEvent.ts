/** What is shipped: one line of the input. */

/** A line, as it was read. */
export interface LogEvent {
  /** Its place in the input, from 0. It tells a duplicate from an equal line. */
  readonly n: number;
  /** With its line break, if it has one. */
  readonly bytes: Buffer;
}

const lineFeed = 0x0a;

/** The bytes of the line without its line feed. */
export function contentOf({ bytes }: LogEvent): Buffer {
  return bytes.at(-1) === lineFeed ? bytes.subarray(0, -1) : bytes;
}

/** The bytes of the line with a line feed, also where the last line of a file has none. */
export function endedLine({ bytes }: LogEvent): Buffer {
  return bytes.at(-1) === lineFeed ? bytes : Buffer.concat([bytes, Buffer.of(lineFeed)]);
}
