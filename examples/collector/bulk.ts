/** A `_bulk` request as the collector takes it, and what it answers. */
import { isObject } from '../ship/documents.js';

/** A document with what is to be done with it. */
export interface BulkEntry {
  readonly action: 'create' | 'index';
  readonly id: string;
  /** Its JSON text, as it came. */
  readonly document: string;
}

/**
 * Reads action and document lines in turns.
 * @param body The request's body.
 * @returns The documents; `undefined` when something is wrong with one of them.
 */
export function bulkEntriesIn(body: Buffer): BulkEntry[] | undefined {
  const lines = body.toString().split('\n');
  // Every line is ended by a line feed, the last one, too.
  if (lines.pop() !== '' || lines.length === 0 || lines.length % 2 === 1) {
    return undefined;
  }
  const entries: BulkEntry[] = [];
  for (let at = 0; at < lines.length; at += 2) {
    const action = actionOf(lines[at] ?? '');
    const document = lines[at + 1] ?? '';
    if (action === undefined || !isObject(document)) {
      return undefined;
    }
    entries.push({ ...action, document });
  }
  return entries;
}

/** What is appended to the file: a line for each, with the document's own text. */
export function linesOf(entries: readonly BulkEntry[]): Buffer {
  return Buffer.from(
    entries.map(({ id, document }) => `{"_id":${JSON.stringify(id)},"document":${document}}\n`).join(''),
  );
}

/** What is answered: an item for each. */
export function bulkAnswer(entries: readonly BulkEntry[]): string {
  const items = entries.map(({ action, id }) => ({ [action]: { _id: id, status: 201 } }));
  return JSON.stringify({ took: 0, errors: false, items });
}

function actionOf(line: string): Pick<BulkEntry, 'action' | 'id'> | undefined {
  try {
    const [[action, what] = [], ...more] = Object.entries(JSON.parse(line) as Record<string, unknown>);
    const id = (what as { readonly _id?: unknown } | null | undefined)?._id;
    return more.length === 0 && (action === 'create' || action === 'index') && typeof id === 'string'
      ? { action, id }
      : undefined;
  } catch {
    return undefined;
  }
}
