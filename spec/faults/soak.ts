/** A case in which anything happens to anybody, again and again, under a heavy load. */
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { median, type Case } from './case.js';
import { Chance } from './chance.js';
import { withDay } from './day.js';
import { faults, inBulk } from './faults.js';
import type { Entry } from './ledger.js';
import type { Place } from './places.js';

const places = 4;

/** Events a second. */
const rate = 10_000;

/** How long it lasts, and how often its heap is looked at, in milliseconds. */
const lengths = { full: 60_000, quick: 15_000 };
const period = 1_500;

/** How long a place is well, and how long it is not, at most, in milliseconds. */
const longestPause = 2_000;
const longestFault = 1_500;

/** What may happen to a place that is there from the beginning. */
const sudden = faults.filter(({ before }) => before === undefined);

/** 10,000 events a second under random faults. */
export const soak: Case = {
  name: 'soak',
  what: '10,000 events a second for a minute, half of them guaranteed; 4 places, each with one random fault after the other',
  run: ({ quick, seed }) => {
    const length = quick ? lengths.quick : lengths.full;
    const guaranteed = ({ n }: Entry): boolean => n % 2 === 0;
    return withDay({ places, capacity: (rate * length) / 1_000, guaranteed }, async (day) => {
      const { recording } = day;
      const over = new AbortController();
      const heap = heapUntil(over.signal);
      // A chance of its own for each, so that the same happens to it whatever happens to the others.
      const faulty = day.places.map((place, index) => troubles(place, new Chance(seed + index), over.signal));
      const begun = performance.now();
      const connections = day.connections(inBulk.connection, inBulk.urlOf);
      try {
        await day.balance(day.load(rate, length), connections, { drainTimeout: 80_000 });
      } finally {
        over.abort();
      }
      await Promise.all(faulty);
      const sizes = await heap;
      const delivered = (1_000 * recording.deliveredBetween(begun, begun + length)) / length;
      const third = Math.floor(sizes.length / 3);
      const growth = median(sizes.slice(-third)) / median(sizes.slice(0, third));
      return {
        statement: await day.statement(),
        latency: recording.latency(),
        problems: [],
        goals: [
          {
            what: 'events delivered in each second of the random faults',
            asked: '10,000, less the last backlog',
            measured: delivered,
            unit: '',
            reached: delivered >= rate - (1_000 * recording.largestBacklog) / length,
          },
          {
            what: 'heap in their last third, to that in the first',
            asked: '1.1 ×',
            measured: growth,
            unit: '×',
            reached: growth <= 1.1,
          },
        ],
      };
    });
  },
};

/** One fault after the other. */
async function troubles(place: Place, chance: Chance, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    const pause = chance.between(0, longestPause);
    const fault = chance.oneOf(sudden);
    const lasts = chance.between(0, longestFault);
    await sleep(pause);
    const end = await fault.begin(place);
    await sleep(lasts);
    await end();
  }
}

/** What is on the heap after a collection, from time to time, in bytes. */
async function heapUntil(over: AbortSignal): Promise<number[]> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const sizes: number[] = [];
  while (!over.aborted) {
    await sleep(period);
    collect();
    sizes.push(process.memoryUsage().heapUsed);
  }
  return sizes;
}
