/** A case in which anything happens to anybody, again and again, under a heavy load. */
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { median, type Case } from './case.js';
import { Chance } from './chance.js';
import { Day } from './day.js';
import { faults, inBulk } from './faults.js';
import type { Place } from './places.js';

/** Events a second. */
const rate = 10_000;

/** How long it lasts, and how often its heap is looked at, in milliseconds. */
const lengths = { full: 60_000, quick: 15_000 };
const period = 1_500;

/** How long until the next fault, and how long it lasts, at most, in milliseconds. */
const longestPause = 500;
const longestFault = 1_500;

/** What may happen to a place that is there from the beginning. */
const sudden = faults.filter(({ before }) => before === undefined);

/** 10,000 events a second under random faults. */
export const soak: Case = {
  name: 'soak',
  what: `${rate.toLocaleString('en')} events a second to 4 places under random faults; every other event guaranteed`,
  run: async ({ quick, seed }) => {
    const length = quick ? lengths.quick : lengths.full;
    const day = await Day.begin(4, (rate * length) / 1_000);
    const over = new AbortController();
    const faulty = everything(day.places, new Chance(seed), over.signal);
    const heap = heapUntil(over.signal);
    await day.balance(day.load(rate, length), day.connections(inBulk.connection, inBulk.urlOf), {
      guaranteed: ({ n }) => n % 2 === 0,
    });
    over.abort();
    await faulty;
    const sizes = await heap;
    const statement = await day.end();
    const third = Math.floor(sizes.length / 3);
    const growth = median(sizes.slice(-third)) / median(sizes.slice(0, third));
    return {
      statement,
      latency: day.recording.latency(),
      backoffs: day.recording.backoffs,
      goals: [
        {
          what: 'heap in the last third of the time, to that in the first',
          asked: '1.1 ×',
          measured: growth,
          unit: '×',
          reached: growth <= 1.1,
        },
      ],
    };
  },
};

/** One fault after the other, at places that have none. */
async function everything(places: readonly Place[], chance: Chance, over: AbortSignal): Promise<void> {
  const well = new Set(places);
  const under = new Set<Promise<void>>();
  while (!over.aborted) {
    await sleep(chance.between(0, longestPause));
    const place = chance.oneOf([...well]);
    const fault = chance.oneOf(sudden);
    const lasts = chance.between(0, longestFault);
    if (place !== undefined && fault !== undefined) {
      well.delete(place);
      const happening = (async () => {
        const end = await fault.begin(place);
        await sleep(lasts);
        await end();
        well.add(place);
      })();
      under.add(happening);
      void happening.finally(() => under.delete(happening));
    }
  }
  await Promise.all(under);
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
