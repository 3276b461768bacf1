/** How events are written into a request. */
import { randomBytes } from 'node:crypto';
import { bulk, type HttpFormat } from 'rxjs-load-balance/http';
import { documentOf } from './documents.js';
import { endedLine, type LogEvent } from './logEvent.js';
import { recordsOf } from './record.js';

/** Those that `--format` knows. */
export const formatNames = ['lines', 'ndjson', 'bulk'] as const;

/** One of them. */
export type FormatName = (typeof formatNames)[number];

// Frozen, so that they are checked once and not for every request.
const linesType = Object.freeze({ 'content-type': 'text/plain; charset=utf-8' });
const ndjsonType = Object.freeze({ 'content-type': 'application/x-ndjson' });
const recordsType = Object.freeze({ 'content-type': 'application/octet-stream' });

/** For our own collectors: every event with its number. */
export const records: HttpFormat<LogEvent, void> = {
  encode: (events) => ({
    body: recordsOf(events),
    headers: recordsType,
  }),
};

/** Makes a format by its name; that of `bulk` gives every line an id of its own. */
export function formatOf(name: FormatName): HttpFormat<LogEvent, unknown> {
  switch (name) {
    case 'lines':
      return lines;
    case 'ndjson':
      return ndjson;
    case 'bulk':
      return bulkWithIds();
  }
}

const lines: HttpFormat<LogEvent, unknown> = {
  encode: (events) => ({
    body: Buffer.concat(events.map(endedLine)),
    headers: linesType,
  }),
};

const ndjson: HttpFormat<LogEvent, unknown> = {
  encode: (events) => ({
    body: events.map((event) => `${documentOf(event)}\n`).join(''),
    headers: ndjsonType,
  }),
};

/** A line that is sent again has the id that it had before, and is then refused as one that is there. */
function bulkWithIds(): HttpFormat<LogEvent, unknown> {
  const run = randomBytes(9).toString('base64url');
  const id = ({ n }: LogEvent): string => `${run}-${n}`;
  // Its encoder would parse and write the documents again; its reader is what we need.
  const { read } = bulk<LogEvent>({ action: 'create', id });
  return {
    encode: (events) => ({
      body: events.map((event) => `{"create":{"_id":"${id(event)}"}}\n${documentOf(event)}\n`).join(''),
      headers: ndjsonType,
    }),
    ...(read === undefined ? {} : { read }),
  };
}
