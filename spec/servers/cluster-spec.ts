/** The cluster against a real nats-server: the program as a child, with everything that it starts. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { expect } from 'chai';
import { Events } from '../../examples/cluster/events.js';
import type { ClusterLedger } from '../../examples/cluster/ledger.js';
import { JetStreamServer } from '../../examples/cluster/server.js';
import { makeStreams } from '../../examples/cluster/streams.js';
import { WorkerProcess } from '../../examples/cluster/workerProcess.js';
import { scratchFolder } from '../examples/scratch.js';
import { until } from '../until.js';
import { freePort } from '../../examples/ship/freePort.js';
import { natsProgram } from './natsServer.js';

const program = fileURLToPath(new URL(`../../examples/cluster${extname(import.meta.url)}`, import.meta.url));

describe('the cluster on nats-server', function () {
  this.timeout(120_000);
  /** Where it puts its folder. */
  const scratch = scratchFolder();
  let running: Running | undefined;

  before(() => {
    natsProgram();
  });

  afterEach(async () => {
    await running?.end();
    running = undefined;
  });

  const start = (args: readonly string[], environment: Readonly<Record<string, string>> = {}): Running =>
    (running = new Running(args, { TMPDIR: scratch.folder(), ...environment }));
  const leftovers = (): string[] =>
    readdirSync(scratch.folder()).filter((name) => name.startsWith('cluster-'));

  it('should lose nothing, whoever is killed', async () => {
    const [count, seed, poison] = [5_000, 3, 0.002];
    const { code, out, err } = await start(
      `--events ${count} --seed ${seed} --poison ${poison} --quick --json`.split(' '),
    ).ended();
    expect(code, err).to.equal(0);
    const ledger = JSON.parse(out) as ClusterLedger;
    const events = new Events({ count, seed, poison });
    const spoilt = Array.from({ length: count }, (_, n) => n).filter((n) => events.isPoison(n)).length;
    expect(spoilt).to.be.above(0);
    expect(ledger).to.include({
      ok: true,
      published: count,
      stored: count,
      delivered: count - spoilt,
      deadLetters: spoilt,
      lost: 0,
      both: 0,
      unknown: 0,
    });
    // Each copy is in a file, or is a dead letter that was published twice.
    const records = ledger.collectors.reduce((sum, collector) => sum + collector.records, 0);
    expect(records).to.be.within(ledger.delivered, ledger.delivered + ledger.duplicates);
    expect(ledger.phases.map(({ workers, shares }) => [workers, shares.length])).to.deep.equal([
      [1, 1],
      [2, 2],
      [4, 4],
    ]);
    for (const { shares } of ledger.phases) {
      expect(shares.reduce((sum, { share }) => sum + share, 0)).to.be.closeTo(1, 1e-9);
    }
    // They say how far they are twenty times a second: what is missing is what a killed one had not said.
    const said = ledger.phases.flatMap(({ shares }) => shares.map(({ delivered }) => delivered));
    expect(said.reduce((sum, delivered) => sum + delivered, 0)).to.be.above(count / 2);
    expect(ledger.phases.map(({ kills }) => kills.server)).to.deep.equal([0, 0, 1]);
    for (const words of [
      /^phase 1 of 3, 1 worker: calm$/m,
      /^phase 3 of 3, 4 workers: storm$/m,
      /^worker-\d: killed \(SIGKILL\)$/m,
      /^worker-\d: another one in its place$/m,
      /^collector-\d: killed \(SIGKILL\)$/m,
      /^collector-\d: started again$/m,
      /^nats-server: stopped \(SIGTERM\)$/m,
      /^nats-server: started again$/m,
      /^ +0:\d\d \| [\d,]+ of 5,000 published \| .*settled/m,
    ]) {
      expect(err).to.match(words);
    }
    expect(leftovers()).to.deep.equal([]);
  });

  for (const [when, words] of [
    ['at the beginning', /publishing ahead/],
    ['while it kills', /killed \(SIGKILL\)/],
  ] as const) {
    it(`should leave nothing behind when it is interrupted ${when}`, async () => {
      const cluster = start(['--events', '5000', '--quick', '--json']);
      await cluster.wrote(words);
      const children = cluster.children();
      expect(children.length).to.be.above(2);
      expect(leftovers()).to.have.length(1);
      cluster.kill('SIGINT');
      const { code, out } = await cluster.ended();
      expect({ code, out }).to.deep.equal({ code: 130, out: '' });
      await until('its children are gone', () => children.every((pid) => !isThere(pid)));
      expect(leftovers()).to.deep.equal([]);
    });
  }

  it('should balance its books, and fail, when a worker ends by itself', async () => {
    // All of the calm part is still on its way.
    const cluster = start('--events 5000 --quick --latency 5000 --json'.split(' '));
    await cluster.wrote(/publishing ahead/);
    const worker = await cluster.pidOf('worker');
    await cluster.wrote(/calm/);
    process.kill(worker, 'SIGTERM');
    const { code, out } = await cluster.ended();
    expect(code).to.equal(1);
    const ledger = JSON.parse(out) as ClusterLedger;
    expect(ledger).to.include({ ok: false, unknown: 0, both: 0 });
    expect(ledger.problem).to.match(/^worker-1 has ended by itself/);
    expect(ledger.published).to.be.above(0);
    expect(ledger.delivered + ledger.deadLetters + ledger.lost).to.equal(ledger.published);
    expect(leftovers()).to.deep.equal([]);
  });

  it('should have workers that hear one order right behind another', async () => {
    const server = new JetStreamServer(natsProgram(), scratch.folder(), await freePort());
    const worker = new WorkerProcess(
      {
        name: 'worker-1',
        server: server.url,
        collectors: [{ name: 'nobody', url: `http://127.0.0.1:${await freePort()}` }],
        batch: 1,
        window: 1,
        latency: 0,
      },
      () => undefined,
      () => undefined,
    );
    try {
      await server.start();
      const nats = await connect({ servers: server.url });
      await makeStreams(await jetstreamManager(nats), 2_000);
      await nats.close();
      await worker.start();
      // Both orders are there when it looks again.
      const { pid = NaN } = worker;
      process.kill(pid, 'SIGSTOP');
      worker.begin();
      const drained = worker.drain();
      process.kill(pid, 'SIGCONT');
      await drained;
    } finally {
      await Promise.all([worker.kill(), server.stop()]);
    }
  });

  it('should say how to install nats-server when it is missing', async () => {
    const { code, out, err } = await start([], { NATS_SERVER: '/nowhere' }).ended();
    expect({ code, out }).to.deep.equal({ code: 2, out: '' });
    expect(err).to.match(/^cluster: nats-server is missing[^\n]*apt-get install nats-server[^\n]*\n$/);
    expect(leftovers()).to.deep.equal([]);
  });

  for (const [why, file] of [
    ['is another program', () => process.execPath],
    ['is no program', () => scratch.file('', 'nats-server')],
  ] as const) {
    it(`should say on one line that nats-server does not start, because it ${why}`, async () => {
      const { code, out, err } = await start([], { NATS_SERVER: await file() }).ended();
      expect({ code, out }).to.deep.equal({ code: 1, out: '' });
      expect(err).to.match(/^cluster: nats-server does not start[^\n]*\n$/);
      expect(leftovers()).to.deep.equal([]);
    });
  }

  for (const args of [['--events', 'many'], ['--nonsense'], ['word']]) {
    it(`should refuse ${args.join(' ')} on one line`, async () => {
      const { code, out, err } = await start(args).ended();
      expect({ code, out }).to.deep.equal({ code: 2, out: '' });
      expect(err).to.match(/^cluster: [^\n]{10,}\n$/);
    });
  }

  it('should print its help', async () => {
    const { code, out, err } = await start(['--help']).ended();
    expect({ code, err }).to.deep.equal({ code: 0, err: '' });
    expect(out).to.match(/^Usage: npm run cluster/m);
  });
});

