/** Answers that are HTTP and hostile all the same: each a counted failure or a delivery, in bounded time and memory, and the connection goes on after it. */
import type { Socket } from 'node:net';
import { expect } from 'chai';
import {
  bulk,
  httpConnection,
  HttpStatusError,
  json,
  jsonAnswer,
  jsonArray,
  jsonArrayAnswer,
  ndjson,
  ndjsonAnswer,
  type HttpFormat,
  type HttpOptions,
} from '../../src/connections/http.js';
import { RejectedError, TemporaryError, type Outcome } from '../../src/index.js';
import { closedAfterEach } from './closedAfterEach.js';
import { RawServer, writeForEver, type SocketHandler } from './rawServer.js';
import { Shipment } from './shipment.js';
import { until } from '../until.js';

/** The name of the connections here. */
const name = 'place';

const good = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}';

/** More memory than any of these answers may take, in bytes. */
const muchMemory = 200_000_000;

/** An answer with this body. */
const answerOf = (body: string, head = 'HTTP/1.1 200 OK'): string =>
  `${head}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

/** A body in chunks, each with its size as it is given. */
const chunkedOf = (...chunks: readonly (readonly [size: string, data: string])[]): string =>
  `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${chunks.map(([size, data]) => `${size}\r\n${data}`).join('')}`;

const errorOf = (outcome: Outcome<unknown> | undefined): Error => {
  expect(outcome).to.include({ status: 'dropped' });
  return (outcome as { readonly error: Error }).error;
};

describe('httpConnection and a hostile answer', function () {
  this.timeout(60_000);
  const keep = closedAfterEach();

  /** A server that answers the first request so, and every other one well. */
  const hostileOnce = async (first: SocketHandler, rest = good): Promise<RawServer> =>
    keep(
      await RawServer.start((socket, nth) => {
        if (nth === 1) {
          first(socket, nth);
        } else {
          socket.write(rest);
        }
        socket.on('data', () => socket.write(rest));
      }),
    );

  type Single = HttpOptions<unknown, unknown> & { readonly batch?: undefined };

  /** What becomes of an event that gets a hostile answer, when it has one attempt; and of the next, which must go well. */
  const shippedTo = async (
    server: RawServer,
    options: Single = {},
    timeout = 10_000,
  ): Promise<Outcome<unknown>> => {
    const connection = httpConnection<unknown, unknown>(server.origin, { name, window: 1, ...options });
    const shipment = keep(
      new Shipment(['hostile', 'next'], [connection], {
        maxAttempts: 1,
        guaranteed: (event) => event === 'next',
        timeout: { send: timeout },
      }),
    );
    const outcomes = await shipment.ended();
    expect(outcomes.map(({ event }) => event)).to.have.members(['hostile', 'next']);
    const [hostile, next] = ['hostile', 'next'].map((which) => outcomes.find(({ event }) => event === which));
    expect(next, String((next as { readonly error?: unknown } | undefined)?.error)).to.include({
      status: 'delivered',
    });
    if (hostile === undefined) {
      throw new Error('it has no outcome');
    }
    return hostile;
  };

  const saying =
    (answer: string | Buffer): SocketHandler =>
    (socket) =>
      socket.write(answer);

  const reading: Single = { format: json({ read: jsonAnswer }) };

  describe('that is too long', () => {
    it('should fail as soon as it is, in bounded memory, with a body of 100 MB', async () => {
      const sockets: Socket[] = [];
      const server = await hostileOnce((socket) => {
        sockets.push(socket);
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n');
        let left = 100;
        const megabyte = Buffer.alloc(1_000_000, 'x');
        const more = (): void => {
          while (left > 0 && !socket.destroyed && socket.write(megabyte)) {
            left--;
          }
        };
        socket.on('drain', more);
        more();
      });
      const before = process.memoryUsage();

      const error = errorOf(await shippedTo(server, reading));

      const { external, heapUsed } = process.memoryUsage();
      expect(external + heapUsed - before.external - before.heapUsed).to.be.below(muchMemory);
      expect(error.message).to.equal('place: expected an answer of at most 10485760 bytes');
      await until('the socket to be closed', () => sockets.every(({ destroyed }) => destroyed));
      // It was not read to its end and then thrown away.
      expect(Math.max(...sockets.map(({ bytesWritten }) => bytesWritten))).to.be.below(50_000_000);
    });

    for (const [what, write] of [
      [
        'headers have no end',
        (socket: Socket) => {
          socket.write('HTTP/1.1 200 OK\r\n');
          writeForEver(socket, 'x-odd: yes\r\n'.repeat(1_000));
        },
      ],
      [
        'header has 1 MB',
        (socket: Socket) => {
          socket.write(`HTTP/1.1 200 OK\r\nx-odd: ${'x'.repeat(1_000_000)}\r\ncontent-length: 2\r\n\r\n{}`);
        },
      ],
      [
        'header has a name of 1 MB',
        (socket: Socket) => {
          socket.write(`HTTP/1.1 200 OK\r\n${'x'.repeat(1_000_000)}: odd\r\ncontent-length: 2\r\n\r\n{}`);
        },
      ],
    ] as const) {
      it(`should fail where its ${what}, and show nothing of it`, async () => {
        const error = errorOf(await shippedTo(await hostileOnce(write)));

        expect(error.message).to.match(/^place: ./);
        expect(error.message).to.have.length.below(100);
      });
    }

    it('should show nothing of a reason that has 1 MB', async () => {
      const server = await hostileOnce(
        saying(`HTTP/1.1 404 ${'x'.repeat(1_000_000)}\r\ncontent-length: 0\r\n\r\n`),
      );

      expect(errorOf(await shippedTo(server)).message).to.equal('place answered 404 Not Found');
    });

    it('should be an answer all the same where its headers are many', async () => {
      const headers = Array.from({ length: 1_000 }, (_, index) => `x${index}: odd\r\n`).join('');
      const server = await hostileOnce(saying(`HTTP/1.1 200 OK\r\n${headers}content-length: 2\r\n\r\n{}`));

      expect(await shippedTo(server)).to.include({ status: 'delivered' });
    });

    it('should fail after timeout.send where words on the way have no end', async () => {
      for (const status of [100, 102, 103, 199]) {
        const server = await hostileOnce((socket) => {
          writeForEver(socket, `HTTP/1.1 ${status} Wait\r\n\r\n`.repeat(1_000));
        });
        const before = process.memoryUsage().heapUsed;

        const outcome = await shippedTo(server, {}, 300);

        expect(errorOf(outcome).message).to.match(/^place: |^connection "place": a send took /);
        expect(process.memoryUsage().heapUsed - before).to.be.below(muchMemory);
        await until('the sockets to be closed', () => server.busySockets === 0);
      }
    });
  });

  describe('with Retry-After', () => {
    /** How long a connection is left alone that answers so. */
    const pauseFor = async (headers: readonly string[]): Promise<number | undefined> => {
      const lines = headers.map((header) => `${header}\r\n`).join('');
      const server = await hostileOnce(
        saying(`HTTP/1.1 503 Service Unavailable\r\n${lines}content-length: 0\r\n\r\n`),
      );
      const connection = httpConnection(server.origin, { name, window: 1 });
      const shipment = keep(new Shipment(['event'], [connection], { maxAttempts: 1 }));
      const [outcome] = await shipment.ended();
      const error: unknown = errorOf(outcome);
      if (!(error instanceof TemporaryError)) {
        throw error;
      }
      return error.retryAfter;
    };

    const day = 86_400_000;
    const date = 'date: Sun, 06 Nov 1994 08:49:37 GMT';

    for (const [value, expected] of [
      ['-1', undefined],
      ['1e99', undefined],
      ['soon', undefined],
      ['', undefined],
      ['-0', undefined],
      ['0', 0],
      ['1'.repeat(1_000), day],
      ['0'.repeat(10_000), 0],
      ['Mon, 01 Jan 1900 00:00:00 GMT', 0],
      ['Fri, 31 Dec 9999 23:59:59 GMT', day],
      ['Sun, 06 Nov 99999 08:49:37 GMT', day],
      ['Sun, 06 Nov 999999999 08:49:37 GMT', undefined],
      ['Sun, 31 Feb 1994 08:49:37 GMT', 0],
    ] as const) {
      const shown = value.length > 40 ? `${value.slice(0, 5)}… (${value.length})` : value;
      it(`of '${shown}' should pause for ${expected ?? 'as long as the backoff says'}`, async () => {
        expect(await pauseFor([date, `retry-after: ${value}`])).to.equal(expected);
      });
    }

    it('a hundred times should pause for what the first one says', async () => {
      const many = Array.from({ length: 100 }, (_, index) => `retry-after: ${index + 1}`);
      expect(await pauseFor(many)).to.equal(1_000);
    });

    it('by a clock of a hundred headers Date should be read by the first one', async () => {
      const dates = Array.from(
        { length: 100 },
        (_, index) => `date: Sun, 06 Nov ${1994 + index} 08:49:37 GMT`,
      );
      expect(await pauseFor([...dates, 'retry-after: Sun, 06 Nov 1994 08:49:47 GMT'])).to.equal(10_000);
    });

    it('of a day should leave the connection alone, and close at once all the same', async () => {
      const server = await hostileOnce(
        saying(`HTTP/1.1 429 Later\r\nretry-after: ${'9'.repeat(300)}\r\ncontent-length: 0\r\n\r\n`),
      );
      const closing = new AbortController();
      const shipment = keep(
        new Shipment(['event'], [httpConnection(server.origin)], {
          guaranteed: true,
          closeOn: closing.signal,
        }),
      );
      await until('the pause', () => shipment.states.includes('backoff'));
      const pause = shipment.activities.find((activity) => 'delay' in activity);
      closing.abort();

      const [outcome] = await shipment.ended();

      expect(pause).to.include({ delay: day });
      expect(outcome).to.include({ status: 'dropped', reason: 'closed' });
      await until('the sockets to be closed', () => server.openSockets === 0);
    });
  });

  describe('in chunks', () => {
    const hostile: Readonly<Record<string, string>> = {
      'a size that is negative': chunkedOf(['-1', 'x']),
      'a size that is no number': chunkedOf(['two', '{}']),
      'a size beyond all memory': chunkedOf(['7fffffffffffffff', '{}']),
      'a size of 17 digits': chunkedOf(['10000000000000000', '{}']),
      'a size of 100,000 digits': chunkedOf(['0'.repeat(100_000) + '2', '{}']),
      'a size with a sign': chunkedOf(['+2', '{}']),
      'a size in another base': chunkedOf(['0x2', '{}']),
      'a size that is too small': chunkedOf(['1', '{}\r\n'], ['0', '\r\n']),
      'no size': chunkedOf(['', '{}\r\n'], ['0', '\r\n']),
    };

    for (const [what, answer] of Object.entries(hostile)) {
      it(`should fail with ${what}`, async () => {
        const server = await hostileOnce((socket) => socket.end(answer));

        const error = errorOf(await shippedTo(server, reading));

        expect(error.message).to.match(/^place: ./);
        expect(error.message).to.have.length.below(300);
      });
    }

    it('should fail with a size that is too large, when its time is over', async () => {
      const server = await hostileOnce(saying(chunkedOf(['ffffff', '{}'])));

      expect(errorOf(await shippedTo(server, reading, 200)).name).to.equal('TimeoutError');
    });

    it('should fail with an extension that has no end', async () => {
      const server = await hostileOnce((socket) => {
        socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2;');
        writeForEver(socket, 'x'.repeat(10_000));
      });

      expect(errorOf(await shippedTo(server, reading, 500)).message).to.match(
        /^place: |^connection "place": a send took /,
      );
      await until('the sockets to be closed', () => server.busySockets === 0);
    });

    it('should fail with trailers that have no end', async () => {
      const server = await hostileOnce((socket) => {
        socket.write(chunkedOf(['2', '{}\r\n'], ['0', '']));
        writeForEver(socket, 'x-odd: yes\r\n'.repeat(1_000));
      });

      expect(errorOf(await shippedTo(server, reading, 500)).message).to.match(
        /^place: |^connection "place": a send took /,
      );
      await until('the sockets to be closed', () => server.busySockets === 0);
    });

    it('should be read where each has one byte', async () => {
      const body = JSON.stringify('x'.repeat(20_000));
      const chunks = Array.from(body, (byte) => ['1', `${byte}\r\n`] as const);
      const server = await hostileOnce(saying(chunkedOf(...chunks, ['0', '\r\n'])));

      expect(await shippedTo(server, reading)).to.include({ value: 'x'.repeat(20_000) });
    });
  });

  describe('with characters of no text', () => {
    it('should fail where NUL stands in its head', async () => {
      for (const head of [
        'HTTP/1.1 2\x000 OK\r\n\r\n',
        'HTTP/1.1 200 OK\r\nx-\0: y\r\n\r\n',
        '\0'.repeat(100_000),
      ]) {
        const server = await hostileOnce((socket) => socket.end(head, 'latin1'));

        expect(errorOf(await shippedTo(server)).message).to.match(/^place: [^\0]+$/);
      }
    });

    it('should show none of them where they stand in the body of a refusal', async () => {
      const body = `\0\x1b[2J\u202e${'\0'.repeat(1_000)}end`;
      const server = await hostileOnce(saying(answerOf(body, 'HTTP/1.1 400 Bad Request')));

      const error = errorOf(await shippedTo(server));

      expect(error).to.be.instanceOf(RejectedError);
      expect(error.message).to.match(/^place answered 400 Bad Request: [\x20-\x7e\u00a0-\uffff]*end$/);
    });

    it('should fail where they make no JSON', async () => {
      for (const body of ['\0', '{}\0', '\ufeff\ufeff{}', '\xff\xfe']) {
        const server = await hostileOnce(saying(answerOf(body)));

        expect(errorOf(await shippedTo(server, reading)).message).to.equal(
          'place: expected JSON in the answer',
        );
      }
    });
  });

  describe('of JSON', () => {
    const event = (): unknown => ({ n: 1 });
    const bulkFormat = bulk();

    /** What becomes of the events of a batch that gets this answer, with one attempt each. */
    const batchTo = async <R>(
      body: string,
      format: HttpFormat<unknown, R>,
      size = 3,
    ): Promise<readonly Outcome<unknown, R>[]> => {
      const server = await hostileOnce(saying(answerOf(body)));
      const events = Array.from({ length: size }, event);
      const connection = httpConnection<unknown, R>(server.origin, {
        name,
        window: 1,
        format,
        batch: { size },
        maxResponseSize: Infinity,
      });
      const shipment = keep(new Shipment(events, [connection], { maxAttempts: 1 }));
      const outcomes = await shipment.ended();
      expect(outcomes).to.have.length(size);
      return outcomes;
    };

    const item = (status: unknown): unknown => ({ index: { status } });

    it('should fail, and soon, with a million items for three documents', async () => {
      const body = `{"items":[${Array.from({ length: 1_000_000 }, () => '{"index":{"status":201}}').join(',')}]}`;

      for (const outcome of await batchTo(body, bulkFormat)) {
        expect(errorOf(outcome).message).to.equal('place: expected at most 3 items, got 1000000');
      }
    });

    it('should fail with a million values or lines for three events', async () => {
      for (const [body, format] of [
        [`[${'1,'.repeat(999_999)}1]`, jsonArray({ read: jsonArrayAnswer })],
        ['1\n'.repeat(1_000_000), ndjson({ read: ndjsonAnswer })],
      ] as const) {
        const [first] = await batchTo(body, format);
        expect(errorOf(first).message).to.match(
          /^place: expected (an array of )?\d (values|lines), got 1000000/,
        );
      }
    });

    const levels = 100_000;

    it('should be read, or fail, where it is 100,000 levels deep', async () => {
      const deep = '['.repeat(levels) + ']'.repeat(levels);
      const deepObject = '{"a":'.repeat(levels) + '1' + '}'.repeat(levels);
      for (const body of [deep, deepObject, '['.repeat(levels), '{"a":'.repeat(levels)]) {
        const server = await hostileOnce(saying(answerOf(body)));
        const outcome = await shippedTo(server, reading);
        if (outcome.status === 'dropped') {
          expect(errorOf(outcome).message).to.equal('place: expected JSON in the answer');
        }
      }
    });

    it('should fail where deep nesting stands for items, a status, an error', async () => {
      const deep = '['.repeat(levels) + ']'.repeat(levels);
      for (const [body, expected] of [
        [`{"items":${deep}}`, 'place: expected each item to be `index` with a status'],
        [`{"items":[{"index":{"status":${deep}}}]}`, 'place: expected each item to be `index` with a status'],
        [`{"items":[{"index":{"status":400,"error":${deep}}}]}`, 'the document was answered 400'],
        [
          `{"items":[{"index":{"status":400,"error":{"type":${deep},"reason":"odd"}}}]}`,
          'the document was answered 400 odd',
        ],
      ] as const) {
        const [outcome] = await batchTo(body, bulkFormat, 1);
        expect(errorOf(outcome).message).to.equal(expected);
      }
    });

    it('should pollute nothing with keys that are more than keys', async () => {
      const body =
        '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"items":' +
        '[{"__proto__":{"index":{"status":201}},"index":{"__proto__":{"polluted":1},"status":201}}]}';
      const [outcome] = await batchTo(body, bulkFormat, 1);

      expect(outcome).to.include({ status: 'delivered' });
      expect(({} as Record<string, unknown>)['polluted']).to.equal(undefined);
      const value = (outcome as { readonly value: object }).value;
      expect(Object.getPrototypeOf(value)).to.equal(Object.prototype);
      expect('polluted' in value).to.equal(false);
    });

    it('should not find in a prototype what it does not say itself', async () => {
      const body = '{"items":[{"__proto__":{"index":{"status":201}}}]}';
      const [outcome] = await batchTo(body, bulkFormat, 1);

      expect(errorOf(outcome).message).to.equal('place: expected each item to be `index` with a status');
    });

    it('should fail where an answer or an item is of another type', async () => {
      for (const body of [
        'null',
        '0',
        '"items"',
        '[]',
        '{}',
        '{"items":null}',
        '{"items":{}}',
        '{"items":"abc"}',
        '{"items":{"length":1}}',
        '{"items":[null]}',
        '{"items":[0]}',
        '{"items":["index"]}',
        '{"items":[[]]}',
        '{"items":[{"index":null}]}',
        '{"items":[{"index":201}]}',
        '{"items":[{"index":{}}]}',
        '{"items":[{"index":{"status":null}}]}',
        '{"items":[{"index":{"status":"201"}}]}',
        '{"items":[{"index":{"status":[201]}}]}',
        '{"items":[{"create":{"status":201}}]}',
      ]) {
        const [outcome] = await batchTo(body, bulkFormat, 1);
        expect(errorOf(outcome).message, body).to.match(/^place: expected /);
      }
    });

    it('should refuse or put back a document whose status there is not', async () => {
      for (const status of ['-1', '0', '1e99', '1e999', '199.9', '600', '-1e999']) {
        const [outcome] = await batchTo(`{"items":[{"index":{"status":${status}}}]}`, bulkFormat, 1);
        const error = errorOf(outcome);
        expect(error instanceof TemporaryError || error instanceof RejectedError, status).to.equal(true);
        expect(error.cause).to.be.instanceOf(HttpStatusError);
      }
    });

    it('should take the items by what they say, whatever `errors` says', async () => {
      for (const errors of ['0', '1', '"no"', 'null', '[]', '{}', 'true', 'false']) {
        const body = `{"errors":${errors},"took":"long","items":${JSON.stringify([item(201)])}}`;
        const [outcome] = await batchTo(body, bulkFormat, 1);
        expect(outcome, errors).to.include({ status: 'delivered' });
      }
    });

    it('should say why in some words where the reason has a megabyte', async () => {
      const reason = 'x'.repeat(1_000_000);
      const body = JSON.stringify({ items: [{ index: { status: 400, error: { type: 'odd', reason } } }] });
      const [outcome] = await batchTo(body, bulkFormat, 1);

      expect(errorOf(outcome)).to.be.instanceOf(RejectedError);
    });
  });
});
