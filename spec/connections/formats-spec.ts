/** The formats of httpConnection: what is sent, byte for byte, and what an answer says of each event. */
import { expect } from 'chai';
import fc from 'fast-check';
import {
  bulk,
  httpConnection,
  json,
  jsonAnswer,
  jsonArray,
  jsonArrayAnswer,
  ndjson,
  ndjsonAnswer,
  type HttpAnswer,
  type BatchLimits,
  type HttpBody,
  type HttpFormat,
} from '../../src/connections/http.js';
import { RejectedError, TemporaryError, type ItemResult } from '../../src/index.js';
import { closedAfterEach } from './closedAfterEach.js';
import { OpenConnection } from './openConnection.js';
import { RawServer } from './rawServer.js';
import { ScriptedServer, type Script } from './scriptedServer.js';
import { inShort, Shipment } from './shipment.js';

const circular: Record<string, unknown> = {};
circular['self'] = circular;

/** What JSON cannot write. */
const unwritable: readonly unknown[] = [
  circular,
  1n,
  undefined,
  () => 1,
  Symbol('event'),
  {
    toJSON: (): never => {
      throw new Error('not for you');
    },
  },
  { toJSON: () => undefined },
];

/** As an answer of a server that takes anything. */
function answerOf(body: string): HttpAnswer {
  return { status: 200, headers: {}, body: Buffer.from(body) };
}

/** Results in a few words: `0 delivered`, `1 failed TemporaryError`. */
function inWords(results: readonly ItemResult[]): string[] {
  return results.map((result) => {
    const end = result.status === 'failed' ? ` ${(result.error as Error).name}` : '';
    return `${result.index} ${result.status}${end}`;
  });
}

