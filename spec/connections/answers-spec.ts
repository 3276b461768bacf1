/** httpConnection's answers: what each status means, how long a busy server is left alone, what errors say. */
import { STATUS_CODES } from 'node:http';
import { inspect } from 'node:util';
import { expect } from 'chai';
import fc from 'fast-check';
import { concat, from, of } from 'rxjs';
import {
  bulk,
  httpConnection,
  HttpStatusError,
  json,
  jsonAnswer,
  type HttpAnswer,
} from '../../src/connections/http.js';
import { RejectedError, TemporaryError } from '../../src/index.js';
import { closedAfterEach } from './closedAfterEach.js';
import { OpenConnection } from './openConnection.js';
import { RawServer } from './rawServer.js';
import { ScriptedServer, silence, type Script, type ScriptedAnswer } from './scriptedServer.js';
import { Shipment } from './shipment.js';
import { until } from '../until.js';

const day = 86_400_000;

/** Every status that a final answer may have. */
const statuses = Array.from({ length: 400 }, (_, index) => 200 + index);

/** What the contract says of a status. */
function fateBy(status: number): string {
  if (status < 300) {
    return 'delivered';
  }
  if ([408, 423, 425, 429, 503].includes(status)) {
    return 'temporary';
  }
  if ([401, 402, 403, 407, 421, 426].includes(status) || status < 400 || status >= 500) {
    return 'connection';
  }
  return 'rejected';
}

/** What an error of a send means. */
function fateOf(error: unknown): string {
  if (error instanceof TemporaryError) {
    return 'temporary';
  }
  if (error instanceof RejectedError) {
    return 'rejected';
  }
  return error instanceof HttpStatusError ? 'connection' : `unexpected: ${String(error)}`;
}

/** The status that an error tells. */
function statusOf(error: unknown): number | undefined {
  const cause = error instanceof HttpStatusError ? error : (error as Error).cause;
  return cause instanceof HttpStatusError ? cause.status : undefined;
}

/** Answers with the status that the event is. */
const asAsked: Script = ({ text }) => Number(text.split('\n')[0]);

/** Everything that can be seen of a value, causes and hidden properties included. */
function allOf(value: unknown): string {
  return inspect(value, {
    depth: Infinity,
    showHidden: true,
    maxStringLength: Infinity,
    maxArrayLength: Infinity,
  });
}

