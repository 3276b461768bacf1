/** The collector: what it takes is in its file before it answers. */
import { appendFile, readFile, rename, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { once } from 'node:events';
import { request as plainRequest, type IncomingMessage } from 'node:http';
import { expect } from 'chai';
import { CollectorError, CollectorProcess } from '../../examples/ship/collectorProcess.js';
import { certificateIn } from './certificate.js';
import { run, start, until } from './program.js';
import { scratchFolder } from './scratch.js';

const text = 'text/plain; charset=utf-8';
const ndjson = 'application/x-ndjson';

describe('the collector', function () {
  this.timeout(60_000);
  const scratch = scratchFolder();
  let collector: CollectorProcess;

  beforeEach(() => {
    collector = new CollectorProcess('collector', scratch.folder());
  });

  afterEach(async () => {
    await collector.kill();
  });

  const post = async (path: string, body: string | Buffer, type = 'application/octet-stream') => {
    const response = await fetch(`${collector.url}${path}`, {
      method: 'POST',
      body,
      headers: { 'content-type': type },
    });
    return { status: response.status, said: await response.text() };
  };

  const statusOf = async (...what: Parameters<typeof post>): Promise<number> => (await post(...what)).status;

  const taken = (): Promise<string> => readFile(collector.file, 'latin1');

  it('should not be started any more when it is killed before', async () => {
    const failure = collector.start().catch((error: unknown) => error);
    await collector.kill();
    expect(await failure).to.be.instanceOf(CollectorError);
    expect(collector.pid).to.equal(undefined);
  });

  describe('of records', () => {
    it('should have one in its file before it answers', async () => {
      await collector.start();
      expect(await statusOf('/events', '0 2 a\n')).to.equal(204);
      expect(await taken()).to.equal('0 2 a\n');
    });

    it('should take many in one request', async () => {
      await collector.start();
      expect(await statusOf('/events', '0 2 a\n1 0 2 3 b c')).to.equal(204);
      expect(await taken()).to.equal('0 2 a\n1 0 2 3 b c');
    });

    it('should take all of them or none', async () => {
      await collector.start();
      for (const body of ['', 'a\n', '0 2 a', '0 2 a\nmore', '0 2 a\n1 2 b']) {
        expect(await statusOf('/events', body), body).to.equal(400);
      }
      expect(await taken()).to.equal('');
    });

    it('should come back on the same port with the same file, without the torn end of a crash', async () => {
      await collector.start();
      const { url } = collector;
      await post('/events', '0 2 a\n');
      await collector.kill();
      await appendFile(collector.file, '1 20 torn\n');
      await collector.start();
      expect(collector.url).to.equal(url);
      await post('/events', '2 2 c\n');
      expect(await taken()).to.equal('0 2 a\n2 2 c\n');
    });

    it('should not be appended to something else', async () => {
      await appendFile(collector.file, 'a log\n');
      await collector.start();
      expect(await post('/events', '0 2 a\n')).to.deep.include({ status: 409 });
      expect(await taken()).to.equal('a log\n');
    });
  });

  describe('of lines', () => {
    it('should append them as they are, ended by a line feed, wherever they are posted', async () => {
      await collector.start();
      expect(await statusOf('/', Buffer.from('a\r\n\xff\0\n', 'latin1'), text)).to.equal(204);
      expect(await statusOf('/in/logs?x=1', 'end', 'TEXT/plain')).to.equal(204);
      expect(await statusOf('/', '{"a":1}\n', ndjson)).to.equal(204);
      expect(await statusOf('/', '', text)).to.equal(204);
      expect(await taken()).to.equal('a\r\n\xff\0\nend\n{"a":1}\n');
    });

    it('should end a torn line of a crash, and cut off nothing', async () => {
      await collector.start();
      await post('/', 'a\nb\n', text);
      await collector.kill();
      // It could be taken for the beginning of a record.
      await appendFile(collector.file, '17 200 to');
      await collector.start();
      await post('/', 'c\n', text);
      expect(await taken()).to.equal('a\nb\n17 200 to\nc\n');
    });

    it('should be appended to a file that somebody else has written, all of which stays', async () => {
      for (const [content, end] of [
        ['a log without an end', '\n'],
        // It begins as a record does, and is none.
        ['17 20 is a line', '\n'],
        ['a\nb\n', ''],
      ] as const) {
        await writeFile(collector.file, content);
        await collector.start();
        expect(await statusOf('/', 'c\n', text)).to.equal(204);
        expect(await statusOf('/', 'd\n', text)).to.equal(204);
        expect(await taken()).to.equal(`${content}${end}c\nd\n`);
        await collector.kill();
      }
    });

    it('should not be taken for records, whose torn end goes', async () => {
      for (const content of ['17 20 is a line', '17 20 is a line\n']) {
        await writeFile(collector.file, content);
        await collector.start();
        expect(await statusOf('/events', '0 2 a\n')).to.equal(409);
        expect(await taken()).to.equal(content);
        await collector.kill();
      }
    });

    it('should refuse what is of no type that it knows', async () => {
      await collector.start();
      for (const type of ['application/json', 'text/plainer', 'application/octet-stream']) {
        expect(await statusOf('/', 'a\n', type), type).to.equal(415);
      }
      expect(await taken()).to.equal('');
    });
  });

  describe('of documents', () => {
    const action = (id: string, kind = 'create'): string => `{"${kind}":{"_id":"${id}"}}\n`;

    it('should append each with its id, and answer for each', async () => {
      await collector.start();
      const body = `${action('x-1')}{"a":12345678901234567890}\n${action('x"2'.replace('"', '\\"'), 'index')}{}\n`;
      const { status, said } = await post('/logs/_bulk?pipeline=x', body, ndjson);
      expect(status).to.equal(200);
      expect(JSON.parse(said)).to.deep.equal({
        took: 0,
        errors: false,
        items: [{ create: { _id: 'x-1', status: 201 } }, { index: { _id: 'x"2', status: 201 } }],
      });
      expect(await taken()).to.equal(
        '{"_id":"x-1","document":{"a":12345678901234567890}}\n{"_id":"x\\"2","document":{}}\n',
      );
    });

    it('should take all of them or none', async () => {
      await collector.start();
      for (const body of [
        '',
        '\n',
        `${action('1')}{}`,
        action('1'),
        `${action('1')}{}\n${action('2')}`,
        `${action('1')}{}\n${action('2')}[]\n`,
        `${action('1')}{}\n${action('2')}{"a":\n`,
        `${action('1')}{}\n${action('2', 'delete')}{}\n`,
        '{"create":{}}\n{}\n',
        '{"create":null}\n{}\n',
        '{}\n{}\n',
        'null\n{}\n',
        'create\n{}\n',
        '{"create":{"_id":"1"},"index":{"_id":"1"}}\n{}\n',
      ]) {
        expect(await statusOf('/_bulk', body, ndjson), body).to.equal(400);
      }
      expect(await taken()).to.equal('');
    });
  });

  it('should keep to one kind', async () => {
    await collector.start();
    await post('/', 'a\n', text);
    const { status, said } = await post('/events', '0 2 a\n');
    expect({ status, said }).to.deep.equal({ status: 409, said: 'this file takes lines, not records\n' });
    expect(await taken()).to.equal('a\n');
  });

  const bulk = '{"create":{"_id":"1"}}\n{"a":1}\n';
  const kinds: Readonly<Record<string, [path: string, body: string, type: string]>> = {
    records: ['/events', '0 2 a\n', text],
    lines: ['/', 'a\n', text],
    documents: ['/_bulk', bulk, ndjson],
  };

  for (const [own, request] of Object.entries(kinds)) {
    it(`should keep to ${own} when it is started again, whatever is asked first`, async () => {
      await collector.start();
      await post(...request);
      await collector.kill();
      await collector.start();
      const before = await taken();
      for (const [kind, other] of Object.entries(kinds)) {
        if (kind !== own) {
          const said = `this file takes ${own}, not ${kind}\n`;
          expect(await post(...other)).to.deep.equal({ status: 409, said });
        }
      }
      expect(await taken()).to.equal(before);
      expect(await statusOf(...request)).to.be.oneOf([200, 204]);
      expect(await taken()).to.equal(before + before);
    });
  }

  it('should take what it can once its file can be read again', async () => {
    await collector.start();
    await rename(collector.file, scratch.path('elsewhere'));
    expect(await statusOf('/', 'a\n', text)).to.equal(503);
    await rename(scratch.path('elsewhere'), collector.file);
    expect(await statusOf('/', 'a\n', text)).to.equal(204);
    expect(await taken()).to.equal('a\n');
  });

  it('should be well, and nothing else is there to be got', async () => {
    await collector.start();
    expect((await fetch(`${collector.url}/health`)).status).to.equal(204);
    expect((await fetch(`${collector.url}/events`)).status).to.equal(404);
    expect((await fetch(collector.url, { method: 'PUT', body: 'a' })).status).to.equal(404);
  });

  it('should refuse a body that is too large', async () => {
    await collector.start();
    const tooLarge = Buffer.alloc(64 * 1024 * 1024 + 1, 'a\n');
    const sending = plainRequest(collector.url, { method: 'POST', headers: { 'content-type': text } });
    const answered = once(sending, 'response') as Promise<[IncomingMessage]>;
    // It closes the connection, perhaps before all of it is sent: the answer is there all the same.
    sending.on('error', () => undefined);
    sending.write(tooLarge);
    const [answer] = await answered;
    expect(answer.statusCode).to.equal(413);
    sending.destroy();
    expect(await taken()).to.equal('');
    expect(await statusOf('/', 'a\n', text)).to.equal(204);
  });

  it('should listen with TLS when it has a certificate', async () => {
    const tls = await certificateIn(scratch.folder());
    collector = new CollectorProcess('collector', scratch.folder(), { tls });
    await collector.start();
    expect(collector.url).to.match(/^https:/);
    const asking = request(`${collector.url}/health`, { ca: await readFile(tls.cert) }).end();
    const [answer] = (await once(asking, 'response')) as [IncomingMessage];
    expect(answer.statusCode).to.equal(204);
    answer.resume();
    const untrusting = request(`${collector.url}/health`).end();
    const [error] = (await once(untrusting, 'error')) as [Error];
    expect(error).to.have.property('code').that.includes('SELF_SIGNED');
  });

  describe('as a command', () => {
    it('should say where it listens', async () => {
      const program = start('collector', [scratch.path('taken')]);
      await program.wrote('out', /^listening on http:\/\/127\.0\.0\.1:\d+\n$/);
      const [url = ''] = /http:\S+/.exec(program.texts.out) ?? [];
      expect((await fetch(`${url}/health`)).status).to.equal(204);
      program.child.kill();
      await program.end();
    });

    it('should go on though nobody reads where it listens', async () => {
      // A port that is free again.
      await collector.start();
      const { url } = collector;
      await collector.kill();
      const program = start('collector', [scratch.path('taken'), new URL(url).port]);
      program.child.stdout.destroy();
      const isWell = (): Promise<boolean> =>
        fetch(`${url}/health`).then(
          ({ ok }) => ok,
          () => false,
        );
      await until(async () => {
        expect(program.child.exitCode, program.texts.err).to.equal(null);
        return isWell();
      });
      expect(await isWell()).to.be.true;
      program.child.kill();
      expect(await program.end()).to.include({ err: '' });
    });

    it('should append to a device', async () => {
      const program = start('collector', ['/dev/null']);
      await program.wrote('out', /\n/);
      const [url = ''] = /http:\S+/.exec(program.texts.out) ?? [];
      for (const [kind, [path, body, type]] of Object.entries(kinds)) {
        const headers = { 'content-type': type };
        const { status } = await fetch(`${url}${path}`, { method: 'POST', body, headers });
        expect(status, kind).to.equal(kind === 'records' ? 204 : 409);
      }
      program.child.kill();
      await program.end();
    });

    it('should print its help', async () => {
      const { code, out, err } = await run('collector', ['--help']);
      expect({ code, err }).to.deep.equal({ code: 0, err: '' });
      expect(out).to.match(/\n\nUsage: collector \[options\] FILE \[PORT\]\n/);
    });

    it('should end with 2 and one clear line when it cannot do what it should', async () => {
      const { cert, key } = await certificateIn(scratch.folder());
      const file = scratch.path('taken');
      const cases: [args: string[], named: string][] = [
        [[], 'FILE'],
        [[file, '1', '2'], 'FILE'],
        [['--fast', file], '--fast'],
        [[file, 'port'], "'port'"],
        [[file, '65536'], "'65536'"],
        [['/nowhere/at/all'], '/nowhere/at/all: ENOENT'],
        [[scratch.folder()], 'EISDIR'],
        [[file, '--cert', cert], '--key'],
        [[file, '--key', key], '--cert'],
        [[file, '--cert', '/nowhere', '--key', key], '/nowhere: ENOENT'],
        [[file, '--cert', key, '--key', cert], key],
      ];
      await Promise.all(
        cases.map(async ([args, named]) => {
          const { code, out, err } = await run('collector', args);
          expect({ code, out }, err).to.deep.equal({ code: 2, out: '' });
          expect(err)
            .to.match(/^collector: [^\n]{10,}\n$/)
            .and.include(named);
        }),
      );
    });

    it('should end with 1 when its port is taken', async () => {
      await collector.start();
      const { code, err } = await run('collector', [scratch.path('taken'), new URL(collector.url).port]);
      expect(err).to.match(/^collector: cannot listen on port \d+: .*EADDRINUSE.*\n$/);
      expect(code).to.equal(1);
    });
  });
});
