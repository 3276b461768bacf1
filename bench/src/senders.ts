/** The places that events go to: they count what arrives, and answer at once. */
import type { Tally } from './arrivals.js';
import type { Send } from './work.js';

/** Makes a sender that counts into a tally. */
export type MakeSender<A> = (tally: Tally) => Send<A>;

/** An async function: a promise that is already resolved. */
export const promiseSender: MakeSender<Promise<number>> = (tally) => async (event) => {
  tally.add(event);
  return event;
};

/** As many as there are connections, each a function of its own. */
export function sendersOf<A>(count: number, make: MakeSender<A>, tally: Tally): Send<A>[] {
  return Array.from({ length: count }, () => make(tally));
}

/** The events: 0, 1, 2 … */
export function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