/** The program at work. */
class Running {
  private readonly texts = { out: '', err: '' };
  private readonly child;
  private readonly closed: Promise<[number | null]>;

  constructor(args: readonly string[], environment: Readonly<Record<string, string>>) {
    this.child = spawn(process.execPath, [...process.execArgv, program, ...args], {
      env: { ...process.env, NODE_V8_COVERAGE: undefined, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => (this.texts.out += text));
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => (this.texts.err += text));
    this.closed = once(this.child, 'close') as Promise<[number | null]>;
  }

  /** Waits until its progress matches. */
  async wrote(words: RegExp): Promise<void> {
    await until(`it writes ${words.source}`, () => words.test(this.texts.err), 60_000);
  }

  /** The processes that it has started. */
  children(): number[] {
    return this.family().map(({ pid }) => pid);
  }

  /** One of them, once it is there. */
  async pidOf(kind: 'worker'): Promise<number> {
    const find = (): number | undefined =>
      this.family().find(({ command }) => new RegExp(`cluster/${kind}\\.[jt]s `).test(command))?.pid;
    await until(`there is a ${kind}`, () => find() !== undefined);
    return find() ?? NaN;
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async ended(): Promise<{ code: number | null; out: string; err: string }> {
    const [code] = await this.closed;
    return { code, ...this.texts };
  }

  /** Whatever a spec has left of it. */
  async end(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill('SIGTERM');
      const impatience = setTimeout(() => this.child.kill('SIGKILL'), 10_000);
      await this.closed;
      clearTimeout(impatience);
    }
  }

  private family(): Process[] {
    return processes().filter(({ parent }) => parent === this.child.pid);
  }
}

/** A process of this machine. */
interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** Not every machine has `ps`, and not every one `/proc`. */
function processes(): Process[] {
  if (!existsSync('/proc/self/stat')) {
    return execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' })
      .split('\n')
      .map((line) => /^ *(\d+) +(\d+) (.*)$/.exec(line) ?? [])
      .map(([, pid, parent, command = '']) => ({ pid: Number(pid), parent: Number(parent), command }));
  }
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
        // A program's name may have anything in it.
        const [, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return { pid: Number(name), parent: Number(parent), command };
      } catch {
        // It has ended.
        return [];
      }
    });
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
