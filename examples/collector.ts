/**
 * An HTTP collector: what it takes is in its file before it answers 204.
 *
 * `collector FILE [PORT]` listens on the loopback interface. Its parent is told the port, and it ends with it.
 */
import { appendFileSync, ftruncateSync, openSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { recordAt, recordsIn } from './ship/record.js';

/** How long to wait for a port that is taken, and how often to look, in milliseconds. */
const portPatience = 5_000;
const portPeriod = 100;

const [, , file, port = '0'] = process.argv;
if (file === undefined) {
  process.stderr.write('usage: collector FILE [PORT]\n');
  process.exit(2);
}

const descriptor = openSync(file, 'a');
let size = 0;
for await (const { end } of recordsIn(file)) {
  size = end;
}
// A crash may have cut off the last record; the next one must not be taken for its rest.
ftruncateSync(descriptor, size);

/** Appends a record, all of it or nothing. */
function append(record: Buffer): void {
  try {
    // One write an event: the file survives this process from here on. (A power cut is another matter.)
    appendFileSync(descriptor, record);
    size += record.length;
  } catch (error) {
    ftruncateSync(descriptor, size);
    throw error;
  }
}

function isRecord(body: Buffer): boolean {
  try {
    return recordAt(body, 0)?.end === body.length;
  } catch {
    return false;
  }
}

async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) {
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  if (!isRecord(body)) {
    response.writeHead(400).end('expected one record\n');
    return;
  }
  try {
    append(body);
    response.writeHead(204).end();
  } catch (error) {
    response.writeHead(503, { 'Retry-After': '1' }).end(`cannot write: ${String(error)}\n`);
  }
}

const server = createServer((request, response) => {
  const asked = `${request.method ?? ''} ${request.url ?? ''}`;
  if (asked === 'POST /events') {
    take(request, response).catch(() => {
      // The sender has gone in the middle of its event.
      response.destroy();
    });
  } else {
    response.writeHead(asked === 'GET /health' ? 204 : 404).end();
  }
});

const started = Date.now();
server.on('error', (error: NodeJS.ErrnoException) => {
  // For a moment the port may be the near end of somebody's outgoing connection.
  if (error.code !== 'EADDRINUSE' || Date.now() - started > portPatience) {
    throw error;
  }
  setTimeout(listen, portPeriod);
});
server.on('listening', () => {
  const address = server.address() as AddressInfo;
  if (process.send === undefined) {
    process.stdout.write(`listening on http://127.0.0.1:${address.port}\n`);
  } else {
    process.send(address.port);
  }
});

function listen(): void {
  server.listen(Number(port), '127.0.0.1');
}

if (process.send !== undefined) {
  process.once('disconnect', () => {
    process.exit();
  });
  if (!process.connected) {
    process.exit();
  }
}
listen();
