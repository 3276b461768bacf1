/** A scenario in which contenders ship the same bursts over the same senders. */
import { Tally } from './arrivals.js';
import { measure } from './measure.js';
import type { Case, Scenario } from './scenario.js';
import { numbers, sendersOf, type MakeSender } from './senders.js';
import type { Contender } from './work.js';

/** A contender, loaded when it is its turn: a process holds no library but the one that it measures. */
export interface Entry<A> extends Pick<Case, 'name' | 'does' | 'reference'> {
  readonly load: () => Promise<Contender<A>>;
}

/** What all contenders of a scenario have in common. */
export interface Rules<A> {
  readonly events: number;
  readonly connections: number;
  readonly window: number;
  readonly attempts?: number;
  /** Makes one of the senders; loaded when needed as well. */
  readonly sender: () => Promise<MakeSender<A>>;
}

export function contest<A>(
  name: string,
  about: string,
  rules: Rules<A>,
  entries: readonly Entry<A>[],
): Scenario {
  return { name, about, cases: entries.map((entry) => caseOf(entry, rules)) };
}

function caseOf<A>({ load, ...described }: Entry<A>, rules: Rules<A>): Case {
  return {
    ...described,
    run: async (effort) => {
      const [contender, make] = await Promise.all([load(), rules.sender()]);
      const { window, attempts = 3 } = rules;
      const arrivals = new Tally();
      const senders = sendersOf(rules.connections, make, arrivals);
      const events = numbers(rules.events * effort.share);
      const ship = () => contender({ events, senders, window, attempts });
      return measure({ events: events.length, ship, arrivals }, effort);
    },
  };
}