describe('the answers of httpConnection', function () {
  this.timeout(60_000);
  const keep = closedAfterEach();

  const serverOf = async (script: Script): Promise<ScriptedServer> =>
    keep(await ScriptedServer.start(script));

  /** A connection, already open, to a server that answers everything the same way. */
  const answering = async (answer: ScriptedAnswer) => {
    const server = await serverOf(() => answer);
    return keep(new OpenConnection(httpConnection(server.origin, { name: 'place' }))).up();
  };

  /** The error of a send that is answered so. */
  const errorOf = async (answer: ScriptedAnswer): Promise<Error> => (await answering(answer)).refused(1);

  describe('a status', () => {
    it('should mean what the table says, for a single event', async () => {
      const server = await serverOf(asAsked);
      const connection = await keep(new OpenConnection(httpConnection<number>(server.origin))).up();
      const fates: [number, string][] = [];
      for (const status of statuses) {
        const fate = await connection.send(status).then(
          () => 'delivered',
          (error: unknown) => {
            expect(statusOf(error)).to.equal(status);
            return fateOf(error);
          },
        );
        fates.push([status, fate]);
      }

      expect(fates).to.deep.equal(statuses.map((status) => [status, fateBy(status)]));
    });

    it('should mean the same for each event of a batch', async () => {
      const server = await serverOf(asAsked);
      const batching = httpConnection<number>(server.origin, { batch: { size: 2 } });
      const connection = await keep(new OpenConnection(batching)).up();
      const fates: [number, string][] = [];
      for (const status of statuses) {
        const fate = await connection.sendAll([status, status]).then(
          (results) => {
            const [first = 'delivered', second = 'delivered'] = results.map((result) =>
              result.status === 'delivered' ? 'delivered' : fateOf(result.error),
            );
            expect(first).to.equal(second);
            return first;
          },
          (error: unknown) => fateOf(error),
        );
        fates.push([status, fate]);
      }

      expect(fates).to.deep.equal(statuses.map((status) => [status, fateBy(status)]));
    });

    it('should mean the same for a batch of one', async () => {
      const server = await serverOf(asAsked);
      const batching = httpConnection<number>(server.origin, { batch: { size: 2 } });
      const connection = await keep(new OpenConnection(batching)).up();
      for (const status of [400, 404, 413, 422, 429, 500]) {
        const error: unknown = await connection.sendAll([status]).catch((thrown: unknown) => thrown);
        expect(fateOf(error)).to.equal(fateBy(status));
      }
      expect(server.posts).to.have.length(6);
    });

    it('should come after a word on the way', async () => {
      const server = keep(
        await RawServer.start((socket) => {
          socket.write('HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n');
          socket.write('HTTP/1.1 102 Processing\r\n\r\n');
          socket.write('HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nno');
        }),
      );
      const connection = await keep(
        new OpenConnection(httpConnection(server.origin, { name: 'place' })),
      ).up();

      const error = await connection.refused(1);

      expect(error.message).to.equal('place answered 404 Not Found: no');
      expect(statusOf(error)).to.equal(404);
    });
  });

  describe('through the balancer', () => {
    it('should put an event back and leave the connection open when the server is busy', async () => {
      for (const status of [408, 423, 425, 429, 503]) {
        const server = await serverOf(() => (server.posts.length < 3 ? status : 200));
        const shipment = keep(new Shipment(['a'], [httpConnection(server.origin)]));

        const [outcome] = await shipment.ended();

        expect(outcome).to.include({ status: 'delivered', attempts: 3 });
        expect(shipment.states.filter((state) => state === 'connecting')).to.have.length(1);
        expect(server.silentSockets).to.equal(1);
      }
    });

    it('should pause for as long as the server says', async () => {
      const answered: number[] = [];
      const server = await serverOf(() => {
        answered.push(performance.now());
        return answered.length === 1 ? { status: 429, headers: { 'retry-after': '1' } } : 200;
      });
      const shipment = keep(new Shipment(['a'], [httpConnection(server.origin)]));

      await shipment.ended();

      const [first = NaN, second = NaN] = answered;
      // Timers may fire a millisecond early.
      expect(second - first).to.be.at.least(998);
    });

    it('should open the connection again after a failure of the endpoint', async () => {
      for (const status of [302, 401, 403, 500, 502, 504]) {
        const server = await serverOf(() => (server.posts.length === 1 ? status : 200));
        const shipment = keep(new Shipment(['a'], [httpConnection(server.origin)]));

        const [outcome] = await shipment.ended();

        expect(outcome).to.include({ status: 'delivered', attempts: 2 });
        expect(shipment.states).to.include('backoff');
        expect(server.silentSockets).to.equal(2);
      }
    });

    it('should drop what is refused, and go on', async () => {
      const server = await serverOf(({ text }) => (text === '"b"' ? 422 : 200));
      const shipment = keep(new Shipment(['a', 'b', 'c'], [httpConnection(server.origin, { window: 1 })]));

      const outcomes = await shipment.ended();

      expect(outcomes.map(({ event, status }) => [event, status])).to.deep.equal([
        ['a', 'delivered'],
        ['b', 'dropped'],
        ['c', 'delivered'],
      ]);
      expect(outcomes[1]).to.include({ reason: 'rejected', attempts: 1 });
      expect(shipment.states).to.not.include('backoff');
    });
  });

  describe('Retry-After', () => {
    /** What a server's headers make of `retryAfter`. */
    const readBy = async (connection: OpenConnection<unknown, unknown>): Promise<number | undefined> => {
      const error = await connection.refused(1);
      if (!(error instanceof TemporaryError)) {
        throw error;
      }
      return error.retryAfter;
    };

    const readFrom = async (headers: ScriptedAnswer['headers'], dated = true): Promise<number | undefined> =>
      readBy(await answering({ status: 503, dated, ...(headers === undefined ? {} : { headers }) }));

    it('should be absent where the server says nothing', async () => {
      expect(await readFrom({})).to.equal(undefined);
    });

    it('should be read as seconds', async () => {
      for (const [text, milliseconds] of [
        ['0', 0],
        ['1', 1_000],
        ['007', 7_000],
        [' 30 ', 30_000],
        ['86400', day],
      ] as const) {
        expect(await readFrom({ 'retry-after': text }), text).to.equal(milliseconds);
      }
    });

    it('should be a day at most', async () => {
      const tomorrow = {
        date: 'Sun, 06 Nov 1994 08:49:37 GMT',
        'retry-after': 'Fri, 01 Jan 2100 00:00:00 GMT',
      };
      for (const headers of [
        { 'retry-after': '86401' },
        { 'retry-after': '99999999999999999999' },
        { 'retry-after': '9'.repeat(400) },
        tomorrow,
      ]) {
        expect(await readFrom(headers)).to.equal(day);
      }
    });

    it("should be read as a date by the server's own clock", async () => {
      const date = 'Sun, 06 Nov 1994 08:49:37 GMT';
      for (const [text, milliseconds] of [
        ['Sun, 06 Nov 1994 08:50:07 GMT', 30_000],
        ['Mon, 07 Nov 1994 08:49:36 GMT', day - 1_000],
        [date, 0],
        ['Sun, 06 Nov 1994 08:49:36 GMT', 0],
        ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
        // The two obsolete forms that RFC 9110 wants understood.
        ['Sunday, 06-Nov-94 08:50:07 GMT', 30_000],
        ['Sun Nov  6 08:50:07 1994', 30_000],
      ] as const) {
        expect(await readFrom({ date, 'retry-after': text }), text).to.equal(milliseconds);
      }
    });

    it('should be read as a date by our clock where the server has none', async () => {
      for (const headers of [{}, { date: 'now' }]) {
        const before = Date.now();
        const then = 1_000 * Math.floor((before + 60_000) / 1_000);
        const read = await readFrom({ ...headers, 'retry-after': new Date(then).toUTCString() }, false);
        expect(read).to.be.within(then - Date.now(), then - before);
      }
    });

    it('should be ignored where it is nothing of that', async () => {
      for (const text of [
        '',
        '-1',
        '+1',
        '1.5',
        '1e99',
        '0x10',
        '1, 2',
        '1 s',
        'soon',
        'Infinity',
        'NaN',
        'never',
        '2026-11-22',
        '2026-11-22T00:00:00Z',
        'Sunday',
        'Sun, 06 Nov',
        'Sun, 99 Nov 1994 08:50:07 GMT',
        '\u00b2',
      ]) {
        expect(await readFrom({ 'retry-after': text }), text).to.equal(undefined);
      }
    });

    it('should make a temporary failure also where there are two', async () => {
      const server = keep(
        await RawServer.start((socket) => {
          socket.write('HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\nretry-after: 2\r\n');
          socket.write('date: today\r\ndate: yesterday\r\ncontent-length: 0\r\n\r\n');
        }),
      );
      const connection = await keep(new OpenConnection(httpConnection(server.origin))).up();

      expect(await readBy(connection)).to.be.oneOf([undefined, 1_000, 2_000]);
    });

    it('should never be anything but absent or a time up to a day', async () => {
      let headers: Record<string, string> = {};
      const server = await serverOf(() => ({ status: 503, headers }));
      const connection = await keep(new OpenConnection(httpConnection(server.origin))).up();
      const character = fc.constantFrom(...Array.from('\t !"%+,-./0123456789:;AGMTSunday\u00e9\u00ff'));
      const text = fc.oneof(
        fc.string({ unit: character, maxLength: 40 }),
        fc.nat({ max: Number.MAX_SAFE_INTEGER }).map(String),
        fc.double().map(String),
        fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
        fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
      );
      await fc.assert(
        fc.asyncProperty(text, fc.option(text), async (after, date) => {
          headers = { 'retry-after': after, ...(date === null ? {} : { date }) };
          const read = await readBy(connection);
          if (read !== undefined) {
            expect(read).to.be.within(0, day);
          }
        }),
      );
    });
  });

  describe('a redirect', () => {
    it('should not be followed, and tell where to', async () => {
      const elsewhere = await serverOf(() => 200);
      const server = await serverOf(({ text }) => ({ status: Number(text), headers: { location } }));
      let location = '';
      const url = `http://user:hunter2@${server.host}/in?key=value`;
      const connection = await keep(new OpenConnection(httpConnection<number>(url, { name: 'place' }))).up();
      for (const status of [300, 301, 302, 303, 307, 308]) {
        for (const [to, shown] of [
          [`${elsewhere.origin}/there?token=secret#part`, `${elsewhere.origin}/there`],
          [`http://someone:secret@${elsewhere.host}/`, `${elsewhere.origin}/`],
          [`${server.origin}/here?token=secret`, '/here'],
          ['/here?token=secret', '/here'],
          ['here', '/here'],
        ] as const) {
          location = to;
          const error = await connection.refused(status);
          expect(error).to.be.instanceOf(HttpStatusError);
          const [, said] = /^place answered (.*) [^ ]+$/.exec(error.message) ?? [];
          expect(said).to.match(new RegExp(`^${status} ${STATUS_CODES[status] ?? ''}: `));
          expect(error.message).to.match(new RegExp(` ${shown}$`));
          expect(allOf(error)).to.not.include('secret').and.not.include('someone');
        }
      }
      expect(elsewhere.sockets).to.equal(0);
      expect(server.posts.every(({ path }) => path === '/in?key=value')).to.be.true;
    });

    it('should be an error also where it leads nowhere', async () => {
      for (const location of ['', 'http://', 'http://[', 'javascript:alert(1)', '//', '\u00ff']) {
        const error = await errorOf({ status: 302, headers: { location } });
        expect(error).to.be.instanceOf(HttpStatusError);
        expect(error.message).to.match(/^place answered 302 Found/);
      }
      expect((await errorOf({ status: 304 })).message).to.equal('place answered 304 Not Modified');
    });

    it('should be an error also where it leads to many places', async () => {
      const server = keep(
        await RawServer.start((socket) => {
          socket.write(
            'HTTP/1.1 302 Found\r\nlocation: /a\r\nlocation: http://b/\r\ncontent-length: 0\r\n\r\n',
          );
        }),
      );
      const connection = await keep(
        new OpenConnection(httpConnection(server.origin, { name: 'place' })),
      ).up();

      const error = await connection.refused(1);

      expect(error).to.be.instanceOf(HttpStatusError);
      expect(error.message).to.match(/^place answered 302 Found/);
    });
  });

  describe('the message of an error', () => {
    it('should say who answered what', async () => {
      expect((await errorOf({ status: 503, body: 'come back later' })).message).to.equal(
        'place answered 503 Service Unavailable: come back later',
      );
      expect((await errorOf({ status: 404 })).message).to.equal('place answered 404 Not Found');
      expect((await errorOf({ status: 500 })).message).to.equal('place answered 500 Internal Server Error');
      expect((await errorOf({ status: 599, body: 'odd' })).message).to.equal('place answered 599: odd');
    });

    it('should be on one line, without control characters', async () => {
      const body = '  {\n\t"error": "no"\r\n}\u0000\u001b[2J\u0007\u009b1m\u2028x\u202ey\u007f ';
      const { message } = await errorOf({ status: 400, body });

      expect(message).to.match(/^place answered 400 Bad Request: \{ "error": "no" \}/);
      expect(message).to.not.match(/[\p{Cc}\p{Cf}\u2028\u2029]/u);
    });

    it('should have no control characters of the reason', async () => {
      const { message } = await errorOf({ status: 500, reason: 'Bad\tLuck \u009b2J' });
      expect(message).to.not.match(/\p{Cc}/u);
    });

    it('should have 200 characters of the body', async () => {
      for (const character of ['x', 'é', '😀']) {
        const { message } = await errorOf({ status: 413, body: character.repeat(5_000) });
        const [, excerpt = ''] = message.split(': ');
        expect(Array.from(excerpt).length, character).to.be.within(199, 201);
        expect(excerpt).to.match(new RegExp(`^${character}+…?$`, 'u'));
      }
    });

    it('should have whatever there is of a body that is no text', async () => {
      const body = Uint8Array.from([0xff, 0xfe, 0x00, 0x80, 0x41]);
      expect((await errorOf({ status: 400, body })).message).to.match(
        /^place answered 400 Bad Request: [^\p{C}]*A$/u,
      );
    });
  });

  describe('credentials', () => {
    const user = 'robert';
    const password = 'p/ss wörd%';
    const token = Buffer.from(`${user}:${password}`).toString('base64');
    const encoded = encodeURIComponent(password);
    const secrets = [user, password, token, encoded];

    const urlOf = (host: string): string => `http://${user}:${encoded}@${host}/in?key=value`;

    const expectNoSecret = (value: unknown): void => {
      for (const secret of secrets) {
        expect(allOf(value)).to.not.include(secret);
      }
    };

    it('should not be shown when the server echoes them', async () => {
      const headers = { location: `/${user}/${encodeURIComponent(token)}/${encoded}` };
      for (const status of [302, 400, 401, 429, 500]) {
        const echo = [...secrets, `"${token}"`, `${user}:${password}`].join(' ');
        const server = await serverOf(() => ({ status, headers, body: echo }));
        const shipment = keep(
          new Shipment(['a'], [httpConnection(urlOf(server.host))], { maxAttempts: 2, reconnectDelay: 1 }),
        );

        const outcomes = await shipment.ended();

        expect(outcomes).to.have.length(1);
        expect(outcomes[0]).to.include({ status: 'dropped' });
        expect(server.posts[0]?.headers.authorization).to.equal(`Basic ${token}`);
        expectNoSecret(outcomes);
        expectNoSecret(shipment.activities);
      }
    });

    it('should not be shown in part, where an echo of them is cut off', async () => {
      const body = (spaces: number): string => `${' '.repeat(spaces)}${password}`;
      const server = await serverOf(({ text }) => ({ status: 400, body: body(Number(text)) }));
      const connection = await keep(new OpenConnection(httpConnection<number>(urlOf(server.host)))).up();
      for (const length of [190, 195, 800, 1_600, 3_200, 6_400]) {
        for (let spaces = length - password.length; spaces <= length; spaces++) {
          const { message } = await connection.refused(spaces);
          expect(message, String(spaces)).to.not.include(password.slice(0, 4));
        }
      }
    });

    it('should not be shown when a redirect leads to them', async () => {
      for (const location of [
        `/${password}`,
        `/${encoded}/x`,
        `/${user}`,
        `http://${user}.example/${token}`,
      ]) {
        const server = await serverOf(() => ({ status: 302, headers: { location } }));
        const connection = await keep(new OpenConnection(httpConnection(urlOf(server.host)))).up();
        const { message } = await connection.refused(1);
        expectNoSecret(message);
        expectNoSecret(decodeURIComponent(message.replace(/%(?![0-9a-f]{2})/gi, '%25')));
      }
    });

    it('should not be shown when a document is refused with them', async () => {
      const why = secrets.join(' ');
      for (const [status, reason] of [
        [400, 'rejected'],
        [503, 'attempts'],
      ] as const) {
        const server = await serverOf(() => ({
          body: JSON.stringify({ items: [{ index: { status, error: { type: 'odd', reason: why } } }] }),
        }));
        const connection = httpConnection(urlOf(server.host), { format: bulk() });
        const [outcome] = await keep(new Shipment(['a'], [connection], { maxAttempts: 1 })).ended();

        expect(outcome).to.include({ reason });
        expectNoSecret(outcome);
      }
    });

    it('should not be shown when a reader passes them on, and the pause that it asks for be kept', async () => {
      const server = await serverOf(() => 200);
      const error = new TemporaryError(secrets.join(' '), { retryAfter: 7 });
      const format = { ...json(), read: () => [{ index: 0, status: 'failed', error }] as const };
      const connection = await keep(new OpenConnection(httpConnection(urlOf(server.host), { format }))).up();
      const refusal = await connection.refused(1);

      expect(refusal).to.be.instanceOf(TemporaryError).with.property('retryAfter', 7);
      expectNoSecret(refusal);
    });

    it('should not be shown in the error of one event, whatever its class', async () => {
      const server = await serverOf(() => 200);
      const error = new SyntaxError(`odd ${password}`);
      const format = { ...json(), read: () => [{ index: 0, status: 'failed', error }] as const };
      const connection = await keep(new OpenConnection(httpConnection(urlOf(server.host), { format }))).up();
      const refusal = await connection.refused(1);
      expect(refusal).to.be.instanceOf(TemporaryError).with.property('message', 'odd …');
      expectNoSecret(refusal);
    });

    it('should not be shown in any error of a reader, nor in its cause', async () => {
      const server = await serverOf(() => ({ body: JSON.stringify(secrets) }));
      for (const kind of [Error, RejectedError, TemporaryError]) {
        const read = ({ body }: HttpAnswer): never => {
          throw new kind(`bad answer ${body.toString()}`, { cause: body.toString() });
        };
        const format = { ...json(), read };
        const connection = await keep(
          new OpenConnection(httpConnection(urlOf(server.host), { format })),
        ).up();
        const error = await connection.refused(1);
        expect(error).to.be.instanceOf(kind);
        expectNoSecret(error);
      }
    });

    it('should not be shown when they stand in headers, in the query, or in the health path', async () => {
      const server = await serverOf(({ method, headers, path }) =>
        method === 'GET'
          ? silence
          : { status: 401, body: JSON.stringify([headers.authorization, headers['x-api-key'], path]) },
      );
      const connection = await keep(
        new OpenConnection(
          httpConnection(`${server.origin}/in?token=inQuery1&index=logs`, {
            headers: { Authorization: 'Bearer inHeader2', 'X-Api-Key': 'in"Header"3' },
          }),
        ),
      ).up();
      const { message } = await connection.refused(1);
      expect(message).to.include('index=logs');
      expect(message).to.not.match(/inQuery1|inHeader2|Header.*3/);
      const health = { path: '/h?token=inHealth', timeout: 20 };
      const failing = keep(new OpenConnection(httpConnection(server.origin, { health })));
      expect((await failing.lost()).message).to.equal(`${server.origin}/: /h took longer than 20 ms`);
      expect(() => httpConnection(server.origin, { health: 'http://robert:hunter2@other/h' }))
        .to.throw(RangeError)
        .with.property('message')
        .that.includes('`"http://…@other/h"`');
    });

    it('should not be shown when the health check fails', async () => {
      const server = await serverOf(() => ({ status: 500, body: secrets.join(' ') }));
      const connection = httpConnection(urlOf(server.host), { health: '/health' });
      const shipment = keep(
        new Shipment(['a'], [connection], { maxAttempts: 2, reconnectDelay: 1, timeout: { wait: 20 } }),
      );

      expectNoSecret(await shipment.ended());
      expectNoSecret(shipment.activities);
    });

    it('should not be shown when an answer is malformed', async () => {
      for (const answer of [
        `HTTP/1.1 banana ${secrets.join(' ')}\r\n\r\n`,
        `${token}\r\n\r\n`,
        `HTTP/1.1 200 OK\r\n${token}\r\n\r\n`,
        `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${token}\r\n`,
      ]) {
        const server = keep(await RawServer.start((socket) => socket.end(answer)));
        const host = new URL(server.origin).host;
        const options = { format: json({ read: jsonAnswer }) };
        const shipment = keep(
          new Shipment(['a'], [httpConnection(urlOf(host), options)], { maxAttempts: 1, reconnectDelay: 1 }),
        );

        const outcomes = await shipment.ended();

        expect(outcomes[0]).to.include({ status: 'dropped' });
        expect(server.everything).to.include(token);
        expectNoSecret(outcomes);
        expectNoSecret(shipment.activities);
      }
    });

    it('should not be shown when an answer cannot be read', async () => {
      const server = await serverOf(() => ({ body: `${token} ${password}` }));
      const options = { format: json({ read: jsonAnswer }) };
      const shipment = keep(
        new Shipment(['a'], [httpConnection(urlOf(server.host), options)], { maxAttempts: 1 }),
      );

      const outcomes = await shipment.ended();

      expect(outcomes[0]).to.include({ status: 'dropped', reason: 'attempts' });
      expectNoSecret(outcomes);
    });

    it('should not be shown when a reader refuses an event with what the server said', async () => {
      const server = await serverOf(() => ({ body: password }));
      const read = (answer: { readonly body: Buffer }): never => {
        throw new Error(`strange: ${answer.body.toString()}`);
      };
      const options = { format: { encode: () => ({ body: '' }), read } };
      const connection = await keep(new OpenConnection(httpConnection(urlOf(server.host), options))).up();

      expect((await connection.refused('a')).message).to.not.include(password);
    });

    it('should not be shown when nobody listens', async () => {
      const server = await serverOf(() => 200);
      await server.close();
      const connection = keep(new OpenConnection(httpConnection(urlOf(server.host))));

      expectNoSecret(await connection.lost());
    });

    it('should be in no name, state or delivery', async () => {
      const server = await serverOf(() => 200);
      const connection = httpConnection(urlOf(server.host));
      const shipment = keep(new Shipment(concat(from(['a', 'b']), of('c')), [connection]));

      const outcomes = await shipment.ended();

      await until('the end', () => shipment.completed);
      expect(connection.name).to.equal(`http://${server.host}/in`);
      expectNoSecret([connection, outcomes, shipment.activities]);
    });
  });
});
