/** The shipper, with real sockets, real processes and a real file. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { appendFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, extname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { accessLog } from '../../examples/ship/accessLog.js';
import { CollectorProcess } from '../../examples/ship/collectorProcess.js';
import { httpConnection } from '../../examples/ship/httpConnection.js';
import { Ledger } from '../../examples/ship/ledger.js';
import { linesOf } from '../../examples/ship/lines.js';
import { recordOf, recordsIn, type LogEvent } from '../../examples/ship/record.js';
import { ship } from '../../examples/ship/ship.js';
import { RejectedError, TemporaryError } from '../../src/index.js';
import { quietEnvironment } from '../package/packed.js';

/** Somebody else's text, 15,000 lines of it, installed with the compiler. */
const realFile = createRequire(import.meta.url).resolve('typescript/lib/lib.webworker.d.ts');

/** `.js` when this is compiled, `.ts` under tsx. */
const program = fileURLToPath(new URL(`../../examples/ship${extname(import.meta.url)}`, import.meta.url));

/** A line of progress: time, three times state, in flight and taken, and the totals. */
const row = /^ *\d+ s( \| [a-z]+ +\d+ +\d+){3} \| +\d+ +\d+ +\d+ +\d+$/;

describe('the shipper', function () {
  this.timeout(120_000);
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ship-spec-'));
  });

  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  /** Starts the command, in a process group of its own; its temporary files are in the folder. */
  const start = (args: readonly string[]) => {
    const child = spawn(process.execPath, [...process.execArgv, program, ...args], {
      detached: true,
      env: { ...quietEnvironment, TMPDIR: folder },
    });
    const texts = { out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.err += text));
    const closed = once(child, 'close') as Promise<[number | null]>;
    return {
      child,
      pid: child.pid ?? NaN,
      out: () => texts.out,
      /** Waits for a line. */
      printed: async (line: RegExp): Promise<void> => {
        while (!texts.out.split('\n').some((text) => line.test(text))) {
          expect(child.exitCode, texts.err).to.equal(null);
          await sleep(50);
        }
      },
      end: async () => {
        const [code] = await closed;
        return { code, ...texts };
      },
    };
  };

  /** Runs the command to its end. */
  const run = (args: readonly string[], input = '') => {
    const { child, end } = start(args);
    child.stdin.end(input);
    return end();
  };

  /** Writes a file. */
  const fileOf = async (content: string | Buffer): Promise<string> => {
    const file = join(folder, 'input');
    await writeFile(file, content);
    return file;
  };

  /** Ships a file, and puts together again what the collectors have. */
  const shipAndRebuild = async (input: string, print?: (text: string) => void) => {
    const shipment = await ship({ input, outage: 200, keep: true, print });
    try {
      const arrived = new Map<number, Buffer>();
      for (const file of shipment.files) {
        for await (const { event } of recordsIn(file)) {
          arrived.set(event.n, Buffer.from(event.bytes));
        }
      }
      const inOrder = [...arrived].sort(([a], [b]) => a - b);
      return { shipment, rebuilt: Buffer.concat(inOrder.map(([, bytes]) => bytes)) };
    } finally {
      await rm(dirname(shipment.files[0] ?? folder), { recursive: true });
    }
  };

  describe('with a file', () => {
    it('should ship a real one byte for byte through a collector that is killed and started again', async () => {
      const printed: string[] = [];
      const content = await readFile(realFile);
      const lines = content.toString('latin1').split('\n').length - 1;
      expect(lines).to.be.at.least(10_000);

      const { shipment, rebuilt } = await shipAndRebuild(realFile, (text) => printed.push(text));

      const { sent, delivered, arrived, lost, dropped, foreign, restarts } = shipment;
      expect({ sent, delivered, arrived, lost, dropped, foreign, restarts }).to.deep.equal({
        sent: lines,
        delivered: lines,
        arrived: lines,
        lost: 0,
        dropped: 0,
        foreign: 0,
        restarts: 1,
      });
      expect(rebuilt.equals(content)).to.be.true;
      const rows = printed.filter((text) => row.test(text));
      expect(rows, printed.join('\n')).to.have.length.at.least(2);
      expect(rows.at(-1)).to.match(new RegExp(` \\| +${lines} +0 +0 +\\d+$`));
      expect(printed.indexOf('collector-1: killed (SIGKILL)')).to.be.within(
        0,
        printed.indexOf('collector-1: started again'),
      );
    });

    it('should keep empty lines, carriage returns, odd bytes, and an end without a line break', async () => {
      const content = Buffer.concat([
        Buffer.from('\n\na\r\n\r\r\n\u2028 \u00e9 \u{1f69a}\n5 5 12345\n\0\n'),
        Buffer.from([0xff, 0xc3, 0x0a, 0xef, 0xbb, 0xbf, 0x0a]),
        Buffer.from('equal\nequal\nno end'),
      ]);
      const { shipment, rebuilt } = await shipAndRebuild(await fileOf(content));
      expect(rebuilt.toString('latin1')).to.equal(content.toString('latin1'));
      expect(shipment.sent).to.equal(12);
      expect(shipment.lost).to.equal(0);
    });

    it('should ship nothing of an empty one', async () => {
      const { sent, arrived, lost } = await ship({ input: await fileOf('') });
      expect({ sent, arrived, lost }).to.deep.equal({ sent: 0, arrived: 0, lost: 0 });
    });

    it("should remove the collectors' files unless they are to be kept", async () => {
      const { files } = await ship({ input: await fileOf('a\nb\n') });
      expect(files).to.have.length(3);
      for (const file of files) {
        const left = await stat(dirname(file)).catch((error: unknown) => error);
        expect(left).to.have.property('code', 'ENOENT');
      }
    });
  });

  describe('as a command', () => {
    it('should print its help', async () => {
      const { code, out, err } = await run(['--help']);
      expect({ code, err }).to.deep.equal({ code: 0, err: '' });
      expect(out).to.match(/^Ships lines .*\n\nUsage: ship \[options\] \[FILE\|-\]\n/);
    });

    for (const [flaw, args, named] of [
      ['an unknown flag', ['--fast'], '--fast'],
      ['a number that is none', ['--events', 'many'], '--events'],
      ['a number that looks like a flag', ['--events', '-5'], '--events'],
      ['a window of nothing', ['--window', '0'], '--window'],
      ['two files', ['a', 'b'], 'FILE'],
      ['a file and made-up events', ['--events', '5', 'a'], 'FILE'],
      ['a file that is not there', ['/nowhere/at/all'], '/nowhere/at/all'],
      ['a folder', [tmpdir()], tmpdir()],
    ] as const) {
      it(`should end with 2 and one clear line for ${flaw}`, async () => {
        const { code, out, err } = await run(args);
        expect({ code, out }).to.deep.equal({ code: 2, out: '' });
        expect(err).to.match(/^ship: [^\n]{10,}\n$/);
        expect(err).to.include(named);
      });
    }

    it('should ship standard input', async () => {
      const { code, out, err } = await run(['-'], 'first\nsecond\nthird');
      expect({ code, err }).to.deep.equal({ code: 0, err: '' });
      expect(out).to.match(/\nsent +3\narrived +3\nduplicated +0\nlost +0\n$/);
    });

    it('should print the result only, when it is to be quiet', async () => {
      const { code, out } = await run(['--quiet', '--events', '10']);
      expect(code).to.equal(0);
      expect(out).to.match(/^sent +10\narrived +10\nduplicated +\d+\nlost +0\n$/);
    });

    it('should end with 130 after Ctrl-C, when all that it had read has arrived', async () => {
      const shipper = start(['--events', '1000000']);
      await shipper.printed(row);
      // Ctrl-C goes to the whole group: were the collectors in it, what is in flight would be lost.
      process.kill(-shipper.pid, 'SIGINT');
      const { code, out, err } = await shipper.end();
      const [, sent, arrived] = /\nsent +(\d+)\narrived +(\d+)\nduplicated +\d+\nlost +0\n$/.exec(out) ?? [];
      expect(Number(sent), out).to.be.within(1, 999_999);
      expect(arrived).to.equal(sent);
      expect({ code, err }).to.deep.equal({ code: 130, err: '' });
      await expectGone(collectorsIn(out));
      const left = await readdir(folder);
      expect(left.filter((name) => name.startsWith('ship-'))).to.deep.equal([]);
    });

    it('should wait for no more input after Ctrl-C', async () => {
      const shipper = start(['-']);
      shipper.child.stdin.write('first\nsecond\nwithout an end');
      await shipper.printed(row);
      shipper.child.kill('SIGINT');
      const { code, out } = await shipper.end();
      expect(out).to.match(/\nsent +2\narrived +2\nduplicated +0\nlost +0\n$/);
      expect(code).to.equal(130);
    });

    it('should end with 1 when it is stopped and the collectors take nothing more', async () => {
      const shipper = start(['--events', '1000000']);
      await shipper.printed(row);
      const collectors = collectorsIn(shipper.out());
      for (const { pid } of collectors) {
        process.kill(pid, 'SIGSTOP');
      }
      await sleep(100);
      shipper.child.kill('SIGINT');
      const { code, out } = await shipper.end();
      expect(out).to.match(/\nlost +[1-9]\d*\ndropped +[1-9]\d*\n$/);
      expect(code).to.equal(1);
      await expectGone(collectors);
    });

    it('should leave no collector behind when it is killed itself', async () => {
      const shipper = start(['--events', '1000000']);
      await shipper.printed(row);
      const ended = once(shipper.child, 'exit');
      shipper.child.kill('SIGKILL');
      await ended;
      await expectGone(collectorsIn(shipper.out()));
    });
  });

  describe('its collector', () => {
    let collector: CollectorProcess;

    beforeEach(() => {
      collector = new CollectorProcess('collector', folder);
    });

    afterEach(async () => {
      await collector.kill();
    });

    const post = async (path: string, body: string | Buffer): Promise<number> => {
      const response = await fetch(`${collector.url}${path}`, { method: 'POST', body });
      await response.text();
      return response.status;
    };

    it('should have an event in its file before it answers', async () => {
      await collector.start();
      expect(await post('/events', recordOf(eventOf(0, 'a\n')))).to.equal(204);
      expect(await readFile(collector.file, 'utf8')).to.equal('0 2 a\n');
    });

    it('should come back on the same port with the same file, without the torn end of a crash', async () => {
      await collector.start();
      const { url } = collector;
      await post('/events', recordOf(eventOf(0, 'a\n')));
      await collector.kill();
      await appendFile(collector.file, '1 20 torn\n');
      await collector.start();
      expect(collector.url).to.equal(url);
      await post('/events', recordOf(eventOf(2, 'c\n')));
      expect(await readFile(collector.file, 'utf8')).to.equal('0 2 a\n2 2 c\n');
    });

    it('should take nothing but one whole record', async () => {
      await collector.start();
      for (const body of ['', 'a\n', '0 2 a', '0 2 a\nmore', '0 2 a\n1 2 b\n']) {
        expect(await post('/events', body), body).to.equal(400);
      }
      expect(await post('/elsewhere', recordOf(eventOf(0, 'a\n')))).to.equal(404);
      expect(await readFile(collector.file, 'utf8')).to.equal('');
    });
  });

  describe('its ledger', () => {
    it('should tell what is lost, duplicated or foreign, and take no torn record for an arrival', async () => {
      const ledger = new Ledger();
      const sent: LogEvent[] = [];
      for await (const event of ledger.enter(
        ['a\n', 'a\n', 'c\n', 'd\n', 'e\n'].map((text) => Buffer.from(text)),
      )) {
        sent.push(event);
      }
      expect(sent.map(({ n }) => n)).to.deep.equal([0, 1, 2, 3, 4]);
      const files = [join(folder, 'one'), join(folder, 'two')];
      await writeFile(files[0] ?? '', '0 2 a\n2 2 c\n2 2 c\n3 2 x\n');
      await writeFile(files[1] ?? '', '2 2 c\n1 2 a\n7 2 a\n4 2 e');
      expect(await ledger.reconcile(files)).to.deep.equal({
        sent: 5,
        arrived: 3,
        duplicated: 2,
        foreign: 2,
        lost: 2,
      });
    });
  });

  describe('its reader', () => {
    const linesIn = async (chunks: string[]): Promise<string[]> => {
      const lines: string[] = [];
      for await (const line of linesOf(streamOf(chunks))) {
        lines.push(line.toString());
      }
      return lines;
    };

    it('should find the same lines, however the bytes are cut', async () => {
      const text = 'ab\n\n\r\nc';
      const expected = ['ab\n', '\n', '\r\n', 'c'];
      expect(await linesIn([text])).to.deep.equal(expected);
      expect(await linesIn(text.split(/(?=[^])/))).to.deep.equal(expected);
      for (let at = 0; at <= text.length; at++) {
        expect(await linesIn([text.slice(0, at), text.slice(at)]), String(at)).to.deep.equal(expected);
      }
    });

    it('should ask for no more than it is asked for', async () => {
      let asked = 0;
      const chunks = (async function* () {
        for (const chunk of ['a\nb\n', 'c\n']) {
          asked++;
          yield await Promise.resolve(Buffer.from(chunk));
        }
      })();
      const lines = linesOf(chunks);
      await lines.next();
      await lines.next();
      expect(asked).to.equal(1);
      await lines.next();
      expect(asked).to.equal(2);
    });
  });

  describe('its made-up events', () => {
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

  describe('its connection', () => {
    let server: Server;
    let url: string;
    let status: number;
    let headers: Record<string, string>;

    beforeEach(async () => {
      status = 204;
      headers = {};
      server = createServer((request, response) => {
        request.resume();
        response.writeHead(request.url === '/health' && status !== 599 ? 204 : status, headers).end();
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    });

    afterEach(async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    });

    /** The error of one send, or nothing. */
    const sendTo = async (code: number, more: Record<string, string> = {}): Promise<unknown> => {
      const target = httpConnection('target', url, 1);
      const open = await openOf(target.state$);
      status = code;
      headers = more;
      const { signal } = new AbortController();
      const answer$ = from(target.send(eventOf(0, 'a'), { attempt: 1, signal }));
      const error = await lastValueFrom(answer$, { defaultValue: undefined }).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      open.close();
      return error;
    };

    it('should tell a full place, a bad event and a broken place from each other', async () => {
      expect(await sendTo(204)).to.equal(undefined);
      expect(await sendTo(429, { 'Retry-After': '2' }))
        .to.be.instanceOf(TemporaryError)
        .with.property('retryAfter', 2_000);
      expect(await sendTo(503))
        .to.be.instanceOf(TemporaryError)
        .with.property('retryAfter', undefined);
      expect(await sendTo(503, { 'Retry-After': new Date(Date.now() + 60_000).toUTCString() }))
        .to.be.instanceOf(TemporaryError)
        .with.property('retryAfter')
        .that.is.within(50_000, 60_000);
      expect(await sendTo(400)).to.be.instanceOf(RejectedError);
      expect(await sendTo(500))
        .to.be.instanceOf(Error)
        .and.not.instanceOf(TemporaryError)
        .and.not.instanceOf(RejectedError);
    });

    it('should break without any traffic when its place is no longer well', async () => {
      const open = await openOf(httpConnection('target', url, 1).state$);
      status = 599;
      const error = await open.broken;
      expect(error).to.be.instanceOf(Error).with.property('message').that.includes('599');
    });

    it('should not come up when nobody listens', async () => {
      const nowhere = httpConnection('nowhere', 'http://127.0.0.1:1', 1);
      const error = await openOf(nowhere.state$).catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(Error);
    });
  });
});

/** An event. */
function eventOf(n: number, text: string): LogEvent {
  return { n, bytes: Buffer.from(text) };
}

/** A stream of bytes, cut like this. */
async function* streamOf(chunks: readonly string[]): AsyncGenerator<Buffer> {
  for (const chunk of chunks) {
    yield await Promise.resolve(Buffer.from(chunk));
  }
}

/** The collectors that a shipper has said it started. */
function collectorsIn(out: string): { url: string; pid: number }[] {
  const found = [...out.matchAll(/^collector-\d: (http:\S+), process (\d+)$/gm)];
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

/** Opens a connection; resolves when it is up, rejects when it breaks before. */
async function openOf(state$: Observable<string>): Promise<{ broken: Promise<unknown>; close: () => void }> {
  return new Promise((resolve, reject) => {
    let isBroken: (error: unknown) => void;
    const broken = new Promise<unknown>((settle) => {
      isBroken = settle;
    });
    const subscription = state$.subscribe({
      next: (state) => {
        if (state === 'up') {
          resolve({
            broken,
            close: () => {
              subscription.unsubscribe();
            },
          });
        }
      },
      error: (error: unknown) => {
        isBroken(error);
        reject(error instanceof Error ? error : new Error(String(error)));
      },
    });
  });
}
