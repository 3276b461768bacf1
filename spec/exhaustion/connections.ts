/** The connections of a small world, as the balancer gets them. */
import type { ObservableInput, Subscriber } from 'rxjs';
import type { BatchConnection, Connection, ConnectionState, ItemResult } from '../../src/index.js';
import { Hub } from '../properties/hub.js';
import { Place } from './place.js';
import type { PlacePlan } from './plan.js';
import type { Sends } from './sends.js';

/** A member of the list. */
export type Member = Connection<number> | BatchConnection<number>;

/** A connection, of which nothing has happened. */
export function placeFor(
  plan: PlacePlan,
  name: string,
  open: (place: Place, subscriber: Subscriber<ConnectionState>) => void,
): Place {
  const states = new Hub<ConnectionState>((subscriber) => {
    open(place, subscriber);
    return undefined;
  });
  const place = new Place(name, plan, states, new Hub(() => undefined));
  return place;
}

/** The same as the balancer sees it. */
export function memberAt(place: Place, sends: Sends): Member {
  const { name, states, sizes } = place;
  const { window, batch } = place.plan;
  const base = { name, state$: states.stream$, window: window === 'stream' ? sizes.stream$ : window };
  return batch === undefined
    ? { ...base, send: (event: number, context) => sends.send(place, [event], context) }
    : {
        ...base,
        batch: {
          ...batch,
          send: (events: readonly number[], context) =>
            sends.send(place, events, context) as ObservableInput<ItemResult[]>,
        },
      };
}
