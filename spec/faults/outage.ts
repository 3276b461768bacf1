/** Cases in which every place is gone for a while. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Case } from './case.js';
import { withDay, type Day } from './day.js';
import { past } from './faultCase.js';
import type { Entry } from './ledger.js';

const places = 3;

/** Events a second. */
const rate = 2_000;

/** How many events there is room for, those of a warm-up at full speed included. */
const capacity = 500_000;

/** Kills every place, and starts them again. */
async function killAll({ places: all }: Day, lasts: number): Promise<void> {
  await Promise.all(all.map(({ collector }) => collector.kill()));
  await sleep(lasts);
  await Promise.all(all.map(({ collector }) => collector.start()));
}

/** Nothing that is guaranteed is lost, and afterwards it goes as fast as ever. */
export const outage: Case = {
  name: 'outage',
  what: 'all 3 places killed for 5 s; 2,000 events a second, all guaranteed',
  run: ({ quick }) => {
    const { warmUp, before, lasts, after } = quick
      ? { warmUp: 1_500, before: 500, lasts: 2_500, after: 1_500 }
      : { warmUp: 3_000, before: 1_000, lasts: 5_000, after: 4_000 };
    return withDay({ places, capacity, guaranteed: () => true }, async (day) => {
      const { recording } = day;
      await day.balance(day.entriesFor(warmUp), day.connections({}, past));
      // Collectors that have just been started are slow at first, as they will be after the outage.
      await killAll(day, 0);
      const fresh = performance.now();
      await day.balance(day.entriesFor(warmUp), day.connections({}, past));
      let restarting = NaN;
      const happening = async (): Promise<void> => {
        await sleep(before);
        restarting = performance.now() + lasts;
        await killAll(day, lasts);
      };
      const load$ = day.load(rate, before + lasts + after);
      await Promise.all([happening(), day.balance(load$, day.connections({}, past))]);
      const firstUp = recording.firstUpAfter(restarting);
      // Of what has piled up, since the last of it is mixed with what comes.
      const most = Math.floor(0.7 * rate * (lasts / 1_000));
      const percent = (100 * recording.timeToDeliver(most, fresh)) / recording.timeToDeliver(most, firstUp);
      const statement = await day.statement();
      const lost = statement.sent - statement.delivered;
      return {
        statement,
        latency: recording.latency(),
        problems:
          recording.errorsOf(day.first.name).length > 0 ? [] : ['expected the places to have been gone'],
        goals: [
          {
            what: 'guaranteed events lost in an outage',
            asked: 'none',
            measured: lost,
            unit: '',
            reached: lost === 0,
          },
          {
            what: 'speed after an outage, of that before it',
            asked: '90 %',
            measured: percent,
            unit: '%',
            reached: percent >= 90,
          },
        ],
      };
    });
  },
};

/** Waiting has an end where one was asked for. */
export const longOutage: Case = {
  name: 'long outage',
  what: 'all 3 places killed for 3 s; 2,000 events a second, half of them guaranteed; 20 attempts, timeout.wait 75 ms',
  run: ({ quick }) => {
    const { before, lasts, after } = quick
      ? { before: 500, lasts: 2_200, after: 800 }
      : { before: 1_000, lasts: 3_000, after: 2_000 };
    const guaranteed = ({ n }: Entry): boolean => n % 2 === 0;
    return withDay({ places, capacity, guaranteed }, async (day) => {
      const happening = async (): Promise<void> => {
        await sleep(before);
        await killAll(day, lasts);
      };
      const load$ = day.load(rate, before + lasts + after);
      // So many that none is dropped for its attempts.
      const options = { timeout: { connect: 500, send: 500, wait: 75 }, maxAttempts: 20 };
      await Promise.all([happening(), day.balance(load$, day.connections({}, past), options)]);
      const statement = await day.statement();
      const { 'no-connection': unconnected = 0, ...others } = statement.dropped;
      return {
        statement,
        latency: day.recording.latency(),
        problems: [
          ...(unconnected > 0 ? [] : ['expected events to be dropped because no place was up']),
          ...Object.entries(others).map(([reason, many]) => `${many} events were dropped as ${reason}`),
        ],
        goals: [],
      };
    });
  },
};
