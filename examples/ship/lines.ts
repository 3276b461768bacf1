/** The lines of a stream of bytes, each with its line break: put together again, they are the stream. */

const lineFeed = 0x0a;

/**
 * Splits after every line feed. Bytes stay bytes: nothing is decoded, so nothing can be changed.
 * @param chunks The stream; the next chunk is asked for when the lines of the last one are used up.
 */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let begun: Buffer[] = [];
  for await (const chunk of chunks) {
    let start = 0;
    for (let at = chunk.indexOf(lineFeed); at >= 0; at = chunk.indexOf(lineFeed, start)) {
      const end = chunk.subarray(start, at + 1);
      yield begun.length === 0 ? end : Buffer.concat([...begun, end]);
      begun = [];
      start = at + 1;
    }
    if (start < chunk.length) {
      begun.push(chunk.subarray(start));
    }
  }
  if (begun.length > 0) {
    yield Buffer.concat(begun);
  }
}
