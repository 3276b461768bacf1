/** Servers that break every rule: a failed attempt each, and never a crash, a hang, or memory without bound. */
import type { Socket } from 'node:net';
import { expect } from 'chai';
import fc from 'fast-check';
import { TimeoutError } from 'rxjs';
import {
  httpConnection,
  HttpStatusError,
  json,
  jsonAnswer,
  type HttpOptions,
} from '../../src/connections/http.js';
import { RejectedError, TemporaryError } from '../../src/index.js';
import { closedAfterEach } from './closedAfterEach.js';
import { OpenConnection } from './openConnection.js';
import { RawServer, writeForEver, type SocketHandler } from './rawServer.js';
import { Shipment } from './shipment.js';
import { until } from '../until.js';

/** More than any socket holds back by itself. */
const muchMore = 50_000_000;

const good = 'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n"ok"';

/** Writes, and then closes the socket at once, unread data or not. */
function resetAfter(socket: Socket, text: string): void {
  socket.write(text, () => socket.resetAndDestroy());
}

describe('httpConnection and a hostile server', function () {
  this.timeout(60_000);
  const keep = closedAfterEach();

  const serverOf = async (handle: SocketHandler): Promise<RawServer> => keep(await RawServer.start(handle));

  type Options<T> = HttpOptions<T, unknown> & { readonly batch?: undefined };

  const openedTo = async <T>(server: RawServer, options?: Options<T>): Promise<OpenConnection<T, unknown>> =>
    keep(new OpenConnection(httpConnection<T, unknown>(server.origin, { name: 'place', ...options }))).up();

  /** Reads the answer's body. */
  const reading = { format: json<string, unknown>({ read: jsonAnswer }) };

  /** The error of a send of its own, which must be a failure of the connection that says whose. */
  const failureWith = async (handle: SocketHandler, options?: Options<string>): Promise<Error> => {
    const server = await serverOf(handle);
    const connection = await openedTo(server, options);
    const error = await connection.refused('event');
    expect(error).to.be.an('error');
    expect(error.message).to.match(/^place: ./);
    expect(error).to.not.be.instanceOf(TemporaryError).and.not.be.instanceOf(RejectedError);
    expect(error).to.not.be.instanceOf(HttpStatusError);
    await until('the socket to be closed', () => server.busySockets === 0);
    return error;
  };

  describe('that never stops answering', () => {
    /** Answers with a head and an endless body. */
    const endless =
      (head: string, sockets: Socket[] = []): SocketHandler =>
      (socket) => {
        sockets.push(socket);
        socket.write(`HTTP/1.1 ${head}\r\n\r\n`);
        writeForEver(socket, Buffer.alloc(65_536, 'x'));
      };

    it('should fail where the body matters', async () => {
      const sockets: Socket[] = [];
      await failureWith(endless('200 OK\r\nconnection: close', sockets), reading);
      await failureWith(endless('200 OK\r\ncontent-length: 100000000', sockets), reading);
      for (const { bytesWritten } of sockets) {
        expect(bytesWritten).to.be.below(10_485_760 + muchMore);
      }
    });

    it('should fail at the size that is given', async () => {
      const answer = (length: number): SocketHandler => {
        const body = JSON.stringify('x'.repeat(length - 2));
        return (socket) => socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
      };
      const options = { ...reading, maxResponseSize: 1_000 };
      expect((await failureWith(answer(1_001), options)).message).to.include('1000 bytes');
      const connection = await openedTo(await serverOf(answer(1_000)), options);
      expect(await connection.send('event')).to.equal('x'.repeat(998));
    });

    it('should fail at no size where it is Infinity', async () => {
      const body = JSON.stringify('x'.repeat(20_000_000));
      const server = await serverOf((socket) => {
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
      });
      const connection = await openedTo<string>(server, { ...reading, maxResponseSize: Infinity });
      expect(await connection.send('event')).to.have.length(20_000_000);
    });

    it('should have delivered where the status is enough', async () => {
      const sockets: Socket[] = [];
      const server = await serverOf(endless('200 OK\r\nconnection: close', sockets));
      const connection = await openedTo<string>(server);

      await connection.send('event');

      await until('the socket to be closed', () => server.busySockets === 0);
      expect(sockets[0]?.bytesWritten).to.be.below(10_485_760 + muchMore);
    });

    it('should have refused where the status is a refusal', async () => {
      const server = await serverOf(
        endless('503 Service Unavailable\r\nretry-after: 3\r\nconnection: close'),
      );
      const connection = await openedTo<string>(server);

      const error = await connection.refused('event');

      expect(error).to.be.instanceOf(TemporaryError).with.property('retryAfter', 3_000);
      expect(error.message).to.match(/^place answered 503 Service Unavailable: x{200}$/);
      await until('the socket to be closed', () => server.busySockets === 0);
    });

    it('should fail where the headers have no end', async () => {
      let written: Socket | undefined;
      await failureWith((socket) => {
        written = socket;
        socket.write('HTTP/1.1 200 OK\r\n');
        writeForEver(socket, 'x-header: yes\r\n'.repeat(100));
      });
      expect(written?.bytesWritten).to.be.below(muchMore);
    });

    it('should fail where one header has no end', async () => {
      await failureWith((socket) => {
        socket.write('HTTP/1.1 200 OK\r\nx-header: ');
        writeForEver(socket, 'x'.repeat(10_000));
      });
      await failureWith((socket) => {
        socket.write(`HTTP/1.1 200 OK\r\nx-header: ${'x'.repeat(100_000)}\r\n\r\n`);
      });
    });

    it('should fail after timeout.send where it never comes to an answer', async () => {
      for (const words of ['HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n', 'HTTP/1.1 200 O', 'K']) {
        const server = await serverOf((socket) => {
          socket.write('HTTP/1.1 103 ');
          writeForEver(socket, words.repeat(100));
        });
        const shipment = keep(
          new Shipment(['event'], [httpConnection(server.origin)], {
            maxAttempts: 1,
            timeout: { send: 200 },
          }),
        );

        const [outcome] = await shipment.ended();

        expect(outcome).to.include({ status: 'dropped', reason: 'attempts' });
        await until('the sockets to be closed', () => server.busySockets === 0);
      }
    });

    it('should fail after timeout.send where it trickles', async () => {
      for (const [head, drop] of [
        ['HTTP/1.1 200 O', 'K'],
        ['HTTP/1.1 200 OK\r\nx-header: ', 'x'],
        ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n', '1\r\nx\r\n'],
      ] as const) {
        const server = await serverOf((socket) => {
          socket.write(head);
          const trickle = setInterval(() => socket.write(drop), 5);
          socket.on('close', () => {
            clearInterval(trickle);
          });
        });
        const connection = httpConnection(server.origin, reading);
        const shipment = keep(
          new Shipment(['event'], [connection], { maxAttempts: 1, timeout: { send: 100 } }),
        );

        const [outcome] = await shipment.ended();

        expect(outcome).to.have.property('error').that.is.instanceOf(TimeoutError);
        await until('the sockets to be closed', () => server.busySockets === 0);
      }
    });

    it('should fail where the health check has no end', async () => {
      const sockets: Socket[] = [];
      const server = await serverOf(endless('500 Oh\r\nconnection: close', sockets));
      const connection = keep(new OpenConnection(httpConnection(server.origin, { health: '/' })));

      expect((await connection.lost()).message).to.include('500');

      await until('the socket to be closed', () => server.busySockets === 0);
      expect(sockets[0]?.bytesWritten).to.be.below(10_485_760 + muchMore);
    });
  });

  describe('that speaks no HTTP', () => {
    it('should be a failure, whatever it says', async () => {
      for (const text of [
        'garbage\r\n\r\n',
        '\0\0\0\0',
        '220 smtp.example ESMTP\r\n',
        'SSH-2.0-OpenSSH_9.2\r\n',
        'HTTP/1.1 OK\r\n\r\n',
        'HTTP/1.1 20 OK\r\n\r\n',
        'HTTP/1.1 2000 OK\r\n\r\n',
        'HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n',
        'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx',
        'HTTP/1.1 200 OK\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
        'HTTP/1.1 200 OK\r\nno colon\r\n\r\n',
        'HTTP/1.1 200 OK\r\n: no name\r\n\r\n',
        'HTTP/1.1 200 OK\r\nnul: \0\r\n\r\n',
        'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n',
        'HTTP/1.1 100 Continue\r\n\r\n',
        'HTTP/1.1 102 Processing\r\n\r\n',
        'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n',
        'GET / HTTP/1.1\r\nhost: you\r\n\r\n',
        '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
      ]) {
        await failureWith((socket) => socket.end(text, 'latin1'));
      }
    });

    it('should be a failure where the chunks of a body that matters make no sense', async () => {
      for (const chunk of ['zz\r\n', '-1\r\n', 'ffffffffffffffffff\r\n', '4\r\n"ok"x']) {
        await failureWith(
          (socket) => socket.end(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${chunk}`),
          reading,
        );
      }
    });

    it('should end every send, whatever the bytes', async () => {
      const bytes = fc.uint8Array({ maxLength: 20 }).map((array) => Buffer.from(array));
      const answers = fc
        .record({ begin: fc.nat({ max: good.length }), garbage: bytes, end: fc.nat({ max: good.length }) })
        .map(({ begin, garbage, end }) =>
          Buffer.concat([Buffer.from(good.slice(0, begin)), garbage, Buffer.from(good.slice(end))]),
        );
      let answer = Buffer.alloc(0);
      const server = await serverOf((socket) => socket.end(answer));
      const connection = await openedTo<string>(server, reading);
      await fc.assert(
        fc.asyncProperty(answers, async (given) => {
          answer = given;
          const end = await connection.send('event').then(
            () => undefined,
            (error: unknown) => error,
          );
          if (end !== undefined) {
            expect(end)
              .to.be.an('error')
              .with.property('message')
              .that.matches(/^place/);
          }
        }),
      );
    });

    it('should be a failure where the answer is compressed and unreadable', async () => {
      await failureWith(
        (socket) =>
          socket.end('HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\n\x1f\x8b\x08'),
        reading,
      );
    });
  });

  describe('that breaks off', () => {
    it('should be a failure when it closes without an answer', async () => {
      await failureWith((socket) => socket.end());
      await failureWith((socket) => socket.destroy());
      await failureWith((socket) => socket.resetAndDestroy());
    });

    it('should be a failure in the middle of a head', async () => {
      for (const part of ['H', 'HTTP/1.1 200', 'HTTP/1.1 200 OK\r\n', 'HTTP/1.1 200 OK\r\ncontent-le']) {
        await failureWith((socket) => socket.end(part));
        await failureWith((socket) => {
          resetAfter(socket, part);
        });
      }
    });

    it('should be a failure in the middle of a body that matters', async () => {
      for (const head of ['content-length: 10', 'transfer-encoding: chunked']) {
        const part = `HTTP/1.1 200 OK\r\n${head}\r\n\r\n5\r\n"`;
        await failureWith((socket) => socket.end(part), reading);
        await failureWith((socket) => {
          resetAfter(socket, part);
        }, reading);
      }
    });

    it('should be an answer in the middle of a body that does not matter', async () => {
      for (const [status, expected] of [
        ['200 OK', undefined],
        ['429 Too Many Requests', TemporaryError],
        ['404 Not Found', RejectedError],
        ['500 Internal Server Error', HttpStatusError],
      ] as const) {
        for (const head of ['content-length: 10', 'transfer-encoding: chunked']) {
          const server = await serverOf((socket) =>
            socket.end(`HTTP/1.1 ${status}\r\n${head}\r\n\r\n5\r\nabc`),
          );
          const connection = await openedTo<string>(server);
          const end = await connection.send('event').catch((error: unknown) => error);
          if (expected === undefined) {
            expect(end).to.equal(undefined);
          } else {
            expect(end).to.be.instanceOf(expected).with.property('message').that.includes(status);
          }
        }
      }
    });

    it('should be a failure in the middle of a request', async () => {
      await failureWith((socket) => socket.resetAndDestroy(), {
        format: { encode: () => ({ body: Buffer.alloc(muchMore) }) },
      });
    });
  });

  describe('that does not wait for its turn', () => {
    it('should be taken at its word before the end of the request', async () => {
      for (const [status, expected] of [
        ['413 Payload Too Large', RejectedError],
        ['503 Service Unavailable', TemporaryError],
        ['401 Unauthorized', HttpStatusError],
      ] as const) {
        const server = await serverOf((socket) => {
          socket.pause();
          socket.write(`HTTP/1.1 ${status}\r\ncontent-length: 0\r\n\r\n`);
        });
        const connection = await openedTo<string>(server, {
          format: { encode: () => ({ body: Buffer.alloc(muchMore) }) },
        });

        expect(await connection.refused('event')).to.be.instanceOf(expected);
      }
    });

    it('should not answer the next request with a second answer', async () => {
      const server = await serverOf((socket, nth) => {
        socket.write(nth === 1 ? good + good.replace('ok', 'stale').replace('4', '7') : good);
        socket.on('data', () => socket.write(good));
      });
      const connection = httpConnection(server.origin, { ...reading, window: 1 });
      const shipment = keep(new Shipment(['a', 'b', 'c'], [connection]));

      const outcomes = await shipment.ended();

      expect(outcomes.map(({ event }) => event)).to.deep.equal(['a', 'b', 'c']);
      for (const outcome of outcomes) {
        expect(outcome).to.include({ status: 'delivered', value: 'ok' });
      }
    });

    it('should be nothing to us where it speaks without being asked', async () => {
      let connected = 0;
      const server = await serverOf((socket) => socket.end(good));
      const connection = await openedTo<string>(server, reading);
      while (connected++ < 3) {
        expect(await connection.send('event')).to.equal('ok');
      }
    });

    it('should fail where it answers when the socket is opened', async () => {
      const impatient = keep(
        await RawServer.start(
          () => undefined,
          (socket) => socket.write('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n'),
        ),
      );
      const connection = await openedTo<string>(impatient);

      const end = await connection.send('event').catch((error: unknown) => error);

      expect(end).to.be.an('error');
    });
  });

  it('should be left for another', async () => {
    const hostile: SocketHandler[] = [
      (socket) => socket.destroy(),
      (socket) => socket.resetAndDestroy(),
      (socket) => socket.end('garbage'),
      (socket) => {
        writeForEver(socket, 'HTTP/1.1 200 OK\r\n'.repeat(1_000));
      },
      (socket) => {
        resetAfter(socket, 'HTTP/1.1 200 OK\r\n');
      },
    ];
    const bad = await Promise.all(hostile.map(async (handle) => serverOf(handle)));
    const calm = await serverOf((socket) => {
      socket.write(good);
      socket.on('data', () => socket.write(good));
    });
    const events = Array.from({ length: 100 }, (_, index) => `event ${index}`);
    const connections = [...bad, calm].map(({ origin }) => httpConnection<string>(origin, { window: 2 }));
    const shipment = keep(new Shipment(events, connections, { guaranteed: true }));

    const outcomes = await shipment.ended();

    expect(outcomes.map(({ event }) => event)).to.have.members(events);
    for (const outcome of outcomes) {
      expect(outcome).to.include({ status: 'delivered', connection: `${calm.origin}/` });
    }
  });
});
