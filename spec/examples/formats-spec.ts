/** What the shipper sends: the three formats, on the wire. */
import { expect } from 'chai';
import type { FormatName } from '../../examples/ship/formats.js';
import { ship } from '../../examples/ship/ship.js';
import { targetsOf } from '../../examples/ship/targets.js';
import { endpoint, type Got, type Said } from './endpoint.js';
import { scratchFolder } from './scratch.js';

describe("the shipper's formats", function () {
  this.timeout(60_000);
  const scratch = scratchFolder();

  /** Ships a text to one endpoint, and returns what that got. */
  const shipped = async (
    content: string | Buffer,
    format: FormatName,
    { batch = 1, path = '', answer }: { batch?: number; path?: string; answer?: (got: Got) => Said } = {},
  ) => {
    const { url, posts, close } = await endpoint(answer);
    const input = await scratch.file(content);
    const targets = targetsOf([`${url}${path}`], format);
    const shipment = await ship({ input, targets, format, batch, window: 1 });
    await close();
    return { posts, shipment, bodies: posts.map(({ body }) => body.toString('latin1')) };
  };

  const created = ({ body }: Got): Said => ({
    status: 200,
    body: JSON.stringify({
      items: body
        .toString()
        .split('\n')
        .filter((_, at) => at % 2 === 0)
        .slice(0, -1)
        .map(() => ({ create: { status: 201 } })),
    }),
  });

  describe('lines', () => {
    it('should send the bytes as they are, each line ended by a line feed', async () => {
      const { bodies, posts } = await shipped(Buffer.from('a\r\n\n\xff\0\nend', 'latin1'), 'lines');
      expect(bodies).to.deep.equal(['a\r\n', '\n', '\xff\0\n', 'end\n']);
      expect(posts[0]).to.have.property('path', '/');
      expect(posts[0]?.headers['content-type']).to.equal('text/plain; charset=utf-8');
    });

    it('should send many in one request', async () => {
      const { bodies } = await shipped('a\nb\nc\nd\nend', 'lines', { batch: 4 });
      expect(bodies).to.deep.equal(['a\nb\nc\nd\n', 'end\n']);
    });
  });

  describe('ndjson', () => {
    const lines: [line: string, document: string][] = [
      ['{"b":1,"a":12345678901234567890,"a":2}', '{"b":1,"a":12345678901234567890,"a":2}'],
      ['  {"a" : {}} \r', '{"a" : {}}'],
      ['{"a":', '{"message":"{\\"a\\":"}'],
      ['[1]', '{"message":"[1]"}'],
      ['null', '{"message":"null"}'],
      ['"text"', '{"message":"\\"text\\""}'],
      [' plain \t"text"\r', '{"message":" plain \\t\\"text\\""}'],
      ['', '{"message":""}'],
      ['\xc3\xa9\u0000', '{"message":"\xc3\xa9\\u0000"}'],
      ['\xff', '{"message":"\xef\xbf\xbd"}'],
    ];
    const content = Buffer.from(lines.map(([line]) => `${line}\n`).join(''), 'latin1');
    const documents = lines.map(([, document]) => `${document}\n`);

    it('should send a JSON object as it is, and anything else as its message', async () => {
      const { bodies, posts } = await shipped(content, 'ndjson', { path: '/in?x=1' });
      expect(bodies).to.deep.equal(documents);
      expect(posts[0]).to.have.property('path', '/in?x=1');
      expect(posts[0]?.headers['content-type']).to.equal('application/x-ndjson');
    });

    it('should send many in one request', async () => {
      const { bodies } = await shipped(content, 'ndjson', { batch: 100 });
      expect(bodies).to.deep.equal([documents.join('')]);
    });
  });

  describe('bulk', () => {
    const idsIn = (bodies: readonly string[]): string[] =>
      [...bodies.join('').matchAll(/^\{"create":\{"_id":"([\w-]+)"\}\}$/gm)].map(([, id = '']) => id);

    it('should send the same documents, each with an action and an id', async () => {
      const { bodies, posts, shipment } = await shipped('{"a":1}\ntext\n', 'bulk', { answer: created });
      expect(shipment.delivered).to.equal(2);
      expect(posts.map(({ path }) => path)).to.deep.equal(['/_bulk', '/_bulk']);
      expect(posts[0]?.headers['content-type']).to.equal('application/x-ndjson');
      const [first = '', second = ''] = idsIn(bodies);
      expect(bodies).to.deep.equal([
        `{"create":{"_id":"${first}"}}\n{"a":1}\n`,
        `{"create":{"_id":"${second}"}}\n{"message":"text"}\n`,
      ]);
    });

    it('should post to the URL as it is given, when it has a path', async () => {
      const { posts } = await shipped('a\n', 'bulk', { path: '/logs/_bulk', answer: created });
      expect(posts[0]).to.have.property('path', '/logs/_bulk');
    });

    it('should give every line of every run an id of its own', async () => {
      const content = 'equal\n'.repeat(20);
      const first = await shipped(content, 'bulk', { batch: 7, answer: created });
      const second = await shipped(content, 'bulk', { batch: 7, answer: created });
      const ids = [...idsIn(first.bodies), ...idsIn(second.bodies)];
      expect(ids).to.have.length(40);
      expect(new Set(ids).size).to.equal(40);
    });

    it('should send a line again with the same id, and take it for delivered when it is there', async () => {
      const seen = new Set<string>();
      const { bodies, shipment } = await shipped('a\nb\nc\n', 'bulk', {
        batch: 3,
        answer: ({ body }) => {
          const items = idsIn([body.toString()]).map((id) => {
            const status = seen.has(id) ? 409 : 503;
            seen.add(id);
            return { create: { _id: id, status } };
          });
          return { status: 200, body: JSON.stringify({ items }) };
        },
      });
      expect(shipment).to.include({ read: 3, delivered: 3, dropped: 0, retried: 3 });
      const ids = idsIn(bodies);
      expect(ids).to.have.length(6);
      expect(new Set(ids).size).to.equal(3);
    });

    it('should drop a document that is refused, and no other', async () => {
      const { shipment } = await shipped('a\nb\nc\n', 'bulk', {
        batch: 3,
        answer: () => ({
          status: 200,
          body: JSON.stringify({ items: [201, 400, 201].map((status) => ({ create: { status } })) }),
        }),
      });
      expect(shipment).to.deep.include({
        read: 3,
        delivered: 2,
        dropped: 1,
        reasons: { rejected: 1 },
        retried: 0,
      });
    });
  });
});
