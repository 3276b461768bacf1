/** Cases in which every place is gone for a while. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Case } from './case.js';
import { Day } from './day.js';
import { past } from './fault.js';
import type { Entry } from './ledger.js';

/** Events a second, and how many there are room for. */
const rate = 2_000;
const capacity = 500_000;

/** Nothing that is guaranteed is lost, and afterwards it goes as fast as ever. */
export const outage: Case = {
  name: 'outage',
  what: 'all places killed for 5 s; every event is guaranteed',
  run: async ({ quick }) => {
    const [before, lasts, after] = quick ? [500, 2_500, 2_000] : [1_000, 5_000, 4_000];
    const day = await Day.begin(3, capacity);
    const { places, recording } = day;
    const started = performance.now();
    await day.balance(day.entriesFor(before), day.connections({}, past));
    const fullSpeed = recording.deliveredBetween(started, started + before) / before;
    const balanced = day.balance(day.load(rate, before + lasts + after), day.connections({}, past), {
      guaranteed: true,
    });
    await sleep(before);
    await Promise.all(places.map(({ collector }) => collector.kill()));
    await sleep(lasts);
    await Promise.all(places.map(({ collector }) => collector.start()));
    const ended = performance.now();
    await balanced;
    const allUp = Math.max(...places.map(({ name }) => recording.upAfter(ended, name) ?? NaN));
    const drained = recording.drainedAfter(allUp) ?? NaN;
    const speed = recording.deliveredBetween(allUp, drained) / (drained - allUp);
    const statement = await day.end();
    const lost = statement.sent - statement.delivered;
    const percent = (100 * speed) / fullSpeed;
    return {
      statement,
      latency: recording.latency(),
      backoffs: recording.backoffs,
      goals: [
        { what: 'guaranteed events lost', asked: 'none', measured: lost, unit: '', reached: lost === 0 },
        {
          what: 'speed after the outage, of that before it',
          asked: '90 %',
          measured: percent,
          unit: '%',
          reached: percent >= 90,
        },
      ],
    };
  },
};

/** Waiting has an end where one was asked for. */
export const longOutage: Case = {
  name: 'long outage',
  what: 'all places killed for 3 s; timeout.wait 500 ms, and every other event guaranteed',
  run: async ({ quick }) => {
    const [before, lasts, after] = quick ? [500, 2_200, 1_000] : [1_000, 3_000, 2_000];
    const day = await Day.begin(3, capacity);
    const { places, recording } = day;
    const isGuaranteed = ({ n }: Entry): boolean => n % 2 === 0;
    const balanced = day.balance(day.load(rate, before + lasts + after), day.connections({}, past), {
      guaranteed: isGuaranteed,
      timeout: { connect: 500, send: 500, wait: 500 },
    });
    await sleep(before);
    await Promise.all(places.map(({ collector }) => collector.kill()));
    await sleep(lasts);
    await Promise.all(places.map(({ collector }) => collector.start()));
    await balanced;
    return {
      statement: await day.end(),
      latency: recording.latency(),
      backoffs: recording.backoffs,
      goals: [],
    };
  },
};
