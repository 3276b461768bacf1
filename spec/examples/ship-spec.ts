/** The shipper with collectors of its own: real sockets, real processes and a real file. */
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { FileError } from '../../examples/ship/fileError.js';
import { plainDisplay } from '../../examples/ship/plainDisplay.js';
import { recordsIn } from '../../examples/ship/record.js';
import { ship } from '../../examples/ship/ship.js';
import { run, start } from './program.js';
import { realFile } from './realFile.js';
import { scratchFolder } from './scratch.js';

/** A line of progress with something delivered. */
const row = /^ *\d+:\d\d \|.* [1-9][\d,]* delivered, /m;

describe('the shipper with its own collectors', function () {
  this.timeout(120_000);
  const scratch = scratchFolder();

  /** Ships a file, and puts together again what the collectors have. */
  const shipAndRebuild = async (
    input: string,
    batch = 1,
    print: (text: string) => void = () => undefined,
  ) => {
    const display = plainDisplay(print);
    const { collected, ...shipment } = await ship({
      input,
      batch,
      // The accident takes a moment, in which not everything should be over.
      rate: 10_000,
      outage: 200,
      keep: true,
      display,
    });
    if (collected === undefined) {
      throw new Error('expected collectors');
    }
    try {
      const arrived = new Map<number, Buffer>();
      for (const file of collected.files) {
        for await (const { event } of recordsIn(file)) {
          arrived.set(event.n, Buffer.from(event.bytes));
        }
      }
      const inOrder = [...arrived].sort(([a], [b]) => a - b);
      return { shipment, collected, rebuilt: Buffer.concat(inOrder.map(([, bytes]) => bytes)) };
    } finally {
      await rm(dirname(collected.files[0] ?? ''), { recursive: true });
    }
  };

  describe('with a file', () => {
    for (const batch of [1, 50]) {
      it(`should ship a real one, ${batch} a request, byte for byte through a collector that is killed`, async () => {
        const printed: string[] = [];
        const content = await readFile(realFile);
        const lines = content.toString('latin1').split('\n').length - 1;
        expect(lines).to.be.at.least(10_000);

        const { shipment, collected, rebuilt } = await shipAndRebuild(realFile, batch, (text) =>
          printed.push(text),
        );

        const { read, delivered, dropped, bytes } = shipment;
        expect({ read, delivered, dropped, bytes }).to.deep.equal({
          read: lines,
          delivered: lines,
          dropped: 0,
          bytes: content.length,
        });
        const { arrived, lost, foreign } = collected;
        expect({ arrived, lost, foreign }).to.deep.equal({ arrived: lines, lost: 0, foreign: 0 });
        expect(rebuilt.equals(content)).to.be.true;
        expect(printed).to.include('collector-1: killed (SIGKILL)\n');
        expect(printed.at(-1)).to.match(
          /^ *\d+:\d\d \| 100 % \| 15,\d{3} delivered, 0 waiting, 0 dropped \| /,
        );
      });
    }

    it('should keep empty lines, carriage returns, odd bytes, and an end without a line break', async () => {
      const content = Buffer.concat([
        Buffer.from('\n\na\r\n\r\r\n\u2028 \u00e9 \u{1f69a}\n5 5 12345\n\0\n'),
        Buffer.from([0xff, 0xc3, 0x0a, 0xef, 0xbb, 0xbf, 0x0a]),
        Buffer.from('equal\nequal\nno end'),
      ]);
      for (const batch of [1, 5]) {
        const { shipment, collected, rebuilt } = await shipAndRebuild(await scratch.file(content), batch);
        expect(rebuilt.toString('latin1')).to.equal(content.toString('latin1'));
        expect(shipment.read).to.equal(12);
        expect(collected.lost).to.equal(0);
      }
    });

    it('should ship nothing of an empty one', async () => {
      const { read, collected } = await ship({ input: await scratch.file('') });
      expect(read).to.equal(0);
      expect(collected).to.include({ arrived: 0, lost: 0 });
    });

    it("should remove the collectors' files unless they are to be kept", async () => {
      const { collected } = await ship({ input: await scratch.file('a\nb\n') });
      expect(collected?.files).to.have.length(3);
      for (const file of collected?.files ?? []) {
        const left = await stat(dirname(file)).catch((error: unknown) => error);
        expect(left).to.have.property('code', 'ENOENT');
      }
    });
  });

  it('should say that there is no room for temporary files', async () => {
    // What compiles the specs needs a folder, too: this is only for what runs in here.
    const { TMPDIR: before } = process.env;
    process.env['TMPDIR'] = '/nowhere';
    const error = await ship({ events: 5 }).catch((thrown: unknown) => thrown);
    if (before === undefined) {
      delete process.env['TMPDIR'];
    } else {
      process.env['TMPDIR'] = before;
    }
    expect(error)
      .to.be.instanceOf(FileError)
      .with.property('message')
      .that.match(/^cannot write \/nowhere: ENOENT/);
  });

  describe('as a command', () => {
    /** A module that ends whoever has a parent to tell. */
    const failingCollector = async (): Promise<string> =>
      pathToFileURL(await scratch.file('if (process.send !== undefined) process.exit(1);', 'end.mjs')).href;

    /** Its temporary files are in the folder. */
    const begin = (args: readonly string[]) => start('ship', args, { TMPDIR: scratch.folder() });

    it('should ship standard input', async () => {
      const { code, out, err } = await run('ship', ['-'], { input: 'first\nsecond\nthird' });
      expect(out).to.match(/^read +3\narrived +3\nduplicated +0\nlost +0\n$/);
      expect(err).to.match(/^collector-1: http:/);
      expect(code).to.equal(0);
    });

    it('should ship to a collector again that was killed and started again', async () => {
      const shipper = begin(['-', '--keep']);
      const line = 'a line of the first half, which is 1000 lines\n';
      shipper.child.stdin.write(line.repeat(2_000));
      await shipper.wrote('err', /^collector-1: killed \(SIGKILL\)\n(.*\n)*collector-1: started again$/m);
      await shipper.wrote('err', /^collector-1: started again\n(.*\n)*.*\| collector-1 up /m);
      const [, file = ''] = /^collector-1: http:.* (\S+)$/m.exec(shipper.texts.err) ?? [];
      const { size } = await stat(file);
      shipper.child.stdin.end('a line of the second half\n'.repeat(2_000));
      const { code, out } = await shipper.end();
      expect((await stat(file)).size).to.be.above(size);
      expect(out).to.match(/^read +4000\narrived +4000\nduplicated +\d+\nlost +0\nfiles\n/);
      expect(code).to.equal(0);
    });

    it('should print the result only, when it is to be quiet', async () => {
      const { code, out, err } = await run('ship', ['--quiet', '--events', '10']);
      expect({ code, err }).to.deep.equal({ code: 0, err: '' });
      expect(out).to.match(/^read +10\narrived +10\nduplicated +\d+\nlost +0\n$/);
    });

    it('should say where the files are that it leaves', async () => {
      const { out } = await run('ship', ['--quiet', '--keep', '--events', '10']);
      const files = out.split('\n').filter((line) => line.startsWith('  '));
      expect(files).to.have.length(3);
      await rm(dirname(files[0]?.trim() ?? ''), { recursive: true });
    });

    it('should end with 130 after Ctrl-C, when all that it had read has arrived', async () => {
      const shipper = begin(['--events', '1000000']);
      await shipper.wrote('err', row);
      // Ctrl-C goes to the whole group: were the collectors in it, what is in flight would be lost.
      process.kill(-shipper.pid, 'SIGINT');
      const { code, out, err } = await shipper.end();
      const [, read, arrived] = /^read +(\d+)\narrived +(\d+)\nduplicated +\d+\nlost +0\n$/.exec(out) ?? [];
      expect(Number(read), out).to.be.within(1, 999_999);
      expect(arrived).to.equal(read);
      expect(code).to.equal(130);
      await expectGone(collectorsIn(err));
      const left = await readdir(scratch.folder());
      expect(left.filter((name) => name.startsWith('ship-'))).to.deep.equal([]);
    });

    it('should end with 1 when it is stopped and the collectors take nothing more', async () => {
      const shipper = begin(['--events', '1000000']);
      await shipper.wrote('err', row);
      const collectors = collectorsIn(shipper.texts.err);
      for (const { pid } of collectors) {
        process.kill(pid, 'SIGSTOP');
      }
      shipper.child.kill('SIGINT');
      const { code, out } = await shipper.end();
      expect(out).to.match(/\nlost +[1-9]\d*\ndropped +[1-9]\d* {2}closed: \d+\n$/);
      expect(code).to.equal(1);
      await expectGone(collectors);
    });

    it('should say on one line that a collector does not start', async () => {
      const environment = { NODE_OPTIONS: `--import=${await failingCollector()}` };
      const { code, out, err } = await run('ship', ['--quiet', '--events', '5'], { environment });
      expect({ code, out }).to.deep.equal({ code: 2, out: '' });
      expect(err).to.match(/^ship: collector-\d ended before it listened\n$/);
    });

    for (const [where, expected] of [
      ['/dev/full', { code: 2, err: /^ship: cannot write standard output: ENOSPC[^\n]*\n$/ }],
      ['/dev/null', { code: 0, err: /^$/ }],
    ] as const) {
      it(`should end with ${expected.code} when its summary goes to ${where}`, async () => {
        const script = `"$@" > ${where}`;
        const { code, err } = await run('ship', ['--quiet', '--events', '5'], { script });
        expect(err).to.match(expected.err);
        expect(code).to.equal(expected.code);
      });
    }

    it('should miss nobody who reads no summary', async () => {
      const shipper = start('ship', ['--quiet', '--events', '5']);
      shipper.child.stdout.destroy();
      const { code, err } = await shipper.end();
      expect({ code, err }).to.deep.equal({ code: 0, err: '' });
    });

    it('should leave no collector behind when it is killed itself', async () => {
      const shipper = begin(['--events', '1000000']);
      await shipper.wrote('err', row);
      const ended = once(shipper.child, 'exit');
      shipper.child.kill('SIGKILL');
      await ended;
      await expectGone(collectorsIn(shipper.texts.err));
    });
  });
});

/** The collectors that a shipper has said it started. */
function collectorsIn(err: string): { url: string; pid: number }[] {
  const found = [...err.matchAll(/^collector-\d: (http:\S+), process (\d+)$/gm)];
  expect(found).to.have.length(3);
  return found.map(([, url = '', pid]) => ({ url, pid: Number(pid) }));
}

/** Nobody listens where the collectors did, at once or very soon. */
async function expectGone(collectors: readonly { url: string }[]): Promise<void> {
  for (const { url } of collectors) {
    let answers = true;
    for (let patience = 100; answers && patience > 0; patience--) {
      answers = await fetch(`${url}/health`).then(
        () => true,
        () => false,
      );
      await sleep(answers ? 50 : 0);
    }
    expect(answers, url).to.be.false;
  }
}
