/** The shipper's file of dead letters. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { link, readFile, stat } from 'node:fs/promises';
import { expect } from 'chai';
import { DeadLetterError, DeadLetters } from '../../examples/ship/deadLetters.js';
import { ship } from '../../examples/ship/ship.js';
import type { Shipment } from '../../examples/ship/shipment.js';
import { FileError } from '../../examples/ship/fileError.js';
import { targetsOf } from '../../examples/ship/targets.js';
import { endpoint } from './endpoint.js';
import { run, start } from './program.js';
import { scratchFolder } from './scratch.js';

describe("the shipper's dead letters", function () {
  this.timeout(60_000);
  const scratch = scratchFolder();

  const lettersIn = async (file: string): Promise<unknown[]> => {
    const text = await readFile(file, 'utf8');
    expect(text.at(-1) ?? '\n').to.equal('\n');
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as unknown);
  };

  it('should have a line for each drop, after what is there already', async () => {
    const { url, close } = await endpoint(({ body }) =>
      body.includes('good') ? 204 : { status: 400, body: 'not\nthis\tone' },
    );
    const [target] = targetsOf([url], 'lines');
    const input = await scratch.file(Buffer.from('good\nb"ad\r\ngood\nb\xe9\n\nend', 'latin1'));
    const deadLetter = await scratch.file('{"before":true}\n', 'dead');
    const shipment = await ship({ input, targets: targetsOf([url], 'lines'), window: 1, deadLetter });
    await close();
    expect(shipment).to.deep.include({ read: 6, delivered: 2, dropped: 4, reasons: { rejected: 4 } });
    const name = target?.name ?? '';
    const error = `${name} answered 400 Bad Request: not this one`;
    const rest = { reason: 'rejected', error, attempts: 1, failures: [{ connection: name, error }] };
    expect(await lettersIn(deadLetter)).to.deep.equal([
      { before: true },
      { line: 2, event: 'b"ad\r', ...rest },
      { line: 4, base64: Buffer.from('b\xe9', 'latin1').toString('base64'), ...rest },
      { line: 5, event: '', ...rest },
      { line: 6, event: 'end', ...rest },
    ]);
  });

  it('should have every failure of an event that had no attempts left', async () => {
    const { url, close } = await endpoint(() => ({ status: 429, headers: { 'retry-after': '0' } }));
    const deadLetter = scratch.path('dead');
    const shipment = await ship({
      events: 1,
      targets: targetsOf([url], 'lines'),
      maxAttempts: 3,
      deadLetter,
    });
    await close();
    expect(shipment).to.deep.include({ dropped: 1, reasons: { attempts: 1 }, retried: 2 });
    const [letter] = (await lettersIn(deadLetter)) as { failures: unknown[] }[];
    expect(letter).to.include({ line: 1, reason: 'attempts', attempts: 3 });
    expect(letter?.failures).to.have.length(3);
  });

  it('should be written before the event counts as dropped', async () => {
    const { url, close } = await endpoint(() => 400);
    const deadLetter = scratch.path('dead');
    const seen: [dropped: number, written: number][] = [];
    await ship({
      events: 50,
      targets: targetsOf([url], 'lines'),
      window: 1,
      deadLetter,
      display: {
        notice: () => undefined,
        begin: (progress) => {
          const settled = progress.settled.bind(progress);
          progress.settled = (outcome) => {
            const written = readFileSync(deadLetter, 'utf8').split('\n').length - 1;
            settled(outcome);
            seen.push([progress.dropped, written]);
          };
        },
        end: () => undefined,
      },
    });
    await close();
    expect(seen.slice(-1)).to.deep.equal([[50, 50]]);
    expect(seen).to.have.length(50);
    expect(seen.every(([dropped, written]) => written === dropped)).to.be.true;
  });

  it('should be refused at the start when it cannot be written', () => {
    expect(() => new DeadLetters(scratch.folder())).to.throw(
      FileError,
      `cannot write ${scratch.folder()}: it is a folder`,
    );
    expect(() => new DeadLetters('/nowhere/at/all')).to.throw(FileError, 'ENOENT');
  });

  it('should be no pipe, which could be waited for without end', () => {
    const pipe = scratch.path('pipe');
    execFileSync('mkfifo', [pipe]);
    expect(() => new DeadLetters(pipe)).to.throw(FileError, `cannot write ${pipe}: it is neither a file nor`);
  });

  it('should not be the input, which would feed itself', async () => {
    const { url, posts, close } = await endpoint(() => 400);
    const input = await scratch.file('a\n');
    await link(input, scratch.path('other name'));
    for (const deadLetter of [input, scratch.path('other name')]) {
      const { code, out, err } = await run('ship', [input, '--to', url, '--dead-letter', deadLetter]);
      const expected = { code: 2, out: '', err: `ship: cannot write ${deadLetter}: it is the input\n` };
      expect({ code, out, err }).to.deep.equal(expected);
    }
    const args = ['--to', url, '--dead-letter', input];
    const { code } = await run('ship', args, { script: `"$@" < ${input}` });
    await close();
    expect(code).to.equal(2);
    expect(posts).to.deep.equal([]);
    expect(await readFile(input, 'utf8')).to.equal('a\n');
  });

  it('should close the shipping when it can no longer be written, and count what is dropped', async () => {
    const { url, close } = await endpoint(() => 400);
    // Every write to it fails: there is no space left on this device.
    const args = ['--to', url, '--dead-letter', '/dev/full', '--window', '4', '--json', '--quiet'];
    const { code, out, err } = await run('ship', args, { input: 'a\n'.repeat(1_000) });
    await close();
    expect(err).to.match(/^ship: cannot write \/dev\/full: ENOSPC[^\n]* \(of line \d\)\n$/);
    const { read, delivered, dropped, reasons, error } = JSON.parse(out) as Shipment;
    expect(read).to.be.within(1, 20);
    expect({ delivered, dropped }).to.deep.equal({ delivered: 0, dropped: read });
    expect((reasons.rejected ?? 0) + (reasons.closed ?? 0)).to.equal(read);
    expect(error).to.equal(err.trim().slice('ship: '.length));
    expect(code).to.equal(1);
  });

  it('should close the shipping, though more input could come', async () => {
    const { url, close } = await endpoint(() => 400);
    const shipper = start('ship', ['--to', url, '--dead-letter', '/dev/full', '--json', '--quiet']);
    shipper.child.stdin.write('a\n');
    const { code, out, err } = await shipper.end();
    await close();
    expect(JSON.parse(out)).to.include({ read: 1, dropped: 1, error: err.trim().slice('ship: '.length) });
    expect(code).to.equal(1);
  });

  const droppedOf = (bytes: Buffer) =>
    ({
      status: 'dropped',
      event: { n: 0, bytes },
      reason: 'closed',
      error: 1,
      attempts: 0,
      failures: [],
    }) as const;

  it('should say what it could not write', async () => {
    const file = await scratch.file('', 'dead');
    const letters = new DeadLetters(file);
    letters.close();
    expect(() => {
      letters.write(droppedOf(Buffer.from('a\n')));
    }).to.throw(DeadLetterError, `cannot write ${file}: EBADF`);
  });

  it('should have binary content as base64, and say what is too long for that', async () => {
    const file = await scratch.file('', 'dead');
    const letters = new DeadLetters(file);
    letters.write(droppedOf(Buffer.alloc(100_000_000)));
    const { size } = await stat(file);
    expect(size).to.be.within(133_333_336, 133_334_000);
    expect(() => {
      letters.write(droppedOf(Buffer.alloc(2 ** 29)));
    }).to.throw(DeadLetterError, /^cannot write [^\n]+ \(of line 1\)$/);
    expect((await stat(file)).size).to.equal(size);
    letters.write(droppedOf(Buffer.from('\u001b[32mgreen\u001b[0m\n')));
    letters.close();
    expect((await readFile(file)).subarray(size).toString()).to.include(
      '"event":"\\u001b[32mgreen\\u001b[0m"',
    );
  });

  it('should not go on with a line that somebody has begun', async () => {
    const file = await scratch.file('{"torn":', 'dead');
    const letters = new DeadLetters(file);
    letters.write(droppedOf(Buffer.from('a\n')));
    letters.write(droppedOf(Buffer.from('b\n')));
    letters.close();
    const lines = (await readFile(file, 'utf8')).split('\n');
    expect(lines).to.have.length(4);
    expect(lines[0]).to.equal('{"torn":');
    expect(lines.slice(1, 3).map((line) => (JSON.parse(line) as { event: string }).event)).to.deep.equal([
      'a',
      'b',
    ]);
  });

  it('should keep no half of a line that could not be written', async () => {
    const { url, close } = await endpoint(() => 400);
    const deadLetter = await scratch.file('{"before":true}\n', 'dead');
    // A file may have 1024 bytes at most: the first line has room, and of the second only a part.
    const input = `a\n${'b'.repeat(2_000)}\n`;
    const { code, err } = await run('ship', ['--to', url, '--dead-letter', deadLetter, '--window', '1'], {
      input,
      script: 'ulimit -f 1; "$@"',
    });
    await close();
    expect(err).to.match(/cannot write \S+: EFBIG[^\n]* \(of line 2\)\n$/);
    expect(code).to.equal(1);
    const letters = await lettersIn(deadLetter);
    expect(letters).to.have.length(2);
    expect(letters[1]).to.include({ line: 1, event: 'a' });
  });
});
