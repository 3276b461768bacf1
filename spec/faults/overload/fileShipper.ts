/** Ships the lines of a file, no faster than they are taken, and says how much of it was in memory. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { from, lastValueFrom, tap } from 'rxjs';
import { eachOutcomeFrom, loadBalance, loadBalanceFrom } from 'rxjs-load-balance';
import { httpConnection } from 'rxjs-load-balance/http';
import { nothingLeft, over } from '../shutdown/witness.js';
import { collectGarbage } from './census.js';

/** What the spec decides. */
export interface FileShipment {
  readonly face: 'loadBalanceFrom' | 'eachOutcomeFrom' | 'loadBalance';
  readonly file: string;
  readonly lines: number;
  readonly urls: readonly string[];
  readonly window: number;
  readonly batch: number;
  readonly highWaterMark: number;
}

/** What it finds. */
export interface FileFindings {
  readonly asked: number;
  readonly read: number;
  readonly delivered: number;
  /** The most lines at one time that were asked for and whose outcome was not read yet. */
  readonly most: number;
  /** The same while the reader rested. */
  readonly mostAtRest: number;
  /** Bytes at one fifth of the way, and the most from there on. */
  readonly rss: readonly [number, number];
  /** The least in the first and in the second half of the rest of the way: what is in flight comes and goes. */
  readonly heap: readonly [number, number];
}

const shipment = JSON.parse(process.argv[2] ?? '') as FileShipment;
const { face, file, lines, urls, window, batch, highWaterMark } = shipment;

let asked = 0;
let read = 0;
let delivered = 0;
let most = 0;
let mostAtRest = 0;
const memory: NodeJS.MemoryUsage[] = [];

/** The lines, counted when they are asked for. */
const input: AsyncIterable<string> = {
  [Symbol.asyncIterator]: () => {
    const iterator = createInterface({ input: createReadStream(file) })[Symbol.asyncIterator]();
    return {
      next: () => {
        most = Math.max(most, ++asked - read);
        return iterator.next();
      },
      return: async () => (await iterator.return?.()) ?? { done: true, value: undefined },
    };
  },
};

const connections = urls.map((url) =>
  httpConnection<string>(url, {
    window,
    // Lines come one by one: without waiting for more, each would be a batch of its own.
    batch: { size: batch, linger: 20 },
    format: { encode: (events) => ({ body: `${events.join('\n')}\n` }) },
  }),
);

function took(status: string): void {
  read++;
  delivered += status === 'delivered' ? 1 : 0;
}

const isTime = (): boolean => read % Math.floor(lines / 20) === 0;

async function lookAtMemory(): Promise<void> {
  await collectGarbage();
  memory.push(process.memoryUsage());
}

if (face === 'eachOutcomeFrom') {
  for await (const { status } of eachOutcomeFrom(input, connections, { highWaterMark, guaranteed: true })) {
    took(status);
    // A reader that is slower than the collectors.
    if (read % 500 === 0) {
      await sleep(20);
      mostAtRest = Math.max(mostAtRest, asked - read);
    }
    if (isTime()) {
      await lookAtMemory();
    }
  }
} else {
  const outcome$ =
    face === 'loadBalance'
      ? from(input).pipe(loadBalance(connections))
      : loadBalanceFrom(input, connections, { guaranteed: true });
  const reading$ = outcome$.pipe(
    tap(({ status }) => {
      took(status);
      if (isTime()) {
        void lookAtMemory();
      }
    }),
  );
  await lastValueFrom(reading$, { defaultValue: undefined });
}

const later = memory.slice(Math.floor(memory.length / 5));
const middle = Math.floor(later.length / 2);
const rssOf = later.map(({ rss }) => rss);
const heapOf = later.map(({ heapUsed }) => heapUsed);
const rss = [rssOf[0] ?? NaN, Math.max(...rssOf)] as const;
const heap = [Math.min(...heapOf.slice(0, middle)), Math.min(...heapOf.slice(middle))] as const;
const findings: FileFindings = { asked, read, delivered, most, mostAtRest, rss, heap };
console.log(JSON.stringify(findings));
await nothingLeft();
over();
