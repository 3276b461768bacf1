/**
 * A server for `tcpConnection`: it writes each event into a file of its folder, and then answers with the event's
 * number. It is told the port and the framing; where there is a certificate in its folder, it speaks TLS, and wants one
 * that is signed by the same.
 */
import { existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';

const [, , port, framing] = process.argv;

const file = openSync('arrived', 'a');
let arrivals = 0;

/** The first frame, and where the next one begins; `undefined` when it is not complete. */
function frameIn(bytes: Buffer): { readonly event: string; readonly end: number } | undefined {
  if (framing === 'length') {
    const end = bytes.length < 4 ? Infinity : 4 + bytes.readUInt32BE();
    return end > bytes.length ? undefined : { event: bytes.toString('utf8', 4, end), end };
  }
  const end = bytes.indexOf('\n');
  return end === -1 ? undefined : { event: bytes.toString('utf8', 0, end), end: end + 1 };
}

function framed(answer: string): Buffer {
  if (framing !== 'length') {
    return Buffer.from(`${answer}\n`);
  }
  const header = Buffer.alloc(4);
  header.writeUInt32BE(Buffer.byteLength(answer));
  return Buffer.concat([header, Buffer.from(answer)]);
}

function serve(socket: Socket): void {
  let rest: Buffer = Buffer.alloc(0);
  // Clients that go away are what it is for.
  socket.on('error', () => undefined);
  socket.on('data', (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    for (let frame = frameIn(rest); frame !== undefined; frame = frameIn(rest)) {
      writeSync(file, `${frame.event}\n`);
      socket.write(framed(String(++arrivals)));
      rest = rest.subarray(frame.end);
    }
  });
}

const server = existsSync('cert.pem')
  ? createTlsServer(
      {
        cert: readFileSync('cert.pem'),
        key: readFileSync('key.pem'),
        ca: readFileSync('cert.pem'),
        requestCert: true,
      },
      serve,
    )
  : createServer(serve);
server.listen(Number(port), '127.0.0.1');
process.on('SIGTERM', () => process.exit());
