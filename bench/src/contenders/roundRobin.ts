/** One send for all senders, which take turns: for contenders that know a single function to call. */
import type { Send } from '../work.js';

export function roundRobin<A>(senders: readonly Send<A>[]): Send<A> {
  let turn = 0;
  return (event) => senders[turn++ % senders.length](event);
}
