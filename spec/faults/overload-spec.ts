/** More than anybody can take: memory stays within its bound, what is dropped is reported, and nothing dies. */
import { once } from 'node:events';
import { createWriteStream, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { CollectorProcess } from '../../examples/ship/collectorProcess.js';
import { closedAfterEach } from '../connections/closedAfterEach.js';
import { ScriptedServer } from '../connections/scriptedServer.js';
import { scratchFolder } from '../examples/scratch.js';
import { until } from '../until.js';
import { someEvents, type Findings } from './overload/census.js';
import type { FileFindings, FileShipment } from './overload/fileShipper.js';
import type { Flood } from './overload/flood.js';
import type { Publishing } from './overload/publishing.js';
import { SlowServer } from './overload/slowServer.js';
import { ChildProgram, clean, type Ended } from './shutdown/childProgram.js';

/** Less than all events together, and less than the file. */
const smallMemory = ['--expose-gc', '--max-old-space-size=64', '--max-semi-space-size=4'];

const megabyte = 1024 * 1024;

describe('overload', function () {
  this.timeout(120_000);
  const keep = closedAfterEach();
  const scratch = scratchFolder();

  const run = (program: string, settings: unknown): Promise<Ended> => {
    const url = new URL(`overload/${program}`, import.meta.url);
    return keep(new ChildProgram(url, [JSON.stringify(settings)], {}, smallMemory)).end();
  };

  /** Runs a program, which has to end as it should, and gives what it has found. */
  const findingsOf = async <F>(program: string, settings: unknown): Promise<F> => {
    const { lines, ...end } = await run(program, settings);
    expect({ ...end, last: lines.at(-1) }, lines.join('\n')).to.deep.equal({ ...clean, last: 'over' });
    return JSON.parse(lines.at(-2) ?? '') as F;
  };

  describe('of a queue', () => {
    /** About 90 megabytes. */
    const events = 80_000;
    const window = 4;
    const capacity = someEvents;
    let collectors: CollectorProcess[];
    let urls: string[];

    beforeEach(async () => {
      collectors = ['one', 'two'].map((name) => new CollectorProcess(name, scratch.folder()));
      for (const collector of collectors) {
        keep({ close: () => collector.kill() });
      }
      await Promise.all(collectors.map((collector) => collector.start()));
      urls = collectors.map(({ url }) => url);
    });

    /** The numbers that the collectors have taken. */
    const taken = (): number[] =>
      collectors.flatMap(({ file }) =>
        [...readFileSync(file, 'utf8').matchAll(/"id":(\d+)/g)].map(([, id]) => Number(id)),
      );

    /**
     * What must be so whatever is dropped.
     * @param findings What was found.
     * @param queued How many may wait.
     * @param inFlight How many may be in a send beside them.
     */
    const expectBounded = (findings: Findings, queued: number, inFlight: number): void => {
      const { entered, delivered, dropped, most, mostKept } = findings;
      expect(dropped).to.have.all.keys('overflow');
      expect(delivered + (dropped['overflow'] ?? 0)).to.equal(entered);
      expect(most).to.be.within(Math.max(queued, 1), queued + inFlight);
      // Where an event has its outcome, nothing holds it but what the last requests have left in their sockets.
      expect(mostKept).to.be.within(0, inFlight + 1);
    };

    const expectTaken = ({ delivered }: Findings): void => {
      const ids = taken();
      expect(ids).to.have.lengthOf(delivered);
      expect(new Set(ids)).to.have.lengthOf(delivered);
    };

    it('should drop what comes when the queue is full', async () => {
      const flood: Flood = { events, urls, window, options: { queue: { capacity } } };
      const findings = await findingsOf<Findings>('flood', flood);
      expectBounded(findings, capacity, 2 * window);
      expectTaken(findings);
      expect(findings.firstDelivered).to.equal(someEvents);
      expect(findings.lastDelivered).to.be.below(someEvents);
    });

    it('should drop what waits longest, where that is wanted', async () => {
      const queue = { capacity, overflow: 'drop-oldest' } as const;
      const findings = await findingsOf<Findings>('flood', { events, urls, window, options: { queue } });
      expectBounded(findings, capacity, 2 * window);
      expectTaken(findings);
      expect(findings.firstDelivered).to.be.below(someEvents);
      expect(findings.lastDelivered).to.equal(someEvents);
    });

    it('should drop what nobody is ready for, with a capacity of 0', async () => {
      const flood: Flood = { events, urls, window, options: { queue: { capacity: 0 } } };
      const findings = await findingsOf<Findings>('flood', flood);
      expectBounded(findings, 0, 2 * window);
      expectTaken(findings);
      expect(findings.delivered).to.be.greaterThan(2 * window);
    });

    it('should drop guaranteed events as well', async () => {
      const options = { queue: { capacity }, guaranteed: true };
      const findings = await findingsOf<Findings>('flood', { events, urls, window, options });
      expectBounded(findings, capacity, 2 * window);
      expectTaken(findings);
    });

    it('should hold as much as whole batches take', async () => {
      const size = 50;
      const options = { queue: { capacity } };
      const findings = await findingsOf<Findings>('flood', {
        events,
        urls,
        window,
        batch: { size },
        options,
      });
      expectBounded(findings, capacity, 2 * window * size);
      expectTaken(findings);
    });

    it('should drop nothing that was put back, however full of that the queue is', async () => {
      const sends = 2 * window;
      const few = sends - 2;
      const server: ScriptedServer = keep(
        await ScriptedServer.start(async () => {
          // All that are sent at first fail at the same time: more than the queue has room for.
          const isFirst = server.posts.length <= sends;
          await until('all to be sent', () => server.mostInFlight === sends);
          return isFirst ? 503 : 200;
        }),
      );
      const { origin } = server;
      const options = { queue: { capacity: few }, guaranteed: true, reconnectDelay: 5 } as unknown;
      const flood = { events: 20_000, urls: [origin, origin], window, options };
      const findings = await findingsOf<Findings>('flood', flood);
      expectBounded(findings, few, sends);
      expect(findings.deliveredLater).to.equal(sends);
      expect(findings.droppedAfterAttempts).to.equal(0);
      expect(server.posts).to.have.lengthOf(findings.delivered + sends);
    });

    it('should answer all that is published', async () => {
      const publishing: Publishing = { events, urls, window, options: { queue: { capacity } } };
      const findings = await findingsOf<Findings & { told: number }>('publishing', publishing);
      expectBounded(findings, capacity, 2 * window);
      expectTaken(findings);
      expect(findings.told).to.equal(findings.entered);
    });

    it('would not survive without a capacity', async () => {
      const { lines, signal, err } = await run('flood', {
        events,
        urls,
        window,
        options: {},
      } satisfies Flood);
      expect({ lines, signal }).to.deep.equal({ lines: [''], signal: 'SIGABRT' });
      expect(err).to.match(/heap out of memory/);
    });
  });

  describe('of what reads a file', () => {
    const length = 2_000;
    const window = 2;
    const many = 100;
    const highWaterMark = 16;

    /**
     * Ships a file to two servers.
     * @param lines How many it has.
     * @param time How long an answer takes, in milliseconds.
     * @param batch How many lines go into a request.
     * @param isOneBusy Whether one of them takes nothing, and says so at once.
     */
    const shipped = async (
      face: FileShipment['face'],
      lines: number,
      time: number,
      batch = many,
      isOneBusy = false,
    ): Promise<FileFindings> => {
      const file = scratch.path('lines');
      await writeLines(file, lines);
      const servers = [
        keep(await SlowServer.start(time)),
        keep(await SlowServer.start(isOneBusy ? 0 : time, isOneBusy)),
      ];
      const urls = servers.map(({ url }) => url);
      const shipment = { face, file, lines, urls, window, batch, highWaterMark };
      const findings = await findingsOf<FileFindings>('fileShipper', shipment);
      const { asked, read, delivered } = findings;
      // It also had to ask whether there are any more.
      expect({ asked, read, delivered }).to.deep.equal({ asked: lines + 1, read: lines, delivered: lines });
      expect(servers.reduce((sum, server) => sum + server.lines, 0)).to.equal(lines);
      return findings;
    };

    const writeLines = async (file: string, lines: number): Promise<void> => {
      const line = `${'x'.repeat(length - 1)}\n`;
      const stream = createWriteStream(file);
      for (let left = lines; left > 0; left -= many) {
        if (!stream.write(line.repeat(many))) {
          await once(stream, 'drain');
        }
      }
      stream.end();
      await once(stream, 'close');
    };

    const expectFlat = ({ rss, heap }: FileFindings): void => {
      expect(rss[1] - rss[0]).to.be.below(30 * megabyte);
      expect(heap[1] - heap[0]).to.be.below(2 * megabyte);
    };

    /** Two hundred megabytes. */
    const manyLines = 100_000;

    it('should hold what the windows take, and one more, with loadBalanceFrom', async () => {
      const findings = await shipped('loadBalanceFrom', manyLines, 5);
      expect(findings.most).to.be.within(many, 2 * window * many + 1);
      expectFlat(findings);
    });

    it('should hold the high-water mark beside them, with eachOutcomeFrom and a reader that is slower still', async () => {
      const findings = await shipped('eachOutcomeFrom', manyLines, 5);
      expect(findings.most).to.be.within(many, 2 * window * many + highWaterMark);
      expect(findings.mostAtRest).to.be.at.least(highWaterMark);
      expectFlat(findings);
    });

    for (const [face, beside] of [
      ['loadBalanceFrom', 1],
      ['eachOutcomeFrom', highWaterMark],
    ] as const) {
      it(`should ask for no more where what has failed waits for another connection, with ${face}`, async () => {
        const { most } = await shipped(face, 100, 20, 1, true);
        expect(most).to.be.within(2 * window, 2 * window + beside);
      });
    }

    it('would hold nearly all without back-pressure', async () => {
      const { most } = await shipped('loadBalance', 20_000, 50);
      expect(most).to.be.greaterThan(10 * (2 * window * many + highWaterMark));
    });
  });
});
