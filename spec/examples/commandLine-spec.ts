/** The shipper's command line: what it means, and what it says when it means nothing. */
import { tmpdir } from 'node:os';
import { expect } from 'chai';
import { commandFrom } from '../../examples/ship/commandLine.js';
import { endpoint } from './endpoint.js';
import { run, start } from './program.js';
import { scratchFolder } from './scratch.js';

describe("the shipper's command line", function () {
  this.timeout(60_000);
  const scratch = scratchFolder();

  const optionsOf = (...args: string[]) => commandFrom(args)?.options;

  describe('what it means', () => {
    it('should be a show with collectors of its own, without anything', () => {
      expect(optionsOf()).to.include({ input: undefined, targets: undefined, events: 50_000, rate: 8_000 });
    });

    it('should leave the pace alone when there is something to ship', () => {
      expect(optionsOf('file')).to.include({ input: 'file', events: undefined, rate: undefined });
      expect(optionsOf('--events', '5')).to.include({ input: undefined, events: 5, rate: undefined });
      expect(optionsOf('--rate', '7')).to.include({ events: 50_000, rate: 7 });
    });

    it('should ship standard input to endpoints, unless there is something else', () => {
      expect(optionsOf('--to', 'http://a')?.input).to.equal('-');
      expect(optionsOf('--to', 'http://a', '-')?.input).to.equal('-');
      expect(optionsOf('--to', 'http://a', 'file')?.input).to.equal('file');
      expect(optionsOf('--to', 'http://a', '--events', '5')).to.include({ input: undefined, events: 5 });
    });

    it('should take every URL, wherever it stands, in the order of the flags first', () => {
      const options = optionsOf('http://c/x', '--to', 'http://a', 'file', 'HTTPS://d', '--to=http://b:81');
      expect(options?.input).to.equal('file');
      expect(options?.targets?.map(({ url }) => url.href)).to.deep.equal([
        'http://a/',
        'http://b:81/',
        'http://c/x',
        'https://d/',
      ]);
    });

    it('should read every number, and the rest', () => {
      const command = commandFrom(
        (
          '--to http://a --max-attempts 3 --timeout 100 --window 2 --batch 500 --rate 9 ' +
          '--format bulk --dead-letter dead --health /up?x=1 --json --quiet'
        ).split(' '),
      );
      expect(command).to.include({ json: true, quiet: true });
      expect(command?.options).to.include({
        maxAttempts: 3,
        timeout: 100,
        window: 2,
        batch: 500,
        rate: 9,
        format: 'bulk',
        deadLetter: 'dead',
        health: '/up?x=1',
      });
    });
  });

  describe('help', () => {
    it('should go to standard output, and need nothing else', async () => {
      const { code, out, err } = await run('ship', ['--help', 'a', 'b']);
      expect({ code, err }).to.deep.equal({ code: 0, err: '' });
      expect(out).to.match(/^Ships lines .*\n\nUsage: ship \[options\] \[FILE\|-\] --to URL…\n/);
    });

    it('should name every option, the exit codes and NODE_EXTRA_CA_CERTS, in lines that fit', async () => {
      const { out } = await run('ship', ['--help']);
      const flags =
        'to max-attempts timeout window batch rate format dead-letter json health events keep quiet help';
      for (const flag of flags.split(' ')) {
        expect(out).to.match(new RegExp(`^  --${flag}\\b`, 'm'));
      }
      expect(out).to.match(/Exit code: 0 .* 1 .* 2 [^]* 130 /);
      expect(out).to.include('NODE_EXTRA_CA_CERTS').and.include('milliseconds');
      expect(Math.max(...out.split('\n').map((line) => line.length))).to.be.at.most(115);
    });
  });

  describe('what is wrong with it', () => {
    for (const [flaw, args, named] of [
      ['an unknown flag', ['--fast'], '--fast'],
      ['a number that is none', ['--events', 'many'], "--events to be a whole number, 0 or more, got 'many'"],
      ['a number that looks like a flag', ['--events', '-5'], '--events'],
      ['a window of nothing', ['--window', '0'], '--window'],
      ['a batch of nothing', ['--batch', '0'], '--batch'],
      ['a rate of nothing', ['--rate', '0'], '--rate'],
      ['no attempts', ['--max-attempts', '0'], '--max-attempts'],
      ['a fraction', ['--timeout', '1.5'], '--timeout'],
      ['a time that no timer can wait', ['--timeout', '2147483648'], '--timeout'],
      ['an unknown format', ['--to', 'http://a', '--format', 'xml'], "lines, ndjson, bulk, got 'xml'"],
      ['a format without an endpoint', ['--format', 'bulk'], '--to'],
      ['a health path without an endpoint', ['--health', '/'], '--to'],
      ['a health path that is none', ['--to', 'http://a', '--health', 'up'], '--health'],
      ["a health path to another host's", ['--to', 'http://a', '--health', '//b/up'], '--health'],
      ["keeping files of somebody else's", ['--to', 'http://a', '--keep'], '--keep'],
      ['two files', ['a', 'b'], 'FILE'],
      ['an empty path', [''], 'FILE'],
      ['a file and made-up events', ['--events', '5', 'a'], 'FILE'],
      ['a URL of another scheme', ['--to', 'ftp://a/b'], "got 'ftp://a/b'"],
      ['a URL without a scheme', ['--to', 'localhost:80'], "got 'localhost:80'"],
      ['a URL without a host', ['--to', 'http://'], 'URL'],
      ['a URL without a scheme in the place of a file', ['localhost:80'], "got 'localhost:80'"],
      [
        'a URL without a scheme behind a file',
        ['--to', 'http://a', 'file', '[::1]:80/in'],
        "got '[::1]:80/in'",
      ],
      ['a URL of another scheme in the place of a file', ['ftp://a/b'], "got 'ftp://a/b'"],
    ] as const) {
      it(`should be said of ${flaw}`, () => {
        expect(() => commandFrom([...args])).to.throw(named);
      });
    }

    it('should never show what could be a user name or password', () => {
      for (const url of [
        'http://user:secret@:80',
        'http://user:secret@host:port',
        'ftp://user:secret@host',
        'user:secret@host',
        'http:/user:secret@host',
        'http://user:se@cret@ho st',
        'http://user:secret\n@ho st',
      ]) {
        for (const args of [
          ['--to', url],
          ['--to', 'http://a', '--to', url],
          ['--to', 'http://a', url],
          ['--to', 'http://a', 'file', url],
        ]) {
          expect(() => commandFrom(args), url)
            .to.throw(/URL/)
            .with.property('message')
            .that.includes('…@')
            .and.does.not.match(/user|se|cret/);
        }
      }
    });

    it('should not be said of a file that has the name of a host', async () => {
      for (const name of ['user:secret@host', 'host:80']) {
        const path = await scratch.file('a\n', name);
        expect(optionsOf('--to', 'http://a', path)?.input).to.equal(path);
        const before = process.cwd();
        process.chdir(scratch.folder());
        try {
          expect(optionsOf('--to', 'http://a', name)?.input).to.equal(name);
        } finally {
          process.chdir(before);
        }
      }
    });

    it('should be one clear line on standard error, and exit code 2', async () => {
      const { url, close } = await endpoint();
      const cases: [args: string[], named: string][] = [
        [['--fast'], '--fast'],
        [['/nowhere/at/all'], 'cannot read /nowhere/at/all: ENOENT'],
        [[tmpdir()], `cannot read ${tmpdir()}: it is a folder`],
        [['/nowhere/at/all', '--to', url], 'cannot read /nowhere/at/all: ENOENT'],
        [[tmpdir(), '--to', url], `cannot read ${tmpdir()}: it is a folder`],
        [['--to', 'http://user:secret@:80'], "'http://…@:80'"],
        [['--to', url, '--dead-letter', tmpdir()], `cannot write ${tmpdir()}: it is a folder`],
        [['--events', '1', '--dead-letter', '/nowhere/at/all'], 'cannot write /nowhere/at/all: ENOENT'],
      ];
      for (const [args, named] of cases) {
        const { code, out, err } = await run('ship', args);
        expect({ code, out }, err).to.deep.equal({ code: 2, out: '' });
        expect(err)
          .to.match(/^ship: [^\n]{10,}\n$/)
          .and.include(named);
      }
      await close();
    });
  });

  describe('where it writes', () => {
    it('should write the summary to standard output and progress to standard error', async () => {
      const { url, close } = await endpoint();
      const { code, out, err } = await run('ship', ['--to', url], { input: 'a\nb\n' });
      expect(code).to.equal(0);
      expect(out).to.match(
        /^read +2\ndelivered +2\nretried +0\ndropped +0\nbytes +4 \(4 B\)\ntime +[\d.]+ s, \d+ events\/s\n$/,
      );
      expect(err).to.match(/^ *0:\d\d \| 2 delivered, 0 waiting, 0 dropped \| .*\n$/);
      await close();
    });

    it('should write the summary as one line of JSON', async () => {
      const { url, close } = await endpoint();
      const { code, out, err } = await run('ship', ['--to', url, '--json', '--quiet'], { input: 'a\nb\n' });
      expect({ code, err }).to.deep.equal({ code: 0, err: '' });
      expect(out).to.match(/^\{.*\}\n$/);
      const { seconds, eventsPerSecond, connections, ...counts } = JSON.parse(out) as Record<string, unknown>;
      expect(counts).to.deep.equal({
        read: 2,
        delivered: 2,
        dropped: 0,
        reasons: {},
        retried: 0,
        bytes: 4,
      });
      expect(seconds).to.be.a('number');
      expect(eventsPerSecond).to.be.a('number');
      expect(connections).to.have.length(1);
      expect((connections as unknown[])[0]).to.include({ name: `${url}/`, delivered: 2, putBack: 0 });
      await close();
    });

    it('should count what has arrived in the JSON of its own collectors', async () => {
      const { out } = await run('ship', ['--events', '5', '--json', '--quiet']);
      expect(JSON.parse(out)).to.include({ read: 5, delivered: 5, arrived: 5, lost: 0, foreign: 0 });
    });

    it('should end quietly when nobody reads its summary, or its progress', async () => {
      const { url, close } = await endpoint();
      const shipper = start('ship', ['--to', url]);
      shipper.child.stdout.destroy();
      shipper.child.stdin.write('a\n');
      await shipper.wrote('err', /1 delivered/);
      shipper.child.stderr.destroy();
      shipper.child.stdin.end('b\n');
      const { code, err } = await shipper.end();
      expect(code).to.equal(0);
      expect(err).to.not.match(/EPIPE|Error/);
      await close();
    });

    it('should not be told by an endpoint where the cursor goes', async () => {
      const { url, close } = await endpoint(() => ({ status: 400, body: 'bad\u001b[2J\u0007 line' }));
      const dead = scratch.path('dead');
      const { code, err } = await run('ship', ['--to', url, '--dead-letter', dead], { input: 'a\n' });
      expect(code).to.equal(1);

      expect(err).to.not.match(/[\u0000-\u0009\u000b-\u001f]/);
      await close();
    });
  });
});
