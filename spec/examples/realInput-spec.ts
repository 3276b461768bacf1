/** A real file, shipped by the command to three collectors: one behind TLS, one killed midway and started again. */
import { readFile, stat } from 'node:fs/promises';
import { expect } from 'chai';
import { CollectorProcess } from '../../examples/ship/collectorProcess.js';
import { certificateIn } from './certificate.js';
import { run, start, until } from './program.js';
import { realFile } from './realFile.js';
import { scratchFolder } from './scratch.js';

describe('a real file', function () {
  this.timeout(120_000);
  const scratch = scratchFolder();
  let collectors: [CollectorProcess, CollectorProcess, CollectorProcess];
  let certificate: string;

  beforeEach(async () => {
    const tls = await certificateIn(scratch.folder());
    certificate = tls.cert;
    collectors = [
      new CollectorProcess('killed', scratch.folder()),
      new CollectorProcess('secured', scratch.folder(), { tls }),
      new CollectorProcess('calm', scratch.folder()),
    ];
    await Promise.all(collectors.map((collector) => collector.start()));
  });

  afterEach(async () => {
    await Promise.all(collectors.map((collector) => collector.kill()));
  });

  const sizeOf = async ({ file }: CollectorProcess): Promise<number> => (await stat(file)).size;

  const urlsFor = (format: string): string[] =>
    collectors.map(({ url }) => `${url}/in${format === 'bulk' ? '/_bulk' : ''}`);

  /** Ships it through a pipe, with the accident; returns what the collectors have, as lines with their line feeds. */
  const shipped = async (format: string, batch: number) => {
    const [killed, , calm] = collectors;
    const urls = urlsFor(format);
    const content = await readFile(realFile);
    const shipper = start(
      'ship',
      [
        ...['--to', ...urls, '--format', format, '--batch', String(batch), '--window', '2'],
        ...['--health', '/health', '--json'],
      ],
      { NODE_EXTRA_CA_CERTS: certificate },
    );
    await until(() => urls.every((url) => shipper.texts.err.includes(`| ${url} up `)));
    const third = Math.floor(content.length / 3);
    shipper.child.stdin.write(content.subarray(0, third));
    await until(async () => (await sizeOf(killed)) > 0);
    await killed.kill();
    const before = await sizeOf(calm);
    shipper.child.stdin.write(content.subarray(third, 2 * third));
    await until(async () => (await sizeOf(calm)) > before);
    await shipper.wrote('err', new RegExp(`^${killed.url}/`, 'm'));
    const { length } = shipper.texts.err;
    await killed.start();
    await until(() =>
      shipper.texts.err.slice(length).includes(`| ${killed.url}/in${format === 'bulk' ? '/_bulk' : ''} up `),
    );
    const atRestart = await sizeOf(killed);
    shipper.child.stdin.end(content.subarray(2 * third));
    const { code, out } = await shipper.end();
    expect(code).to.equal(0);
    expect(await sizeOf(killed), 'after it was started again').to.be.above(atRestart);
    const { connections, ...counts } = JSON.parse(out) as {
      connections: { name: string; delivered: number }[];
    };
    expect(connections.map(({ delivered }) => delivered > 0)).to.deep.equal([true, true, true]);
    const texts = await Promise.all(collectors.map(({ file }) => readFile(file, 'latin1')));
    return { counts, lines: texts.flatMap((text) => text.split(/(?<=\n)/)) };
  };

  /** Takes away what is there more often than it was sent; nothing may be missing, and nothing else be there. */
  const expectSame = (got: readonly string[], sent: readonly string[]): void => {
    const left = new Map<string, number>();
    for (const line of sent) {
      left.set(line, (left.get(line) ?? 0) + 1);
    }
    const once: string[] = [];
    let duplicated = 0;
    for (const line of got) {
      const count = left.get(line);
      expect(count, `foreign: ${line}`).to.not.equal(undefined);
      if (count === 0) {
        duplicated++;
      } else {
        once.push(line);
        left.set(line, (count ?? 0) - 1);
      }
    }
    expect(got.length).to.equal(sent.length + duplicated);
    expect(
      Buffer.from(once.sort().join(''), 'latin1').equals(Buffer.from([...sent].sort().join(''), 'latin1')),
    ).to.be.true;
  };

  for (const batch of [1, 100]) {
    describe(batch === 1 ? 'line by line' : `${batch} lines a request`, () => {
      let content: string;
      let sent: string[];

      beforeEach(async () => {
        content = await readFile(realFile, 'latin1');
        sent = content.split(/(?<=\n)/);
        expect(sent).to.have.length.at.least(10_000);
        expect(content).to.match(/\n$/);
      });

      it('should arrive as lines, byte for byte', async () => {
        const { counts, lines } = await shipped('lines', batch);
        expect(counts).to.include({ read: sent.length, delivered: sent.length, dropped: 0 });
        expectSame(lines, sent);
      });

      it('should arrive as JSON, byte for byte', async () => {
        const { counts, lines } = await shipped('ndjson', batch);
        expect(counts).to.include({ read: sent.length, delivered: sent.length, dropped: 0 });
        expectSame(lines.map(lineOf), sent);
      });

      it('should arrive as documents with ids, byte for byte and in order', async () => {
        const { counts, lines } = await shipped('bulk', batch);
        expect(counts).to.include({ read: sent.length, delivered: sent.length, dropped: 0 });
        const byId = new Map<number, string>();
        const runs = new Set<string>();
        for (const line of lines) {
          const { _id, document } = JSON.parse(line) as { _id: string; document: unknown };
          const [, run = '', n] = /^(.+)-(\d+)$/.exec(_id) ?? [];
          runs.add(run);
          const text = lineOf(JSON.stringify(document));
          expect(byId.get(Number(n)) ?? text, 'the same id, the same document').to.equal(text);
          byId.set(Number(n), text);
        }
        expect(runs.size).to.equal(1);
        expect(byId.size).to.equal(sent.length);
        const rebuilt = [...byId].sort(([a], [b]) => a - b).map(([, line]) => line);
        expect(Buffer.from(rebuilt.join(''), 'latin1').equals(await readFile(realFile))).to.be.true;
      });
    });
  }

  it('should be read by its path, and arrive byte for byte', async () => {
    const { code, out, err } = await run(
      'ship',
      [realFile, '--to', ...urlsFor('lines'), '--batch', '100', '--quiet', '--json'],
      { environment: { NODE_EXTRA_CA_CERTS: certificate } },
    );
    expect({ code, err }).to.deep.equal({ code: 0, err: '' });
    const sent = (await readFile(realFile, 'latin1')).split(/(?<=\n)/);
    expect(JSON.parse(out)).to.include({ read: sent.length, delivered: sent.length, dropped: 0 });
    const texts = await Promise.all(collectors.map(({ file }) => readFile(file, 'latin1')));
    expectSame(
      texts.flatMap((text) => text.split(/(?<=\n)/)),
      sent,
    );
  });

  it('should not be sent to whom nobody vouches for', async () => {
    const [, secured] = collectors;
    const shipper = start('ship', [realFile, '--to', secured.url]);
    await shipper.wrote('err', /^https:\S+ .*self-signed certificate/m);
    shipper.child.kill('SIGINT');
    const { code, out } = await shipper.end();
    expect(out).to.match(/^read +0\ndelivered +0\n/);
    expect(code).to.equal(130);
    expect(await sizeOf(secured)).to.equal(0);
  });

  it('should wait for an endpoint that is not well, and be dropped by none', async () => {
    const [killed] = collectors;
    await killed.kill();
    const shipper = start('ship', ['--events', '5', '--to', killed.url, '--max-attempts', '1', '--json']);
    await shipper.wrote('err', /ECONNREFUSED/);
    await killed.start();
    const { code, out } = await shipper.end();
    expect(JSON.parse(out)).to.include({ delivered: 5, dropped: 0 });
    expect(code).to.equal(0);
  });
});

/** The line of a document that is no JSON object itself. */
function lineOf(document: string): string {
  const { message } = JSON.parse(Buffer.from(document, 'latin1').toString()) as { message: string };
  return `${Buffer.from(message).toString('latin1')}\n`;
}
