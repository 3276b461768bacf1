/** A scenario in which queue and balancer are made once, and bursts are fed into them. */
import { Tally } from './arrivals.js';
import { measure } from './measure.js';
import type { Case, Scenario } from './scenario.js';
import { numbers, promiseSender, sendersOf } from './senders.js';
import type { oneByOne } from './feed.js';
import type { LiveContender } from './work.js';

/** A contender, loaded when it is its turn. */
export interface LiveEntry extends Pick<Case, 'name' | 'does' | 'reference'> {
  readonly load: () => Promise<LiveContender>;
}

/**
 * Over 4 connections with a window of 1, whose sends return a promise that is resolved already; in bursts of 10,000.
 * @param feed How a burst goes in.
 */
export function liveContest(
  name: string,
  about: string,
  feed: typeof oneByOne,
  entries: readonly LiveEntry[],
): Scenario {
  return { name, about, cases: entries.map((entry) => caseOf(entry, feed)) };
}

function caseOf({ load, ...described }: LiveEntry, feed: typeof oneByOne): Case {
  return {
    ...described,
    run: async (effort) => {
      const contender = await load();
      const arrivals = new Tally();
      const senders = sendersOf(4, promiseSender, arrivals);
      const events = numbers(10_000 * effort.share);
      const ship = feed(events, (settled) => contender({ senders, window: 1, attempts: 3 }, settled));
      return measure({ events: events.length, ship, arrivals }, effort);
    },
  };
}
