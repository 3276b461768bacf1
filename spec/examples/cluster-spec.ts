/** The cluster: what of it needs no server. */
import { mkdir, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { Chalk } from 'chalk';
import fc from 'fast-check';
import { of, type Observable } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { useFakeTimers } from 'sinon';
import type { BatchConnection } from 'rxjs-load-balance';
import { Books, isBalanced, type Balance } from '../../examples/cluster/books.js';
import { ClusterError } from '../../examples/cluster/clusterError.js';
import { commandFrom } from '../../examples/cluster/commandLine.js';
import { Events, numberIn } from '../../examples/cluster/events.js';
import { fartherAway } from '../../examples/cluster/fartherAway.js';
import { isGood, type ClusterLedger } from '../../examples/cluster/ledger.js';
import { noTally, outcomesIn } from '../../examples/cluster/messages.js';
import { natsProgram } from '../../examples/cluster/natsProgram.js';
import { lineOf, plainDisplay } from '../../examples/cluster/plainDisplay.js';
import { planFrom, type Kill } from '../../examples/cluster/plan.js';
import { enterFile } from '../../examples/cluster/reading.js';
import { defaults } from '../../examples/cluster/settings.js';
import type { Snapshot } from '../../examples/cluster/snapshot.js';
import { rage, type Victim } from '../../examples/cluster/storm.js';
import { summaryJson, summaryText } from '../../examples/cluster/summary.js';
import { Throughput } from '../../examples/cluster/throughput.js';
import { viewOf } from '../../examples/cluster/view.js';
import { isRecords, recordAt } from '../../examples/ship/record.js';
import { scratchFolder } from './scratch.js';

describe('the cluster', () => {
  describe('command line', () => {
    it('should publish 200,000 events without any option', () => {
      expect(commandFrom([])).to.deep.equal({ settings: defaults, json: false, quiet: false });
      expect(defaults).to.include({ events: 200_000, latency: 0, poison: 0.0005, quick: false, seed: 1 });
    });

    it('should take every option', () => {
      const flags =
        '--events 5 --seed 7 --poison 0.5 --quick --batch 10 --window 3 --latency 20 --json --quiet';
      expect(commandFrom(flags.split(' '))).to.deep.equal({
        settings: { events: 5, seed: 7, poison: 0.5, quick: true, batch: 10, window: 3, latency: 20 },
        json: true,
        quiet: true,
      });
      expect(commandFrom(['--million'])?.settings.events).to.equal(1_000_000);
      expect(commandFrom(['--help', '--json'])).to.be.undefined;
    });

    for (const [flags, named] of [
      ['--events 0', '--events'],
      ['--events 1e3', '--events'],
      ['--events -5', '--events'],
      ['--events 5 --million', '--million'],
      ['--seed 4294967296', '--seed'],
      ['--poison 1.1', '--poison'],
      ['--poison .', '--poison'],
      ['--poison -0.1', '--poison'],
      ['--poison=', '--poison'],
      ['--batch 0', '--batch'],
      ['--batch 1001', '--batch'],
      ['--window 0', '--window'],
      ['--latency x', '--latency'],
      ['--nonsense', '--nonsense'],
      ['word', 'word'],
    ] as const) {
      it(`should refuse ${flags}`, () => {
        expect(() => commandFrom(flags.split(' ')))
          .to.throw(ClusterError, named)
          .with.property('exitCode', 2);
      });
    }
  });

  describe('nats-server', () => {
    const scratch = scratchFolder();

    it('should be found where the PATH leads, and then where it usually is', async () => {
      await mkdir(scratch.path('one/nats-server'), { recursive: true });
      await mkdir(scratch.path('two'));
      const file = await scratch.file('', 'two/nats-server');
      const path = `${scratch.path('none')}:${scratch.path('one')}`;
      expect(natsProgram({ PATH: `${path}:${scratch.path('two')}` }, [])).to.equal(file);
      expect(natsProgram({ PATH: path }, [scratch.path('two')])).to.equal(file);
      expect(natsProgram({ NATS_SERVER: file }, [])).to.equal(file);
    });

    it('should be told how to install when it is missing', () => {
      const words = /^nats-server is missing.*apt-get install nats-server.*brew install nats-server/;
      expect(() => natsProgram({ PATH: scratch.folder() }, []))
        .to.throw(ClusterError, words)
        .with.property('exitCode', 2);
      expect(() => natsProgram({})).to.not.throw(TypeError);
      expect(() => natsProgram({ NATS_SERVER: '/nowhere' })).to.throw(ClusterError, '/nowhere');
    });
  });

  describe('plan', () => {
    const configs = fc.record({
      events: fc.integer({ min: 1, max: 2_000_000 }),
      seed: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      collectors: fc.constant(3),
      quick: fc.boolean(),
    });
    const countOf = (kills: readonly Kill[], what: Kill['what']): number =>
      kills.filter((kill) => kill.what === what).length;

    it('should have phases of 1, 2 and 4 workers that share the events', () => {
      fc.assert(
        fc.property(configs, (config) => {
          const plan = planFrom(config);
          expect(plan.map(({ workers }) => workers)).to.deep.equal([1, 2, 4]);
          let next = 0;
          for (const { from, storm, to } of plan) {
            expect(from).to.equal(next);
            expect(storm).to.be.within(from, to);
            next = to;
          }
          expect(next).to.equal(config.events);
        }),
      );
    });

    it('should kill workers and collectors in each phase, and the server once, in the last one', () => {
      fc.assert(
        fc.property(configs, (config) => {
          const plan = planFrom(config);
          expect(plan.map(({ kills }) => countOf(kills, 'server'))).to.deep.equal([0, 0, 1]);
          for (const { duration, kills, workers } of plan) {
            expect(countOf(kills, 'worker')).to.be.above(0);
            expect(countOf(kills, 'collector')).to.be.above(0);
            for (const { at, index, outage, what } of kills) {
              expect(index).to.be.within(0, { worker: workers, collector: 3, server: 1 }[what] - 1);
              expect(at).to.be.within(1, duration * 0.8);
              expect(outage).to.be.within(0, 1_000);
            }
            const times = kills.map(({ at }) => at);
            expect(times).to.deep.equal([...times].sort((one, other) => one - other));
          }
        }),
      );
    });

    it('should follow from the seed', () => {
      const config = { events: 1_000, collectors: 3, quick: true };
      expect(planFrom({ ...config, seed: 1 })).to.deep.equal(planFrom({ ...config, seed: 1 }));
      expect(planFrom({ ...config, seed: 1 })).to.not.deep.equal(planFrom({ ...config, seed: 2 }));
    });
  });

  describe('events', () => {
    const events = new Events({ count: 10_000, seed: 3, poison: 0.01 });
    const all = Array.from({ length: events.count }, (_, n) => n);
    const poison = all.filter((n) => events.isPoison(n));
    const sound = all.filter((n) => !events.isPoison(n));

    it('should be records that a collector takes', () => {
      for (const n of sound.slice(0, 1_000)) {
        const message = events.messageOf(n);
        const found = recordAt(message, 0);
        expect(found?.end).to.equal(message.length);
        expect(found?.event.n).to.equal(n);
        expect(found?.event.bytes.equals(events.bodyOf(n))).to.be.true;
        expect(numberIn(message)).to.equal(n);
      }
      expect(isRecords(Buffer.concat(sound.slice(0, 100).map((n) => events.messageOf(n))))).to.be.true;
    });

    it('should be poison in some cases, which no collector takes', () => {
      expect(poison.length).to.be.within(50, 200);
      for (const n of poison) {
        const message = events.messageOf(n);
        expect(isRecords(message)).to.be.false;
        expect(isRecords(Buffer.concat([events.messageOf(sound[0] ?? 0), message]))).to.be.false;
        expect(numberIn(message)).to.equal(n);
      }
    });

    it('should follow from the seed, and differ', () => {
      const again = new Events({ count: 10_000, seed: 3, poison: 0.01 });
      const others = new Events({ count: 10_000, seed: 4, poison: 0.01 });
      expect(all.filter((n) => again.isPoison(n))).to.deep.equal(poison);
      expect(all.filter((n) => others.isPoison(n))).to.not.deep.equal(poison);
      expect(again.messageOf(17).equals(events.messageOf(17))).to.be.true;
      expect(others.messageOf(17).equals(events.messageOf(17))).to.be.false;
      expect(new Set(all.map((n) => events.messageOf(n).toString())).size).to.equal(events.count);
    });

    it('should be none that are poison, or all, where that is wanted', () => {
      const share = (part: number): number => {
        const some = new Events({ count: 100, seed: 3, poison: part });
        return all.slice(0, 100).filter((n) => some.isPoison(n)).length;
      };
      expect([share(0), share(1)]).to.deep.equal([0, 100]);
    });

    it('should have no number where there is none', () => {
      for (const text of ['', '?', 'x 5', '12', '1234567890123456 1']) {
        expect(numberIn(Buffer.from(text)), text).to.be.undefined;
      }
    });
  });

  describe('books', () => {
    const scratch = scratchFolder();
    const events = new Events({ count: 1_000, seed: 1, poison: 0.01 });
    const all = Array.from({ length: events.count }, (_, n) => n);
    const poison = all.filter((n) => events.isPoison(n));
    const sound = all.filter((n) => !events.isPoison(n));

    /** All has arrived where it belongs. */
    const kept = (): Books => {
      const books = new Books(events);
      for (const n of sound) {
        books.arrived(n, events.bodyOf(n));
      }
      for (const n of poison) {
        books.gaveUp(events.messageOf(n));
      }
      return books;
    };
    const good: Balance = {
      published: 1_000,
      stored: 1_000,
      delivered: sound.length,
      deadLetters: poison.length,
      duplicates: 0,
      lost: 0,
      both: 0,
      unknown: 0,
    };
    const [first = 0] = sound;
    const [bad = 0] = poison;

    it('should balance when everything is somewhere', () => {
      expect(kept().balance(1_000, 1_000)).to.deep.equal(good);
      expect(isBalanced(good)).to.be.true;
    });

    it('should balance with duplicates', () => {
      const books = kept();
      books.arrived(first, events.bodyOf(first));
      books.arrived(first, events.bodyOf(first));
      books.gaveUp(events.messageOf(bad));
      const balance = books.balance(1_000, 1_000);
      expect(balance).to.deep.equal({ ...good, duplicates: 3 });
      expect(isBalanced(balance)).to.be.true;
    });

    it('should say what is lost', () => {
      const books = new Books(events);
      for (const n of sound.slice(2)) {
        books.arrived(n, events.bodyOf(n));
      }
      const balance = books.balance(1_000, 1_000);
      expect(balance).to.include({ lost: 2 + poison.length, delivered: sound.length - 2, deadLetters: 0 });
      expect(isBalanced(balance)).to.be.false;
      // What was not published is not lost.
      expect(books.balance(1_000 - 2 - poison.length, 1_000).lost).to.equal(0);
      expect(books.balance(0, 0).lost).to.equal(0);
    });

    it('should not balance with what is in both places', () => {
      const books = kept();
      books.gaveUp(events.messageOf(first));
      const balance = books.balance(1_000, 1_000);
      expect(balance).to.deep.equal({ ...good, both: 1, deadLetters: poison.length + 1 });
      expect(isBalanced(balance)).to.be.false;
      // Nor does it stand in for one that is lost.
      const fewer = new Books(events);
      fewer.arrived(first, events.bodyOf(first));
      fewer.gaveUp(events.messageOf(first));
      expect(fewer.balance(1_000, 1_000)).to.include({ both: 1, lost: 999 });
    });

    it('should not balance with what was not published like that', () => {
      const strangers: readonly ((books: Books) => void)[] = [
        (books) => {
          books.arrived(first, Buffer.from('{}\n'));
        },
        (books) => {
          books.arrived(1_000, events.bodyOf(1_000));
        },
        (books) => {
          books.arrived(bad, events.bodyOf(bad));
        },
        (books) => {
          books.gaveUp(Buffer.from(`?${bad} 3 {}\n`));
        },
        (books) => {
          books.gaveUp(events.messageOf(1_000));
        },
        (books) => {
          books.gaveUp(Buffer.from('nothing'));
        },
      ];
      for (const strange of strangers) {
        const books = kept();
        strange(books);
        const balance = books.balance(1_000, 1_000);
        expect(balance).to.deep.equal({ ...good, unknown: 1 });
        expect(isBalanced(balance)).to.be.false;
      }
    });

    it('should not balance with what was stored twice, or not at all', () => {
      for (const stored of [999, 1_001]) {
        expect(isBalanced(kept().balance(1_000, stored))).to.be.false;
      }
      expect(isBalanced(kept().balance(999, 999))).to.be.false;
    });

    it("should be kept by a collector's file, of which the end may be missing", async () => {
      const file = scratch.path('collector.log');
      const whole = Buffer.concat(sound.map((n) => events.messageOf(n)));
      await writeFile(file, whole.subarray(0, whole.length - 1));
      const books = new Books(events);
      expect(await enterFile(books, file)).to.equal(sound.length - 1);
      expect(books.balance(1_000, 1_000)).to.include({ delivered: sound.length - 1, unknown: 0 });
      expect(await enterFile(books, scratch.path('none'))).to.equal(0);
    });
  });

  describe('throughput', () => {
    it('should be measured from the first fifth to the end', () => {
      const throughput = new Throughput();
      for (const [at, total] of [
        [1_000, 100],
        [3_000, 1_000],
        [3_500, 3_000],
        [4_500, 5_000],
        // There is nothing new.
        [9_000, 5_000],
      ] as const) {
        throughput.note(at, total);
      }
      expect(throughput.measure()).to.deep.equal({
        events: 4_000,
        seconds: 1.5,
        eventsPerSecond: 2_667,
      });
    });

    it('should not be measured where there is too little', () => {
      const throughput = new Throughput();
      expect(throughput.measure()).to.be.undefined;
      throughput.note(1_000, 5);
      expect(throughput.measure()).to.be.undefined;
    });

    it('should count what workers have settled', () => {
      expect(outcomesIn({ ...noTally, delivered: 5, deadLetters: 2, retried: 9 })).to.equal(7);
    });
  });

  describe('storm', () => {
    const killOf = (change: Partial<Kill>): Kill => ({
      what: 'worker',
      index: 0,
      at: 0,
      outage: 0,
      ...change,
    });
    /** Says what happens to it. */
    const victim = (name: string, said: string[]): Victim => ({
      name,
      kill: async () => {
        said.push(`${name} kill`);
        await Promise.resolve();
      },
      start: async () => {
        said.push(`${name} start`);
        await Promise.resolve();
      },
    });
    const silent = { killed: () => undefined, restarted: () => undefined };

    it('should kill at its times, and start others, one after the other', async () => {
      const said: string[] = [];
      const victims = [victim('a', said), victim('b', said)];
      await rage(
        [
          killOf({ outage: 60 }),
          killOf({ index: 1, at: 5, outage: 5 }),
          // It is not back yet.
          killOf({ at: 20, outage: 1 }),
        ],
        ({ index }) => victims[index] ?? victim('nobody', said),
        {
          killed: ({ at }, { name }) => said.push(`${name} killed at ${at}`),
          restarted: ({ at }, { name }) => said.push(`${name} there at ${at}`),
        },
        new AbortController().signal,
      );
      const of = (name: string): string[] => said.filter((text) => text.startsWith(name));
      const a = ['a kill', 'a killed at 0', 'a start', 'a there at 0'];
      expect(of('a')).to.deep.equal([...a, 'a kill', 'a killed at 20', 'a start', 'a there at 20']);
      expect(of('b')).to.deep.equal(['b kill', 'b killed at 5', 'b start', 'b there at 5']);
      expect(said.indexOf('b kill')).to.be.below(said.indexOf('a start'));
    });

    it('should start nobody once it is over', async () => {
      const said: string[] = [];
      const over = new AbortController();
      const storm = rage(
        [killOf({ outage: 10_000 }), killOf({ at: 10_000 })],
        () => victim('a', said),
        {
          ...silent,
          killed: () =>
            setTimeout(() => {
              over.abort();
            }),
        },
        over.signal,
      );
      const error: unknown = await storm.catch((thrown: unknown) => thrown);
      expect(error).to.have.property('name', 'AbortError');
      expect(said).to.deep.equal(['a kill']);
    });
  });

  describe('latency', () => {
    const near: BatchConnection<string> = {
      name: 'near',
      state$: of('up' as const),
      batch: {
        size: 2,
        send: (events) => of(events.map((value, index) => ({ index, status: 'delivered', value }) as const)),
      },
    };

    it('should be added to each send', () => {
      new TestScheduler((actual, expected) => {
        expect(actual).to.deep.equal(expected);
      }).run(({ expectObservable }) => {
        const far = fartherAway(near, 5);
        const context = { attempt: 1, signal: new AbortController().signal };
        expectObservable(far.batch.send(['x'], context) as Observable<unknown>).toBe('-----(a|)', {
          a: [{ index: 0, status: 'delivered', value: 'x' }],
        });
        expect(far).to.include({ name: 'near', state$: near.state$ });
        expect(far.batch.size).to.equal(2);
      });
    });

    it('should cost nothing where there is none', () => {
      expect(fartherAway(near, 0)).to.equal(near);
    });
  });

  describe('displays', () => {
    const plain = new Chalk({ level: 0 });
    const snapshotWith = (change: Partial<Snapshot> = {}): Snapshot => ({
      elapsed: 65_000,
      step: 'phase 2 of 3, 2 workers: storm',
      events: 200_000,
      published: 100_000,
      settled: 50_000,
      deadLetters: 12,
      rate: 12_345,
      waiting: 48_000,
      unacknowledged: 2_000,
      server: { name: 'nats-server', state: 'up', kills: 0 },
      collectors: [
        { name: 'collector-1', state: 'killed', kills: 2 },
        { name: 'collector-2', state: 'up', kills: 0 },
      ],
      workers: [
        { name: 'worker-1', state: 'up', kills: 1, delivered: 1_234, share: 0.25, rate: 0 },
        { name: 'worker-2', state: 'killed', kills: 1, delivered: 3_702, share: 0.75, rate: 12_345 },
      ],
      notices: ['worker-1: killed (SIGKILL)', 'worker-2: killed (SIGKILL)'],
      ...change,
    });

    it('should show all of it on a terminal', () => {
      expect(viewOf(snapshotWith(), { width: 90 }, plain).split('\n')).to.deep.equal([
        'phase 2 of 3, 2 workers: storm',
        '████████████████████░░░░░░░░░░░░░░░░░░░░  50 % published 100,000',
        '██████████░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░  25 % settled 50,000',
        '12,345 events/s   48,000 waiting   2,000 unacknowledged   12 dead letters   1:05',
        'nats-server up   collector-1 killed (2)   collector-2 up',
        'worker-1 up (1)          1,234        0/s  ███░░░░░░░  25 %',
        'worker-2 killed (1)      3,702   12,345/s  ████████░░  75 %',
        'worker-1: killed (SIGKILL)',
        'worker-2: killed (SIGKILL)',
      ]);
    });

    it('should leave notices out first', () => {
      const linesAt = (height: number): string[] =>
        viewOf(snapshotWith(), { width: 90, height }, plain).split('\n');
      expect(linesAt(8).slice(6)).to.deep.equal([
        'worker-2 killed (1)      3,702   12,345/s  ████████░░  75 %',
        'worker-2: killed (SIGKILL)',
      ]);
      expect(linesAt(1)).to.deep.equal(['phase 2 of 3, 2 workers: storm']);
    });

    it('should draw shorter bars where it is narrow, and none where it is very narrow', () => {
      const barsAt = (width: number): string[] =>
        viewOf(snapshotWith({ settled: 200_009 }), { width }, plain)
          .split('\n')
          .slice(1, 3);
      expect(barsAt(40)).to.deep.equal([
        '████████░░░░░░░░  50 % published 100,000',
        '██████████████████ 100 % settled 200,009',
      ]);
      expect(barsAt(24)).to.deep.equal(['50 % published 100,000', '100 % settled 200,009']);
    });

    it('should never be wider or higher than the room', () => {
      const count = fc.nat(10 ** 9);
      fc.assert(
        fc.property(
          fc.record({ published: count, settled: count, rate: count, waiting: count }),
          fc.integer({ min: 1, max: 120 }),
          fc.integer({ min: 1, max: 20 }),
          (change, width, height) => {
            const lines = viewOf(snapshotWith(change), { width, height }, plain).split('\n');
            expect(lines.length).to.be.at.most(height);
            expect(Math.max(...lines.map((line) => line.length))).to.be.at.most(width);
          },
        ),
      );
    });

    it('should be red where a process is gone, and green where none is', () => {
      const coloured = new Chalk({ level: 1 });
      const [, , , , servers = '', first = '', second = ''] = viewOf(
        snapshotWith(),
        { width: 90 },
        coloured,
      ).split('\n');
      expect([servers, first, second].map((line) => line.slice(0, 5))).to.deep.equal([
        '\u001b[31m',
        '\u001b[32m',
        '\u001b[31m',
      ]);
    });

    it('should be lines without a terminal', () => {
      expect(lineOf(snapshotWith())).to.equal(
        ' 1:05 | 100,000 of 200,000 published | 48,000 waiting, 2,000 unacknowledged | ' +
          '50,000 settled, 12 dead letters | 12,345 events/s',
      );
      const clock = useFakeTimers({ shouldClearNativeTimers: true });
      try {
        const written: string[] = [];
        const display = plainDisplay((text) => written.push(text));
        const shown = { snapshot: () => snapshotWith(), summary: () => snapshotWith() };
        display.notice('begun');
        display.begin(shown);
        clock.tick(4_000);
        display.end();
        clock.tick(4_000);
        display.end();
        const line = `${lineOf(snapshotWith())}\n`;
        expect(written).to.deep.equal(['begun\n', line, line]);
      } finally {
        clock.restore();
      }
    });
  });

  describe('ledger', () => {
    const ledger: ClusterLedger = {
      ...defaults,
      events: 2_000,
      published: 2_000,
      stored: 2_000,
      delivered: 1_990,
      deadLetters: 10,
      duplicates: 7,
      lost: 0,
      both: 0,
      unknown: 0,
      phases: [
        {
          workers: 2,
          events: 2_000,
          calm: { events: 1_280, seconds: 0.5, eventsPerSecond: 2_560 },
          storm: { events: 400, seconds: 4.25, eventsPerSecond: 94 },
          kills: { worker: 2, collector: 1, server: 1 },
          retried: 1_234,
          shares: [
            { name: 'worker-1', delivered: 500, share: 0.25 },
            { name: 'worker-2', delivered: 1_500, share: 0.75 },
          ],
        },
      ],
      collectors: [{ name: 'collector-1', records: 1_997 }],
      seconds: 12,
      problem: undefined,
    };

    it('should be a few tables', () => {
      expect(summaryText(ledger).split('\n')).to.deep.equal([
        'published           2,000  the stream has said that it has them',
        'stored              2,000  in the stream',
        "delivered           1,990  in the collectors' files, each counted once",
        'duplicates              7  further copies',
        'dead letters           10  no collector takes them',
        'lost                    0  published, and nowhere',
        '',
        'workers   calm: events/s   of events   in s   storm: events   in s   killed   shares',
        '      2            2,560       1,280    0.5             400    4.3        4   25 %, 75 %',
        '',
        'killed (SIGKILL), and started again: workers 2, collectors 1; restarted: nats-server 1',
        'delivered at a second attempt or later: 1,234',
        'collectors: collector-1 1,997',
        '12 s in all',
        'everything is accounted for',
      ]);
    });

    it('should say what is wrong', () => {
      const text = summaryText({ ...ledger, lost: 1, both: 2, unknown: 3, problem: 'the sky fell' });
      expect(text)
        .to.match(/^lost +1 /m)
        .and.match(/^both +2 /m)
        .and.match(/^unknown +3 /m);
      expect(text).to.match(/did not come to its end: the sky fell\nthe books do not balance$/);
    });

    it('should be one line of JSON', () => {
      expect(JSON.parse(summaryJson(ledger))).to.deep.include({
        ok: true,
        delivered: 1_990,
        lost: 0,
        seed: 1,
      });
      expect(JSON.parse(summaryJson({ ...ledger, unknown: 1 }))).to.include({ ok: false });
    });

    it('should be good only when all was published and is accounted for', () => {
      expect(isGood(ledger)).to.be.true;
      for (const change of [
        { lost: 1 },
        { both: 1 },
        { unknown: 1 },
        { stored: 2_001 },
        { delivered: 1_991 },
        { problem: 'something' },
        { events: 2_001 },
      ]) {
        expect(isGood({ ...ledger, ...change }), JSON.stringify(change)).to.be.false;
      }
    });
  });
});
