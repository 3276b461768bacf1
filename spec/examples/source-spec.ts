/** The shipper's lines: how they are found, made up, written as records, and counted again. */
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import { accessLog } from '../../examples/ship/accessLog.js';
import { FileError } from '../../examples/ship/fileError.js';
import { Ledger } from '../../examples/ship/ledger.js';
import { eventsOf } from '../../examples/ship/lines.js';
import type { LogEvent } from '../../examples/ship/logEvent.js';
import { isRecords, recordsOf } from '../../examples/ship/record.js';
import { sourceOf } from '../../examples/ship/source.js';
import { endpoint } from './endpoint.js';
import { run, start } from './program.js';
import { scratchFolder } from './scratch.js';

const never = new AbortController().signal;

describe("the shipper's source", () => {
  const scratch = scratchFolder();

  const entering = () => {
    let n = 0;
    return (bytes: Buffer): LogEvent => ({ n: n++, bytes });
  };

  describe('its lines', () => {
    const chunksOf = async function* (texts: readonly string[]) {
      for (const text of texts) {
        yield await Promise.resolve(Buffer.from(text));
      }
    };

    const linesIn = async (chunks: string[]): Promise<string[]> => {
      const lines: string[] = [];
      for await (const { n, bytes } of eventsOf(
        () => chunksOf(chunks),
        entering(),
        never,
        () => new Error(),
      )) {
        expect(n).to.equal(lines.length);
        lines.push(bytes.toString());
      }
      return lines;
    };

    it('should be the same, however the bytes are cut', async () => {
      const text = 'ab\n\n\r\nc';
      const expected = ['ab\n', '\n', '\r\n', 'c'];
      expect(await linesIn([text])).to.deep.equal(expected);
      expect(await linesIn(text.split(/(?=[^])/))).to.deep.equal(expected);
      for (let at = 0; at <= text.length; at++) {
        expect(await linesIn([text.slice(0, at), text.slice(at)]), String(at)).to.deep.equal(expected);
      }
    });

    it('should be asked for one by one, and the next chunk when they are used up', async () => {
      let asked = 0;
      let entered = 0;
      const chunks = async function* () {
        for (const chunk of ['a\nb\n', 'c\n']) {
          asked++;
          yield await Promise.resolve(Buffer.from(chunk));
        }
      };
      const lines = eventsOf(
        chunks,
        (bytes) => ({ n: entered++, bytes }),
        never,
        () => new Error(),
      );
      expect(asked).to.equal(0);
      await lines.next();
      expect({ asked, entered }).to.deep.equal({ asked: 1, entered: 1 });
      await lines.next();
      expect({ asked, entered }).to.deep.equal({ asked: 1, entered: 2 });
      await lines.next();
      expect({ asked, entered }).to.deep.equal({ asked: 2, entered: 3 });
    });

    it('should end without an error when they are stopped, also while they wait', async () => {
      const stop = new AbortController();
      const input = new Readable({ read: () => undefined });
      input.push('a\nb\nwithout an end');
      const lines = eventsOf(
        () => input.once('error', () => undefined),
        entering(),
        stop.signal,
        () => new Error('broken'),
      );
      expect(await lines.next()).to.have.nested.property('value.n', 0);
      expect(await lines.next()).to.have.nested.property('value.n', 1);
      const next = lines.next();
      stop.abort();
      input.destroy(new Error('stopped'));
      expect(await next).to.deep.equal({ done: true, value: undefined });
    });

    it('should end in the middle of a chunk when they are stopped', async () => {
      const stop = new AbortController();
      const lines = eventsOf(
        () => chunksOf(['a\nb\nc']),
        entering(),
        stop.signal,
        () => new Error(),
      );
      await lines.next();
      stop.abort();
      expect(await lines.next()).to.deep.equal({ done: true, value: undefined });
    });

    it('should be no longer than 64 MiB', async () => {
      const mebibyte = Buffer.alloc(1024 * 1024, 'a');
      let read = 0;
      const endless = async function* (least: number, end: string) {
        yield await Promise.resolve(Buffer.from('short\n'));
        for (; read < least; read++) {
          yield mebibyte;
        }
        yield Buffer.from(end);
      };
      const lengths: number[] = [];
      const take = async (least: number, end: string): Promise<void> => {
        read = 0;
        const open = () => endless(least, end);
        for await (const { bytes } of eventsOf(open, entering(), never, (error) => error as Error)) {
          lengths.push(bytes.length);
        }
      };
      const failure = (least: number, end: string): Promise<unknown> =>
        take(least, end).catch((thrown: unknown) => thrown);
      expect(await failure(Infinity, '')).to.have.property('message', 'line 2 is longer than 64 MiB');
      expect(read).to.equal(64);
      expect(await failure(64, '\n')).to.have.property('message', 'line 2 is longer than 64 MiB');
      expect(lengths).to.deep.equal([6, 6]);
      expect(await failure(63, 'end\n')).to.equal(undefined);
      expect(lengths).to.deep.equal([6, 6, 6, 63 * mebibyte.length + 4]);
    });

    it('should end with the error of the input', async () => {
      const broken = new Readable({
        read() {
          this.destroy(new Error('EIO'));
        },
      });
      const lines = eventsOf(
        () => broken,
        entering(),
        never,
        (error) => new FileError(String(error)),
      );
      const error = await lines.next().catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(FileError).with.property('message', 'Error: EIO');
    });
  });

  it('should know the size of a file, and give its lines', async () => {
    const source = await sourceOf(await scratch.file('a\nbc'), 0);
    expect(source.size).to.deep.equal({ bytes: 4 });
    const lines: string[] = [];
    for await (const { bytes } of source.open(entering(), never)) {
      lines.push(bytes.toString());
    }
    expect(lines).to.deep.equal(['a\n', 'bc']);
  });

  it('should refuse what cannot be read, before it begins', async () => {
    for (const path of ['/nowhere/at/all', scratch.folder()]) {
      const error = await Promise.resolve(sourceOf(path, 0)).catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(FileError).with.property('message').that.includes(path);
    }
  });

  it('should wait for a pipe that nobody writes to yet, and be stopped all the same', async () => {
    const pipe = scratch.path('pipe');
    execFileSync('mkfifo', [pipe]);
    const source = await sourceOf(pipe, 0);
    expect(source).to.include({ size: undefined, file: undefined });
    const stop = new AbortController();
    const stopped = (source.open(entering(), stop.signal) as AsyncIterable<LogEvent>)[Symbol.asyncIterator]();
    const end = stopped.next();
    stop.abort();
    expect(await end).to.deep.equal({ done: true, value: undefined });

    const lines: string[] = [];
    const taking = (async () => {
      for await (const { bytes } of source.open(entering(), never)) {
        lines.push(bytes.toString());
      }
    })();
    await writeFile(pipe, 'a\n'.repeat(100_000));
    await taking;
    expect(lines).to.have.length(100_000);
  });

  it('should end when it waits for a pipe and is stopped', async function () {
    this.timeout(60_000);
    const pipe = scratch.path('pipe');
    execFileSync('mkfifo', [pipe]);
    const { url, close } = await endpoint();
    const shipper = start('ship', [pipe, '--to', url]);
    await shipper.wrote('err', /0:01 \| /);
    shipper.child.kill('SIGINT');
    const { code } = await shipper.end();
    await close();
    expect(code).to.equal(130);
  });

  it('should be no folder on standard input either', async function () {
    this.timeout(60_000);
    const { url, close } = await endpoint();
    const { code, out, err } = await run('ship', ['--to', url], { script: `"$@" < ${scratch.folder()}` });
    await close();
    expect({ code, out, err }).to.deep.equal({
      code: 2,
      out: '',
      err: 'ship: cannot read standard input: it is a folder\n',
    });
  });

  describe('its made-up events', () => {
    it('should be as many as are asked for, until they are stopped', async () => {
      const stop = new AbortController();
      const source = await sourceOf(undefined, 5);
      expect(source.size).to.deep.equal({ events: 5 });
      expect([...(source.open(entering(), never) as Iterable<LogEvent>)]).to.have.length(5);
      const stopped = [];
      for (const event of source.open(entering(), stop.signal) as Iterable<LogEvent>) {
        stopped.push(event);
        stop.abort();
      }
      expect(stopped).to.have.length(1);
    });

    it('should be log lines, each unlike any other', () => {
      const lines = [...accessLog(20_000)];
      expect(new Set(lines).size).to.equal(20_000);
      for (const line of lines) {
        expect(line).to.match(
          /^10(\.\d+){3} - - \[\d\d\/[A-Z][a-z]{2}\/2025(:\d\d){3} \+0000\] "(GET|POST) \/\S* HTTP\/1\.1" \d{3} \d+ "-" "[^"]+" \d\.\d{3} [0-9a-f]{8}-[0-9a-f]{8}\n$/,
        );
      }
    });

    it('should be the same for the same seed only', () => {
      expect([...accessLog(100, 7)]).to.deep.equal([...accessLog(100, 7)]);
      expect([...accessLog(100, 7)]).to.not.deep.equal([...accessLog(100, 8)]);
    });
  });

  describe('its ledger', () => {
    it('should tell what is lost, duplicated or foreign, and take no torn record for an arrival', async () => {
      const ledger = new Ledger();
      for (const text of ['a\n', 'a\n', 'c\n', 'd\n', 'e\n']) {
        ledger.enter(Buffer.from(text));
      }
      const files = [scratch.path('one'), scratch.path('two')];
      await writeFile(files[0] ?? '', '0 2 a\n2 2 c\n2 2 c\n3 2 x\n');
      await writeFile(files[1] ?? '', '2 2 c\n1 2 a\n7 2 a\n4 2 e');
      expect(await ledger.reconcile(files)).to.deep.equal({ arrived: 3, duplicated: 2, foreign: 2, lost: 2 });
    });
  });

  describe('its records', () => {
    it('should stand one after the other', () => {
      const records = recordsOf([
        { n: 7, bytes: Buffer.from('a\n') },
        { n: 8, bytes: Buffer.from('') },
        { n: 9, bytes: Buffer.from('b c') },
      ]);
      expect(records.toString()).to.equal('7 2 a\n8 0 9 3 b c');
      expect(isRecords(records)).to.be.true;
    });

    it('should be whole', () => {
      for (const text of [
        '',
        'a\n',
        '0 2 a',
        '0 2 a\nmore',
        '0 2 a\n1 2 b',
        '0 2 a\n1 ',
        '-1 2 a\n',
        '0  2 a\n',
      ]) {
        expect(isRecords(Buffer.from(text)), text).to.be.false;
      }
    });
  });
});
