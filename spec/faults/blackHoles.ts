/** Cases in which some places take events and never deliver any: at once, or after a timeout. */
import { median, type Account, type Case, type Conditions } from './case.js';
import { garbage, late, refusing, silence } from './conducts.js';
import { usual, withDay } from './day.js';
import type { Conduct } from './proxy.js';

/** How many events there is room for. */
const capacity = 500_000;

/** How often each is measured. */
const rounds = { full: 3, quick: 1 };

/** Some places are bad all the time; how much the good ones take with them, and how much without. */
interface Bad {
  readonly name: string;
  readonly what: string;
  readonly places: number;
  readonly bad: number;
  readonly conduct: Conduct;
  /** How long a good place takes, in milliseconds, so that not this machine is the limit. Default 10. */
  readonly work?: number;
  /** From when on it is measured, in milliseconds. Default 0. */
  readonly from?: number;
}

const failing = refusing(500);

/** Every one of them. */
export const blackHoles: readonly Case[] = [
  {
    name: 'black hole',
    what: 'one of 3 answers 500 at once, all the time; as many events as are taken',
    places: 3,
    bad: 1,
    conduct: failing,
  },
  {
    name: 'black hole that pauses',
    what: 'the same with 503',
    places: 3,
    bad: 1,
    conduct: refusing(503),
  },
  {
    name: 'black hole of garbage',
    what: 'the same with something that is not HTTP, and the end of the socket',
    places: 3,
    bad: 1,
    conduct: garbage,
  },
  {
    name: 'black hole of many',
    what: 'one of 8 answers 500 at once, all the time',
    places: 8,
    bad: 1,
    conduct: failing,
    work: 60,
  },
  {
    name: 'two black holes',
    what: 'two of 3 answer 500 at once, all the time',
    places: 3,
    bad: 2,
    conduct: failing,
  },
  {
    name: 'hung',
    what: 'one of 3 never answers, all the time; measured from the first timeout on',
    places: 3,
    bad: 1,
    conduct: silence,
    from: usual.timeout.send,
  },
].map(badCase);

function badCase(bad: Bad): Case {
  const { name, what } = bad;
  return { name, what, run: (conditions) => account(bad, conditions) };
}

function account(
  { places, bad, conduct, work = 10, from = 0 }: Bad,
  { quick }: Conditions,
): Promise<Account> {
  const length = from + (quick ? 1_500 : 3_000);
  return withDay({ places, capacity }, async (day) => {
    const { recording } = day;
    day.places.forEach(({ proxy }, index) => {
      proxy.conduct = index < bad ? conduct : late(work);
    });
    /** Events delivered, without so many of the places. */
    const measure = async (skipped: number): Promise<number> => {
      const begun = performance.now();
      await day.balance(day.entriesFor(length), day.connections().slice(skipped));
      return recording.deliveredBetween(begun + from, begun + length);
    };
    const ratios: number[] = [];
    for (let left = quick ? rounds.quick : rounds.full; left > 0; left--) {
      const without = await measure(bad);
      ratios.push((await measure(0)) / without);
    }
    const statement = await day.statement();
    const percent = 100 * median(ratios);
    const dropped = recording.droppedInVain(day.places.slice(0, bad).map(({ name }) => name));
    const failed = recording.errorsOf(day.first.name).length > 0;
    return {
      statement,
      latency: recording.latency(),
      problems: [
        ...(failed ? [] : ['expected the bad place to fail']),
        ...(dropped === 0 ? [] : [`${dropped} events were dropped although there were good places`]),
      ],
      goals: [
        {
          what: 'throughput, of that of the good places alone',
          asked: '95 %',
          measured: percent,
          unit: '%',
          reached: percent >= 95,
        },
      ],
    };
  });
}
