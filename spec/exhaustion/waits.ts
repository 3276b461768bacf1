/** The waits after failures: the world ends them when it likes. */
import { Observable } from 'rxjs';
import type { Known, Wait } from './known.js';
import type { Place } from './place.js';

/**
 * What the balancer is told when it asks how long to wait.
 * @param known What is known of the world.
 * @param error What has failed.
 * @param count How many failures in a row there were.
 * @returns Ends when the world ends it.
 */
export function waitAfter(known: Known, error: unknown, count: number): Observable<unknown> {
  const place = ownerOf(known, error);
  const isPause = place.wantsPause;
  place.wantsPause = false;
  lookAtTheCount(known, place, count, isPause ? place.pauseCount : ++place.failures);
  return new Observable((subscriber) => {
    const wait: Wait = {
      place,
      isPause,
      end: () => {
        if (isPause) {
          place.goesOn();
        }
        known.lineUp();
        subscriber.next(undefined);
      },
      giveUp: () => {
        place.givesUp(isPause);
        known.lineUp();
        subscriber.complete();
      },
    };
    known.waits.add(wait);
    return () => {
      known.waits.delete(wait);
    };
  });
}

/** Time that passes makes failures forgotten; what is done inside of an outcome may come before or after one (R13). */
function lookAtTheCount(known: Known, { name }: Place, count: number, failures: number): void {
  const least = known.clock.frame === 0 ? failures : 1;
  if (known.plan.inside === undefined && (count < least || count > failures)) {
    known.note(`${name} waits after ${count} failures, which were ${failures}`);
  }
}

/** Errors say whose they are; only a timeout of connecting does not. */
function ownerOf({ members, clock, plan }: Known, error: unknown): Place {
  const name = /connection "(.)"/.exec((error as Error).message)?.[1];
  const owner =
    name === undefined
      ? members
          .filter(({ connectingSince }) => clock.frame >= connectingSince + plan.options.timeout.connect)
          .reduce((first, place) => (place.connectingAs < first.connectingAs ? place : first))
      : members.find((place) => place.name === name);
  if (owner === undefined) {
    throw new Error('a wait for nobody', { cause: error });
  }
  return owner;
}
