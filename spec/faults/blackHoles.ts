/** Cases in which some places take events and never deliver any: at once, or after a timeout. */
import { median, type Account, type Case } from './case.js';
import { late, refusing, silence } from './conducts.js';
import { Day, usual } from './day.js';
import type { Conduct } from './proxy.js';

/** How many events there are room for. */
const capacity = 500_000;

/** How long a good place takes, in milliseconds, so that not this machine is the limit. */
const work = 10;

/** How often each is measured. */
const rounds = 3;

/** Some places are bad all the time; how much the good ones take with them, and how much without. */
interface Bad {
  readonly name: string;
  readonly what: string;
  readonly places: number;
  readonly bad: number;
  readonly conduct: Conduct;
  /** From when on it is measured, in milliseconds. */
  readonly from: number;
}

const failing = refusing(500);

/** Every one of them. */
export const blackHoles: readonly Case[] = [
  {
    name: 'black hole',
    what: 'one of 3 answers 500 at once, all the time',
    places: 3,
    bad: 1,
    conduct: failing,
    from: 0,
  },
  {
    name: 'black hole of many',
    what: 'one of 8 answers 500 at once, all the time',
    places: 8,
    bad: 1,
    conduct: failing,
    from: 0,
  },
  {
    name: 'two black holes',
    what: 'two of 3 answer 500 at once, all the time',
    places: 3,
    bad: 2,
    conduct: failing,
    from: 0,
  },
  {
    name: 'hung',
    what: 'one of 3 never answers; measured from the first timeout on',
    places: 3,
    bad: 1,
    conduct: silence,
    from: usual.timeout.send,
  },
].map(badCase);

function badCase({ name, what, places: count, bad, conduct, from }: Bad): Case {
  return {
    name,
    what,
    run: async ({ quick }): Promise<Account> => {
      const length = from + (quick ? 1_000 : 3_000);
      const day = await Day.begin(count, capacity);
      const { recording } = day;
      day.places.forEach(({ proxy }, index) => {
        proxy.conduct = index < bad ? conduct : late(work);
      });
      /** Events delivered with the bad places or without them. */
      const measure = async (skipped: number): Promise<number> => {
        const begun = performance.now();
        await day.balance(day.entriesFor(length), day.connections().slice(skipped));
        return recording.deliveredBetween(begun + from, begun + length);
      };
      const ratios: number[] = [];
      for (let round = 0; round < rounds; round++) {
        const without = await measure(bad);
        ratios.push((await measure(0)) / without);
      }
      const statement = await day.end();
      const percent = 100 * median(ratios);
      const dropped = statement.sent - statement.delivered;
      return {
        statement,
        latency: recording.latency(),
        backoffs: recording.backoffs,
        goals: [
          {
            what: 'throughput, of that of the good places alone',
            asked: '95 %',
            measured: percent,
            unit: '%',
            reached: percent >= 95,
          },
          {
            what: 'events dropped while a place is good',
            asked: 'none',
            measured: dropped,
            unit: '',
            reached: dropped === 0,
          },
        ],
      };
    },
  };
}
