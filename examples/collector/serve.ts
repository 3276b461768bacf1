/** What the collector answers. */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { Server } from 'node:net';
import { isRecords } from '../ship/record.js';
import { AppendedFile, KindError, type Kind } from './appendedFile.js';
import { bulkAnswer, bulkEntriesIn, linesOf } from './bulk.js';
import type { CollectorOptions } from './commandLine.js';

/** The largest body, in bytes. */
const largestBody = 64 * 1024 * 1024;

const lineFeed = Buffer.from('\n');

/** An answer; without a body, 204. */
interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a request asks to append, and the answer when that is done. */
interface Taken {
  readonly kind: Kind;
  readonly bytes: Buffer;
  readonly answer: Answer;
}

const done: Answer = { status: 204, body: '' };

/** Makes the server. */
export function serve({ file, descriptor, tls }: CollectorOptions): Server {
  const appended = new AppendedFile(file, descriptor);
  const listener: RequestListener = (request, response) => {
    answerTo(request, appended).then(
      (answer) => {
        reply(response, answer);
      },
      () => {
        // The sender has gone in the middle of its events.
        response.destroy();
      },
    );
  };
  return tls === undefined ? createServer(listener) : createSecureServer(tls, listener);
}

async function answerTo(request: IncomingMessage, appended: AppendedFile): Promise<Answer> {
  const { method = '', url = '' } = request;
  const [path = ''] = url.split('?');
  if (method === 'GET' && path === '/health') {
    return done;
  }
  if (method !== 'POST') {
    return { status: 404, body: 'expected POST, or GET /health\n' };
  }
  const body = await bodyOf(request);
  if (body === undefined) {
    return { status: 413, body: `expected ${largestBody} bytes at most\n`, headers: { connection: 'close' } };
  }
  const taken = takenFrom(path, request.headers['content-type'] ?? '', body);
  return 'status' in taken ? taken : appendedAnswer(appended, taken);
}

async function appendedAnswer(appended: AppendedFile, { kind, bytes, answer }: Taken): Promise<Answer> {
  try {
    await appended.append(kind, bytes);
    return answer;
  } catch (error) {
    if (error instanceof KindError) {
      return { status: 409, body: `${error.message}\n` };
    }
    return { status: 503, body: `cannot write: ${String(error)}\n`, headers: { 'retry-after': '1' } };
  }
}

/** What a body is by its path and type, or what is wrong with it. */
function takenFrom(path: string, type: string, body: Buffer): Taken | Answer {
  if (path === '/events') {
    return isRecords(body)
      ? { kind: 'records', bytes: body, answer: done }
      : { status: 400, body: 'expected whole records\n' };
  }
  if (path.endsWith('/_bulk')) {
    const entries = bulkEntriesIn(body);
    return entries === undefined
      ? { status: 400, body: 'expected lines of actions with an _id and of documents in turns\n' }
      : {
          kind: 'documents',
          bytes: linesOf(entries),
          answer: {
            status: 200,
            body: bulkAnswer(entries),
            headers: { 'content-type': 'application/json' },
          },
        };
  }
  if (!/^(text\/plain|application\/x-ndjson)\s*(;|$)/i.test(type)) {
    return { status: 415, body: 'expected text/plain or application/x-ndjson\n' };
  }
  const isEnded = body.length === 0 || body.at(-1) === lineFeed[0];
  return { kind: 'lines', bytes: isEnded ? body : Buffer.concat([body, lineFeed]), answer: done };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > largestBody) {
      return undefined;
    }
  }
  return Buffer.concat(chunks);
}

function reply(response: ServerResponse, { status, body, headers }: Answer): void {
  response.writeHead(status, headers).end(body);
}
