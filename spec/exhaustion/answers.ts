/** What a send in flight may say. */
import { RejectedError, TemporaryError } from '../../src/index.js';
import type { Action } from './action.js';
import type { Known } from './known.js';
import type { Flight } from './place.js';

/** How long a connection pauses that says so itself. */
const busyFor = 4;

/** It is noted first, and then said: what the balancer does meanwhile is seen to. */
export function answer(known: Known, { deed, index = 0 }: Action, flight: Flight): void {
  const { place, observer, passages, turn } = flight;
  const whose = `connection "${place.name}"`;
  switch (deed) {
    case 'delivers': {
      const value = place.plan.batch === undefined ? `${place.name}${turn}` : undefined;
      known.completes(flight, value);
      if (value !== undefined) {
        observer?.next(value);
      }
      observer?.complete();
      return;
    }
    case 'throws':
      known.fails(flight, 'connection');
      return;
    case 'breaks off':
      known.fails(flight, 'connection');
      observer?.error(new Error(`${whose} broke off`));
      return;
    case 'is busy':
      known.fails(flight, 'temporary');
      observer?.error(new TemporaryError(`${whose} is busy`));
      return;
    case 'is busy for a while': {
      // No other timer ends at the same moment, so that it is known which one does.
      const retryAfter = busyFor + 2 ** -++known.pauses;
      const { failures } = place;
      known.fails(flight, 'temporary');
      if (place.wantsPause) {
        place.wantsPause = false;
        place.failures = Math.min(place.failures, failures);
        place.pausedUntil = known.clock.frame + retryAfter;
      }
      observer?.error(new TemporaryError(`${whose} is busy`, { retryAfter }));
      return;
    }
    case 'rejects':
      known.fails(flight, 'rejected');
      observer?.error(new RejectedError(`${whose} rejects`));
      return;
    case 'delivers one':
      known.names(flight, index, 'delivered');
      observer?.next([{ index, status: 'delivered', value: passages[index]?.event }]);
      return;
    case 'fails one':
      known.names(flight, index, 'failed');
      observer?.next([{ index, status: 'failed', error: new Error(`${whose}: one failed`) }]);
      return;
    case 'rejects one':
      known.names(flight, index, 'rejected');
      observer?.next([{ index, status: 'failed', error: new RejectedError(`${whose} rejects one`) }]);
      return;
    default:
      answerAll(flight);
  }
}

/** A send that was cancelled says all that it could have said. */
export function answerAll({ observer }: Flight): void {
  observer?.next([{ index: 0, status: 'delivered', value: 'late' }]);
  observer?.complete();
  observer?.error(new Error('late'));
}
