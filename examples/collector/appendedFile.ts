/** The collector's file: what is appended is there whole or not at all. */
import { appendFileSync, fstatSync, ftruncateSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { recordAt, recordsIn } from '../ship/record.js';

/** What a file consists of. */
export type Kind = 'records' | 'lines' | 'documents';

/** It holds something else. */
export class KindError extends Error {}

/** What is in a file already. */
interface Found {
  /** `undefined` when it is empty, or no file that keeps anything. */
  readonly kind: Kind | undefined;
  /** Where the last whole record ends; with other kinds the end of the file. */
  readonly end: number;
  /** Its last line has no end. */
  readonly isTorn: boolean;
}

const lineFeed = Buffer.from('\n');

/** Enough to tell how a file begins, in bytes. */
const headSize = 64;

/** A file that is open for appending. */
export class AppendedFile {
  private readonly isRegular: boolean;
  private kind: Kind | undefined;
  /** Whether the end of the file is a whole one of its kind. */
  private isMended = false;
  /** Under way, or what it has found. */
  private look: Promise<Found> | undefined;

  /**
   * @param file Its path.
   * @param descriptor It, opened.
   */
  constructor(
    private readonly file: string,
    private readonly descriptor: number,
  ) {
    this.isRegular = fstatSync(descriptor).isFile();
  }

  /**
   * Appends all of it or nothing.
   * @param kind What it is.
   * @param bytes One or more of that kind, whole ones.
   * @throws KindError when the file holds something else; otherwise what the file system throws.
   */
  async append(kind: Kind, bytes: Buffer): Promise<void> {
    const found = await this.found();
    const holds = this.kind ?? found.kind ?? kind;
    if (holds !== kind) {
      throw new KindError(`this file takes ${holds}, not ${kind}`);
    }
    const lead = this.isMended ? Buffer.alloc(0) : this.mend(found);
    // One write a request: the file survives this process from here on. (A power cut is another matter.)
    this.write(lead.length === 0 ? bytes : Buffer.concat([lead, bytes]));
    this.isMended = true;
    this.kind = kind;
  }

  private async found(): Promise<Found> {
    this.look ??= this.isRegular ? foundIn(this.file) : Promise.resolve(nothing);
    try {
      return await this.look;
    } catch (error) {
      // The next request may have more luck.
      this.look = undefined;
      throw error;
    }
  }

  /**
   * A crash may have cut off the end of the file, and what comes next must not be taken for its rest. A record of
   * which the rest is missing cannot stay; a line can, once it is ended, and who knows whose it is.
   * @returns What ends it.
   */
  private mend({ kind, end, isTorn }: Found): Buffer {
    if (kind === 'records') {
      ftruncateSync(this.descriptor, end);
    }
    return isTorn ? lineFeed : Buffer.alloc(0);
  }

  private write(bytes: Buffer): void {
    const before = fstatSync(this.descriptor).size;
    try {
      appendFileSync(this.descriptor, bytes);
    } catch (error) {
      if (this.isRegular) {
        ftruncateSync(this.descriptor, before);
      }
      throw error;
    }
  }
}

const nothing: Found = { kind: undefined, end: 0, isTorn: false };

async function foundIn(file: string): Promise<Found> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    if (size === 0) {
      return nothing;
    }
    const head = await handle.read(Buffer.alloc(headSize), 0, headSize, 0);
    const beginning = head.buffer.subarray(0, head.bytesRead);
    const end = await endOfRecords(file, beginning);
    if (end > 0) {
      return { kind: 'records', end, isTorn: false };
    }
    const last = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
    const isDocuments = /^\{"_id":".*/.test(beginning.toString());
    return {
      kind: isDocuments ? 'documents' : 'lines',
      end: size,
      isTorn: last.buffer[0] !== lineFeed[0],
    };
  } finally {
    await handle.close();
  }
}

/** Where the last whole record ends; 0 when there is none, or something else. */
async function endOfRecords(file: string, beginning: Buffer): Promise<number> {
  let end = 0;
  try {
    recordAt(beginning, 0);
  } catch {
    return 0;
  }
  try {
    for await (const found of recordsIn(file)) {
      ({ end } = found);
    }
  } catch (error) {
    // The file system's errors have a code.
    if (error instanceof Error && 'code' in error) {
      throw error;
    }
    return 0;
  }
  return end;
}
