/** The collector's file: what is appended is there whole or not at all. */
import { appendFileSync, fstatSync, ftruncateSync } from 'node:fs';
import { createReadStream } from 'node:fs';
import { recordsIn } from '../ship/record.js';

/** What a file consists of. */
export type Kind = 'records' | 'lines' | 'documents';

/** It holds something else. */
export class KindError extends Error {}

const lineFeed = 0x0a;

/** A file that is open for appending. */
export class AppendedFile {
  private kind: Kind | undefined;
  /** Resolves when the end of the file is a whole one of its kind. */
  private mended: Promise<void> | undefined;
  private size = 0;

  /**
   * @param file Its path.
   * @param descriptor It, opened.
   */
  constructor(
    private readonly file: string,
    private readonly descriptor: number,
  ) {}

  /**
   * Appends all of it or nothing.
   * @param kind What it is.
   * @param bytes One or more of that kind, whole ones.
   * @throws KindError when the file holds something else; otherwise what the file system throws.
   */
  async append(kind: Kind, bytes: Buffer): Promise<void> {
    this.kind ??= kind;
    if (this.kind !== kind) {
      throw new KindError(`this file takes ${this.kind}, not ${kind}`);
    }
    this.mended ??= this.mend(kind);
    await this.mended;
    try {
      // One write a request: the file survives this process from here on. (A power cut is another matter.)
      appendFileSync(this.descriptor, bytes);
      this.size += bytes.length;
    } catch (error) {
      ftruncateSync(this.descriptor, this.size);
      throw error;
    }
  }

  /** A crash may have cut off the last of them; the next one must not be taken for its rest. */
  private async mend(kind: Kind): Promise<void> {
    this.size = fstatSync(this.descriptor).size;
    try {
      this.size = await (kind === 'records' ? endOfRecords(this.file) : endOfLines(this.file));
    } catch (error) {
      throw new KindError(`this file does not hold ${kind}: ${String(error)}`);
    }
    ftruncateSync(this.descriptor, this.size);
  }
}

async function endOfRecords(file: string): Promise<number> {
  let size = 0;
  for await (const { end } of recordsIn(file)) {
    size = end;
  }
  return size;
}

async function endOfLines(file: string): Promise<number> {
  let before = 0;
  let size = 0;
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    const last = chunk.lastIndexOf(lineFeed);
    size = last < 0 ? size : before + last + 1;
    before += chunk.length;
  }
  return size;
}
