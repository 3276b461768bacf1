/** The shipper's file of dead letters. */
import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { DeadLetterError, DeadLetters } from '../../examples/ship/deadLetters.js';
import { ship } from '../../examples/ship/ship.js';
import { InputError } from '../../examples/ship/source.js';
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
      InputError,
      `cannot write ${scratch.folder()}: EISDIR`,
    );
    expect(() => new DeadLetters('/nowhere/at/all')).to.throw(InputError, 'ENOENT');
  });

  it('should end the shipping when it can no longer be written', async () => {
    const { url, close } = await endpoint(() => 400);
    // Every write to it fails: there is no space left on this device.
    const { code, out, err } = await run(
      'ship',
      ['--to', url, '--dead-letter', '/dev/full', '--window', '1'],
      {
        input: 'a\n'.repeat(1_000),
      },
    );
    await close();
    expect(err.split('\n').at(-2)).to.match(/^ship: cannot write \/dev\/full: ENOSPC/);
    expect(out).to.match(/^read +\d+\ndelivered +0\nretried +0\ndropped +0\n/);
    expect(code).to.equal(1);
  });

  it('should end the shipping, though more input could come', async () => {
    const { url, close } = await endpoint(() => 400);
    const shipper = start('ship', ['--to', url, '--dead-letter', '/dev/full', '--json', '--quiet']);
    shipper.child.stdin.write('a\n');
    const { code, out, err } = await shipper.end();
    await close();
    expect(JSON.parse(out)).to.include({ dropped: 0, error: err.trim().slice('ship: '.length) });
    expect(code).to.equal(1);
  });

  it('should say what it could not write', async () => {
    const file = scratch.path('dead');
    await writeFile(file, '');
    const letters = new DeadLetters(file);
    letters.close();
    const event = { n: 0, bytes: Buffer.from('a\n') };
    const dropped = {
      status: 'dropped',
      event,
      reason: 'closed',
      error: 1,
      attempts: 0,
      failures: [],
    } as const;
    expect(() => {
      letters.write(dropped);
    }).to.throw(DeadLetterError, `cannot write ${file}: EBADF`);
  });
});
