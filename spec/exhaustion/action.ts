/** One thing that happens in a small world. */
import type { Wait } from './known.js';
import type { Flight, Place } from './place.js';
import type { Deed } from './plan.js';

/** What happens, and to whom. */
export interface Action {
  /** `undefined` where nothing happens. */
  readonly deed: Deed | undefined;
  readonly place?: Place;
  readonly flight?: Flight;
  /** Which event of a batch. */
  readonly index?: number;
  readonly wait?: Wait;
}

/** A line of a script that somebody can follow. */
export function inWords({ deed, place, flight, index, wait }: Action, now: number): string {
  const does = deed ?? 'nothing happens';
  if (place !== undefined) {
    return `${now}: ${place.name} ${does}`;
  }
  if (flight !== undefined) {
    const events = flight.passages.map(({ event }) => event).join();
    const which = index === undefined ? '' : ` (${flight.passages[index]?.event ?? ''})`;
    return `${now}: ${flight.place.name}, sent ${events}, ${does}${which}`;
  }
  if (wait !== undefined) {
    return `${now}: ${wait.place.name} ${does}${wait.isPause ? ', which was a pause' : ''}`;
  }
  if (does === 'freezes') {
    return `${now}: the membership freezes`;
  }
  return does === 'emits' || does === 'ends' || does === 'fails'
    ? `${now}: the source ${does}`
    : `${now}: ${does}`;
}