describe('the formats of httpConnection', function () {
  this.timeout(60_000);
  const keep = closedAfterEach();

  const serverOf = async (script?: Script): Promise<ScriptedServer> =>
    keep(await ScriptedServer.start(script));

  const single = async <T, R>(origin: string, format: HttpFormat<T, R>): Promise<OpenConnection<T, R>> =>
    keep(new OpenConnection(httpConnection<T, R>(origin, { format, name: 'place' }))).up();

  const batching = async <T, R>(origin: string, format: HttpFormat<T, R>): Promise<OpenConnection<T, R>> => {
    const batch: BatchLimits = { size: 1_000 };
    return keep(new OpenConnection(httpConnection<T, R>(origin, { format, batch, name: 'place' }))).up();
  };

  describe('what is sent', () => {
    const events = [{ a: 'é\n\u2028' }, null, [1, { b: true }], 'text', 0] as const;

    it('should be one JSON text a request with json', async () => {
      const server = await serverOf();
      const connection = await single(server.origin, json());
      for (const event of events) {
        await connection.send(event);
      }
      expect(server.posts.map(({ text }) => text)).to.deep.equal(
        events.map((event) => JSON.stringify(event)),
      );
      expect(server.posts[0]?.headers['content-type']).to.equal('application/json');
    });

    it('should be a JSON array with jsonArray', async () => {
      const server = await serverOf();
      await (await batching(server.origin, jsonArray())).sendAll(events);
      await (await single(server.origin, jsonArray())).send(events[0]);

      expect(server.posts.map(({ text }) => text)).to.deep.equal([
        '[{"a":"é\\n\u2028"},null,[1,{"b":true}],"text",0]',
        '[{"a":"é\\n\u2028"}]',
      ]);
      expect(server.posts[0]?.headers['content-type']).to.equal('application/json');
    });

    it('should be a JSON text a line with ndjson', async () => {
      const server = await serverOf();
      await (await batching(server.origin, ndjson())).sendAll(events);
      await (await single(server.origin, ndjson())).send(events[0]);

      expect(server.posts.map(({ text }) => text)).to.deep.equal([
        '{"a":"é\\n\u2028"}\nnull\n[1,{"b":true}]\n"text"\n0\n',
        '{"a":"é\\n\u2028"}\n',
      ]);
      expect(server.posts[0]?.headers['content-type']).to.equal('application/x-ndjson');
    });

    it('should be an action and a document a line with bulk', async () => {
      const server = await serverOf(() => ({ body: '{"items":[]}' }));
      interface Hit {
        readonly id: string;
        readonly tenant: string;
      }
      const all = bulk({
        action: 'create',
        index: 'logs\n1',
        id: ({ id }: Hit) => id,
        routing: ({ tenant }) => tenant,
        document: ({ id }) => ({ 'hit-id': id }),
      });
      const hits = [
        { id: '1"', tenant: 'a' },
        { id: '2', tenant: 'b' },
      ];
      await (await batching(server.origin, bulk())).sendAll(hits);
      await (await batching(server.origin, all)).sendAll(hits);

      expect(server.posts.map(({ text }) => text)).to.deep.equal([
        '{"index":{}}\n{"id":"1\\"","tenant":"a"}\n{"index":{}}\n{"id":"2","tenant":"b"}\n',
        '{"create":{"_index":"logs\\n1","_id":"1\\"","routing":"a"}}\n{"hit-id":"1\\""}\n' +
          '{"create":{"_index":"logs\\n1","_id":"2","routing":"b"}}\n{"hit-id":"2"}\n',
      ]);
      expect(server.posts[0]?.headers['content-type']).to.equal('application/x-ndjson');
    });

    it('should be the bytes and headers of a format of one’s own', async () => {
      const server = await serverOf();
      const bytes = Uint8Array.from([0, 255, 13, 10]);
      const connection = await single(server.origin, {
        encode: ([event]: readonly string[]): HttpBody => ({
          body: bytes,
          headers: { 'Content-Type': 'application/octet-stream', 'x-event': event ?? '' },
        }),
      });

      await connection.send('caf\u00e9');

      const [request] = server.posts;
      expect([...(request?.body ?? [])]).to.deep.equal([...bytes]);
      expect(request?.headers).to.include({
        'content-type': 'application/octet-stream',
        'x-event': 'caf\u00e9',
      });
    });

    it('should be a text in UTF-8, of any length, none included', async () => {
      const server = await serverOf();
      const connection = await single(server.origin, {
        encode: ([event = '']: readonly string[]): HttpBody => ({ body: event }),
      });
      const texts = ['', 'é😀', 'x'.repeat(1_000_000)];
      for (const text of texts) {
        await connection.send(text);
      }
      expect(server.posts.map(({ text }) => text)).to.deep.equal(texts);
      expect(server.posts.map(({ headers }) => headers['content-length'])).to.deep.equal([
        '0',
        '6',
        '1000000',
      ]);
    });

    it('should have the headers of the connection where both name one', async () => {
      const server = await serverOf();
      const options = { headers: { 'Content-Type': 'application/vnd.mine+json' } };
      const connection = await keep(new OpenConnection(httpConnection(server.origin, options))).up();

      await connection.send(1);

      expect(server.posts[0]?.headers['content-type']).to.equal('application/vnd.mine+json');
    });

    it('should be read back as it was, whatever it was', async () => {
      const server = await serverOf(() => ({ body: '{"items":[]}' }));
      const formats = {
        jsonArray: await batching(server.origin, jsonArray()),
        ndjson: await batching(server.origin, ndjson()),
        bulk: await batching(server.origin, bulk()),
      };
      const lines = (text: string): string[] => text.split('\n').slice(0, -1);
      await fc.assert(
        fc.asyncProperty(fc.array(fc.jsonValue(), { minLength: 1, maxLength: 20 }), async (values) => {
          for (const connection of Object.values(formats)) {
            await connection.sendAll(values);
          }
          const [array = '', ndjsonText = '', bulkText = ''] = server.requests
            .splice(0)
            .map(({ text }) => text);
          const expected = values.map((value) => JSON.stringify(value));
          expect((JSON.parse(array) as unknown[]).map((value) => JSON.stringify(value))).to.deep.equal(
            expected,
          );
          expect(lines(ndjsonText)).to.deep.equal(expected);
          expect(lines(bulkText).filter((_, index) => index % 2 === 1)).to.deep.equal(expected);
        }),
        { numRuns: 50 },
      );
    });
  });

  describe('an event that cannot be encoded', () => {
    it('should be rejected, and nothing be sent', async () => {
      const server = await serverOf();
      for (const format of [json(), jsonArray(), ndjson(), bulk()]) {
        const connection = await single<unknown, unknown>(server.origin, format);
        for (const event of unwritable) {
          const error = await connection.refused(event);
          expect(error).to.be.instanceOf(RejectedError);
          expect(error.message).to.not.equal('');
        }
      }
      expect(server.requests).to.deep.equal([]);
    });

    it('should be rejected alone in a batch', async () => {
      const server = await serverOf();
      for (const format of [jsonArray(), ndjson()]) {
        const batch = { size: 100, linger: 1 };
        const events: unknown[] = [...unwritable, 1, ...unwritable, 2, 3];
        const shipment = keep(new Shipment(events, [httpConnection(server.origin, { format, batch })]));

        const outcomes = await shipment.ended();

        const rejected = outcomes.filter(({ status }) => status === 'dropped');
        expect(rejected.map(({ event }) => event)).to.have.members([...unwritable, ...unwritable]);
        for (const outcome of rejected) {
          expect(outcome).to.include({ reason: 'rejected', attempts: 1 });
        }
        const delivered = outcomes.filter(({ status }) => status === 'delivered');
        expect(delivered.map(({ event }) => event)).to.have.members([1, 2, 3]);
      }
    });

    it('should be rejected when the functions of bulk throw', async () => {
      const server = await serverOf(({ text }) => ({
        body: JSON.stringify({ items: text.match(/"index"/g)?.map(() => ({ index: { status: 201 } })) }),
      }));
      const id = (event: number): string => {
        if (event === 2) {
          throw new Error('no id');
        }
        return String(event);
      };
      const connection = httpConnection(server.origin, {
        format: bulk({ id }),
        batch: { size: 3, linger: 1 },
      });
      const shipment = keep(new Shipment([1, 2, 3], [connection]));

      const outcomes = await shipment.ended();

      expect(outcomes.map(({ event, status }) => [event, status])).to.have.deep.members([
        [1, 'delivered'],
        [2, 'dropped'],
        [3, 'delivered'],
      ]);
    });

    it('should be rejected when the encoder throws anything', async () => {
      const server = await serverOf();
      for (const thrown of [new Error('no'), 'no', undefined, null]) {
        const connection = await single<unknown, unknown>(server.origin, {
          encode: () => {
            throw thrown as Error;
          },
        });
        expect(await connection.refused(1)).to.be.instanceOf(RejectedError);
      }
    });

    it('should be rejected when the encoder gives no body', async () => {
      const server = await serverOf();
      for (const given of [
        undefined,
        null,
        {},
        'text',
        { body: undefined },
        { body: 1 },
        { body: ['a'] },
        { body: {} },
      ]) {
        const connection = await single<unknown, unknown>(server.origin, {
          encode: () => given as unknown as HttpBody,
        });
        expect(await connection.refused(1), JSON.stringify(given)).to.be.instanceOf(RejectedError);
      }
      expect(server.requests).to.deep.equal([]);
    });
  });

  describe('headers of an encoder', () => {
    /** A format whose events are header values. */
    const inHeader: HttpFormat<string, void> = {
      encode: ([event = '']) => ({ body: 'body', headers: { 'x-event': event } }),
    };

    it('should not let an event break out of its header', async () => {
      const server = keep(
        await RawServer.start((socket) => {
          socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'));
          socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
        }),
      );
      const connection = await single(server.origin, inHeader);
      for (const separator of [
        '\r\n',
        '\n',
        '\r',
        '\0',
        '\x7f',
        '\x1b',
        '\u0142',
        '\u{1f600}',
        '\u2028',
        '\u010a',
      ]) {
        const error = await connection.refused(`a${separator}x-evil: 1`);
        expect(error, JSON.stringify(separator)).to.be.instanceOf(RejectedError);
      }

      await connection.send('harmless');

      expect(server.everything).to.include('x-event: harmless');
      expect(server.everything).to.not.include('evil');
    });

    it('should not let any event break out of its header', async () => {
      const server = await serverOf();
      const connection = await single(server.origin, inHeader);
      await fc.assert(
        fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 10 }), async (event) => {
          const error = await connection.send(event).then(
            () => undefined,
            (thrown: unknown) => thrown,
          );
          const [request] = server.requests.splice(0);
          if (error === undefined) {
            // Node trims what stands around a value, as RFC 9110 has it.
            expect(request?.headers['x-event']).to.equal(event.replace(/^[ \t]+|[ \t]+$/g, ''));
            expect(request?.text).to.equal('body');
          } else {
            expect(error).to.be.instanceOf(RejectedError);
            expect(request).to.equal(undefined);
          }
        }),
      );
    });

    it('should be those of each request, also where they cannot change', async () => {
      const server = await serverOf();
      const [odd, even] = [Object.freeze({ 'x-event': 'odd' }), Object.freeze({ 'x-event': 'even' })];
      const broken = Object.freeze({ 'x-event': 'broken\n' });
      const all = [undefined, odd, odd, even, broken, broken, odd, undefined, even, even];
      const connection = await single<number, unknown>(server.origin, {
        encode: ([event = 0]) => {
          const headers = all[event];
          return { body: '', ...(headers === undefined ? {} : { headers }) };
        },
      });
      for (const [event, headers] of all.entries()) {
        const end = await connection.send(event).catch((error: unknown) => error);
        if (headers === broken) {
          expect(end).to.be.instanceOf(RejectedError);
        }
      }
      expect(server.requests.map(({ headers }) => headers['x-event'])).to.deep.equal(
        all.filter((headers) => headers !== broken).map((headers) => headers?.['x-event']),
      );
    });

    it('should be those of each request, also where an encoder uses one object for all', async () => {
      const server = await serverOf();
      const headers: Record<string, string> = {};
      const connection = await single<string, unknown>(server.origin, {
        encode: ([event = '']) => {
          headers['x-event'] = event;
          return { body: '', headers };
        },
      });
      for (const event of ['a', 'b', 'c']) {
        await connection.send(event);
      }
      expect(server.requests.map((request) => request.headers['x-event'])).to.deep.equal(['a', 'b', 'c']);
    });

    it('should be the names and values of headers', async () => {
      const server = await serverOf();
      const bad: readonly unknown[] = [
        { '': 'x' },
        { 'x y': 'x' },
        { 'x:y': 'x' },
        { 'x\r\ny': 'x' },
        { é: 'x' },
        { x: undefined },
        { x: null },
        { x: 1 },
        { x: ['a', 'b'] },
        null,
        'x: y',
      ];
      for (const headers of bad) {
        const connection = await single<unknown, unknown>(server.origin, {
          encode: () => ({ body: '', headers: headers as Record<string, string> }),
        });
        expect(await connection.refused(1), JSON.stringify(headers)).to.be.instanceOf(RejectedError);
      }
      expect(server.requests).to.deep.equal([]);
    });

    it('should not be those that the client sets', async () => {
      const server = await serverOf();
      for (const name of [
        'connection',
        'Content-Length',
        'expect',
        'Keep-Alive',
        'te',
        'trailer',
        'TRANSFER-ENCODING',
        'upgrade',
      ]) {
        const connection = await single<unknown, unknown>(server.origin, {
          encode: () => ({ body: '', headers: { [name]: 'chunked' } }),
        });
        const error = await connection.refused(1);
        expect(error).to.be.instanceOf(RejectedError);
        expect(error.message).to.include(name);
      }
      expect(server.requests).to.deep.equal([]);
    });
  });

  describe('readers', () => {
    it('should give what a JSON answer says', () => {
      expect(jsonAnswer(answerOf(' {"a":1} '))).to.deep.equal([
        { index: 0, status: 'delivered', value: { a: 1 } },
      ]);
      expect(() => jsonAnswer(answerOf('{"a":'))).to.throw('JSON');
      expect(() => jsonAnswer(answerOf(''))).to.throw('JSON');
    });

    it('should give what a JSON array says of each event', () => {
      expect(jsonArrayAnswer(answerOf('["x",null]'), [1, 2])).to.deep.equal([
        { index: 0, status: 'delivered', value: 'x' },
        { index: 1, status: 'delivered', value: null },
      ]);
      for (const text of ['[]', '[1]', '[1,2,3]', '{"length":2}', 'null', '"ab"', '[1,2', '']) {
        expect(() => jsonArrayAnswer(answerOf(text), [1, 2]), text).to.throw(Error);
      }
    });

    it('should give what each line says of an event', () => {
      for (const text of ['"x"\nnull\n', '"x"\nnull', '\n"x"\r\n\r\n null \r\n']) {
        expect(ndjsonAnswer(answerOf(text), [1, 2])).to.deep.equal([
          { index: 0, status: 'delivered', value: 'x' },
          { index: 1, status: 'delivered', value: null },
        ]);
      }
      for (const text of ['', '1\n', '1\n2\n3\n', '1 2', '1\n{']) {
        expect(() => ndjsonAnswer(answerOf(text), [1, 2]), text).to.throw(Error);
      }
    });

    it('should make the value of an outcome', async () => {
      const server = await serverOf(({ text }) => ({ status: 201, body: `{"of":${text}}` }));
      const connection = httpConnection(server.origin, { format: json({ read: jsonAnswer }) });
      const [outcome] = await keep(new Shipment([7], [connection])).ended();

      expect(outcome).to.deep.include({ status: 'delivered', value: { of: 7 } });
    });

    it('should make the values of a batch', async () => {
      const server = await serverOf(({ text }) => ({ body: text }));
      const batch = { size: 3, linger: 1 };
      for (const format of [jsonArray({ read: jsonArrayAnswer }), ndjson({ read: ndjsonAnswer })]) {
        const shipment = keep(
          new Shipment([1, 'b', null], [httpConnection(server.origin, { format, batch })]),
        );
        const outcomes = await shipment.ended();
        expect(outcomes.map((outcome) => 'value' in outcome && outcome.value)).to.deep.equal([1, 'b', null]);
      }
    });

    it('should break the connection when they throw', async () => {
      const server = await serverOf(() => ({ body: server.posts.length === 1 ? 'sorry' : '"fine"' }));
      const connection = httpConnection(server.origin, { format: json({ read: jsonAnswer }), name: 'place' });
      const shipment = keep(new Shipment([1], [connection]));

      const [outcome] = await shipment.ended();

      expect(outcome).to.include({ status: 'delivered', value: 'fine', attempts: 2 });
      const broken = shipment.activities.find(({ type, ...rest }) => type === 'state' && 'error' in rest);
      expect(broken)
        .to.have.property('error')
        .that.is.an('error')
        .with.property('message')
        .that.matches(/^place: /);
    });

    it('should not be asked about a refusal', async () => {
      const server = await serverOf(() => 429);
      const read = (): never => {
        throw new Error('asked');
      };
      const connection = await single(server.origin, json({ read }));
      expect(await connection.refused(1)).to.be.instanceOf(TemporaryError);
    });

    it('should be asked with the answer and the events', async () => {
      const server = await serverOf(() => ({ status: 207, headers: { 'X-Word': 'yes' }, body: 'text' }));
      const asked: [HttpAnswer, readonly unknown[]][] = [];
      const read = (answer: HttpAnswer, events: readonly unknown[]): undefined => {
        asked.push([answer, events]);
      };
      const connection = await batching<unknown, unknown>(server.origin, ndjson({ read }));

      expect(await connection.sendAll([1, 2])).to.deep.equal([]);

      const [[answer, events] = []] = asked;
      expect(answer).to.include({ status: 207 });
      expect(answer?.headers).to.include({ 'x-word': 'yes' });
      expect(answer?.body.toString()).to.equal('text');
      expect(events).to.deep.equal([1, 2]);
    });

    it('should give an array or undefined', async () => {
      const server = await serverOf();
      const connection = await single<unknown, unknown>(server.origin, {
        encode: () => ({ body: '' }),
        read: () => Promise.resolve([]) as unknown as [],
      });
      expect((await connection.refused(1)).message).to.match(
        /expected `results` to be an array, or undefined, got `\[object Promise\]`/,
      );
    });

    it('should say that all are delivered with an empty list, also of the half of a batch', async () => {
      const server = await serverOf(({ text }) => (text.includes('bad') && text.length > 6 ? 400 : 200));
      const connection = await batching<unknown, unknown>(server.origin, ndjson({ read: () => [] }));
      const results = await connection.sendAll(['a', 'b', 'c', 'bad']);
      expect(results.map(({ index, status }) => `${index} ${status}`)).to.have.members(
        [0, 1, 2, 3].map((index) => `${index} delivered`),
      );
      expect(server.posts.filter(({ text }) => text.includes('"a"'))).to.have.length(2);
    });

    it('should tell of a single event what its result says', async () => {
      const server = await serverOf();
      const results: [readonly ItemResult[], string][] = [
        [[{ index: 0, status: 'delivered', value: 'value' }], 'value'],
        [[{ index: 0, status: 'failed', error: new RejectedError('bad') }], 'RejectedError: bad'],
        [[{ index: 0, status: 'failed', error: new TemporaryError('busy') }], 'TemporaryError: busy'],
        [[{ index: 0, status: 'failed', error: new Error('broken') }], 'TemporaryError: broken'],
        [[{ index: 0, status: 'failed', error: 'broken' }], 'TemporaryError: broken'],
        [[{ index: 1, status: 'delivered' }], 'TemporaryError: expected a result for the event'],
        [[], 'undefined'],
      ];
      for (const [given, expected] of results) {
        const connection = await single<unknown, unknown>(server.origin, {
          encode: () => ({ body: '' }),
          read: () => given,
        });
        expect(String(await connection.send(1).catch((error: unknown) => error))).to.equal(expected);
      }
    });
  });

  it('should be one for many events where there are batches', () => {
    expect(() => httpConnection('http://host', { format: json(), batch: { size: 2 } }))
      .to.throw(TypeError)
      .with.property('message')
      .that.includes('expected `format` to be one for many events beside `batch`');
  });

  describe('the answer of bulk', () => {
    type Item = Readonly<Record<string, unknown>>;
    const item = (status: number, more: object = {}): Item => ({ index: { _id: 'x', status, ...more } });

    const sent = async (body: string, count: number, format = bulk<number>()) => {
      const server = await serverOf(() => ({ body }));
      const connection = await batching(server.origin, format);
      return connection.sendAll(Array.from({ length: count }, (_, index) => index));
    };

    it('should have a result for each event', async () => {
      const items = [200, 201, 409, 429, 400, 500, 408, 404, 299, 503].map((status) => item(status));

      const results = await sent(JSON.stringify({ took: 1, errors: true, items }), 10);

      expect(inWords(results)).to.deep.equal([
        '0 delivered',
        '1 delivered',
        '2 failed RejectedError',
        '3 failed TemporaryError',
        '4 failed RejectedError',
        '5 failed TemporaryError',
        '6 failed TemporaryError',
        '7 failed RejectedError',
        '8 delivered',
        '9 failed TemporaryError',
      ]);
      expect(results[1]).to.deep.equal({ index: 1, status: 'delivered', value: { _id: 'x', status: 201 } });
    });

    it('should take a document of create that is there already for delivered', async () => {
      const items = [{ create: { _id: 'x', status: 409 } }, { create: { status: 400 } }];
      const results = await sent(JSON.stringify({ items }), 2, bulk({ action: 'create' }));
      expect(inWords(results)).to.deep.equal(['0 delivered', '1 failed RejectedError']);
    });

    it('should say why a document was refused', async () => {
      const error = { type: 'mapper_parsing_exception', reason: 'failed to parse' };
      const [refused, odd] = await sent(
        JSON.stringify({ items: [item(400, { error }), item(429, { error: 'text' })] }),
        2,
      );
      const [first, second] = [refused, odd].map((result) =>
        result?.status === 'failed' ? (result.error as Error) : undefined,
      );
      expect(first?.message).to.include('400 mapper_parsing_exception: failed to parse');
      expect(second?.message).to.include('429');
    });

    it('should leave events unnamed that it has no item for', async () => {
      const server = await serverOf(({ text }) => {
        const count = text.split('\n').length >> 1;
        const items = Array.from({ length: Math.ceil(count / 2) }, () => item(201));
        return { body: JSON.stringify({ items }) };
      });
      const connection = httpConnection(server.origin, { format: bulk(), batch: { size: 4, linger: 1 } });
      const shipment = keep(new Shipment([1, 2, 3, 4], [connection]));

      const outcomes = await shipment.ended();

      expect(outcomes.map(inShort)).to.deep.equal(['1', '2', '3', '4']);
      expect(server.posts).to.have.length(3);
      expect(shipment.states.filter((state) => state === 'connecting')).to.have.length(1);
    });

    it('should break the connection where it is of another shape', async () => {
      const bodies = [
        '',
        'OK',
        'null',
        '[]',
        '{}',
        '{"items":null}',
        '{"items":{"0":{"index":{"status":201}}}}',
        '{"items":[{"index":{"status":201}}',
        JSON.stringify({ items: [item(201), item(201), item(201)] }),
        JSON.stringify({ items: [item(201), { create: { status: 201 } }] }),
        JSON.stringify({ items: [item(201), null] }),
        JSON.stringify({ items: [item(201), { index: {} }] }),
        JSON.stringify({ items: [item(201), { index: { status: '201' } }] }),
        JSON.stringify({ items: [item(201), { index: null }] }),
      ];
      for (const body of bodies) {
        const error: unknown = await sent(body, 2).catch((thrown: unknown) => thrown);
        expect(error, body).to.be.an('error').and.not.be.instanceOf(RejectedError);
        expect(error, body).to.not.be.instanceOf(TemporaryError);
        expect((error as Error).message).to.match(/^place\b/);
      }
    });

    it('should settle each event by its item, through the balancer', async () => {
      const tries = new Map<number, number>();
      const server = await serverOf(({ text }) => {
        const events = text.split('\n').filter((_, index) => index % 2 === 1);
        const items = events.map(Number).map((status) => {
          const nth = (tries.get(status) ?? 0) + 1;
          tries.set(status, nth);
          return item(nth === 1 ? status : 200);
        });
        return { body: JSON.stringify({ errors: true, items }) };
      });
      const connection = httpConnection(server.origin, { format: bulk(), batch: { size: 6, linger: 1 } });
      const statuses = [200, 201, 409, 429, 400, 500];
      const shipment = keep(new Shipment(statuses, [connection]));

      const outcomes = await shipment.ended();

      const fates = outcomes.map(({ event, status, attempts }) => `${event} ${status} ${attempts}`);
      expect(fates).to.have.members([
        '200 delivered 1',
        '201 delivered 1',
        '409 dropped 1',
        '429 delivered 2',
        '400 dropped 1',
        '500 delivered 2',
      ]);
      expect(shipment.states.filter((state) => state === 'connecting')).to.have.length(1);
    });

    it('should tell of a single document too', async () => {
      const server = await serverOf(({ text }) => ({
        body: JSON.stringify({ items: [item(Number(text.split('\n')[1]))] }),
      }));
      const connection = await single(server.origin, bulk<number>());
      expect(await connection.send(201)).to.deep.equal({ _id: 'x', status: 201 });
      expect(await connection.refused(429)).to.be.instanceOf(TemporaryError);
      expect(await connection.refused(400)).to.be.instanceOf(RejectedError);
    });
  });
});
