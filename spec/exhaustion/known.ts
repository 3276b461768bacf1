/** What a small world knows of a balancer: what it was given, and what that has to lead to. */
import type { FailureKind } from '../../src/index.js';
import { Timeline } from './timeline.js';
import { Passage } from './passage.js';
import type { Flight, Place } from './place.js';
import type { Plan } from './plan.js';

/** A wait that the balancer has asked for, after a failure of a connection. */
export interface Wait {
  readonly place: Place;
  /** Otherwise it is the wait before the connection is opened again. */
  readonly isPause: boolean;
  readonly end: () => void;
  readonly giveUp: () => void;
}

/** All that is known. */
export class Known {
  readonly clock = new Timeline();
  /** The events, by number. */
  readonly passages: Passage[] = [];
  readonly waits = new Set<Wait>();
  /** How many sends there have been. */
  sends = 0;
  /** How many connections have said how long they are busy, and how often one has begun to connect. */
  pauses = 0;
  connecting = 0;
  sourceOver: 'completion' | 'error' | undefined;
  sourceOverAt = Infinity;
  /** Whether the balancer was told to close. */
  closing = false;
  ended: 'completion' | 'error' | 'unsubscription' | undefined;
  /** Whether nobody can join any more. */
  frozen: boolean;
  /** Since when no connection is up. */
  outageSince = 0;
  /** What an iterator was asked, and told. */
  readonly iterator = { asked: false, exhausted: false, returns: 0 };
  /** How many waited before the step. */
  waitingBefore = 0;
  /** What the balancer did that it must not, first of all. */
  broken: string | undefined;
  /** How often an event has been put back, and how often before the step. */
  putBacks = 0;
  putBacksBefore = 0;
  private places = 0;

  /**
   * @param plan The world.
   * @param members Its connections.
   */
  constructor(
    readonly plan: Plan,
    readonly members: readonly Place[],
  ) {
    this.frozen = plan.may['is removed'] === undefined;
  }

  /** The balancer has done what it must not. */
  note(what: string): void {
    this.broken ??= what;
  }

  // ---- What can be said of the moment

  /** The events that wait for a send. */
  get waiting(): Passage[] {
    return this.passages.filter(({ at }) => at === 'queue');
  }

  /** Whether `drainTimeout` has passed, or passes now. */
  get drained(): boolean {
    return this.clock.frame >= this.sourceOverAt + (this.plan.options.drainTimeout ?? Infinity);
  }

  /** How many connections are up and not pausing. */
  get available(): number {
    let available = 0;
    for (const place of this.members) {
      available += place.available ? 1 : 0;
    }
    return available;
  }

  /** Whether no connection is left, and none can come. */
  get deserted(): boolean {
    return this.frozen && this.members.every(({ member }) => !member);
  }

  /** When an event has waited for too long, if no connection comes up before. */
  expiryOf({ since, limit, used }: Passage): number {
    const { wait } = this.plan.options.timeout;
    return wait === Infinity || limit === Infinity
      ? Infinity
      : Math.max(since, this.outageSince) + wait * (limit - used);
  }

  /** Whether an event waits for another connection than this one. */
  refuses(passage: Passage, place: Place): boolean {
    return (
      passage.putBacks > 0 &&
      this.clock.frame < passage.since + this.plan.options.timeout.send &&
      passage.avoids(place, this.available)
    );
  }

  // ---- What happens

  /** An event comes. */
  arrives(): Passage {
    const { plan, passages, clock } = this;
    const event = passages.length;
    const limit = plan.guarantees?.includes(event) === true ? Infinity : (plan.options.maxAttempts ?? 3);
    const passage = new Passage(event, limit, clock.frame);
    passages.push(passage);
    return passage;
  }

  /** A send is over, and has succeeded unless results say otherwise. */
  completes(flight: Flight, value: unknown): void {
    const { place, turn } = flight;
    const left = flight.land();
    if (flight.named === 0) {
      place.successes += left.length;
      place.succeeded();
      for (const passage of left) {
        passage.due = { by: place, value };
      }
    } else {
      this.putBack(left, place, flight.delivered === 0);
      if (flight.delivered > 0) {
        place.succeeded();
      } else if (left.length > 0) {
        place.busy(turn, this.sends);
      }
    }
    this.lineUp();
  }

  /** A send has failed. */
  fails(flight: Flight, kind: FailureKind): void {
    const { place, turn, delivered } = flight;
    const left = flight.land();
    switch (kind) {
      case 'rejected':
        for (const passage of left) {
          passage.due = 'rejected';
        }
        place.succeeded();
        break;
      case 'temporary':
        this.putBack(left, place, delivered === 0);
        place.busy(turn, this.sends);
        if (delivered > 0) {
          place.succeeded();
        }
        break;
      case 'connection':
        this.putBack(left, place, delivered === 0);
        place.broke();
        break;
    }
    this.lineUp();
  }

  /** The balancer has cancelled a send: its time was over, or its connection's. */
  isCancelled(flight: Flight): void {
    const { place, startedAt, delivered } = flight;
    const late = this.clock.frame >= startedAt + this.plan.options.timeout.send;
    const isUp = place.state === 'up';
    flight.cancelled = true;
    if (this.ended !== undefined || (isUp && (this.closing || (this.drained && !late)))) {
      flight.land();
      return;
    }
    if (isUp && !place.failed && !late) {
      this.note(`a send on ${place.name} is cancelled for no reason`);
    }
    this.putBack(flight.land(), place, delivered === 0);
    if (late && isUp) {
      place.broke();
    }
    this.lineUp();
  }

  /** One event of a batch has its result. */
  names(flight: Flight, index: number, result: 'delivered' | 'failed' | 'rejected'): void {
    const { place, turn } = flight;
    const passage = flight.name(index);
    if (passage === undefined) {
      return;
    }
    if (result === 'failed') {
      this.putBack([passage], place, true);
      place.busy(turn, this.sends);
    } else if (result === 'rejected') {
      passage.due = 'rejected';
      place.succeeded();
    } else {
      flight.delivered++;
      place.successes++;
      passage.due = { by: place, value: passage.event };
      place.succeeded();
    }
    this.lineUp();
  }

  private putBack(passages: readonly Passage[], place: Place, counts: boolean): void {
    for (const passage of passages) {
      passage.failed(place, counts, this.clock.frame, ++this.putBacks, this.passages.length);
    }
  }

  /** Something has changed: who has become ready goes to the back of the line. */
  lineUp(): void {
    let active = 0;
    for (const place of this.members) {
      if (place.completed && place.member && place.flights.length === 0 && place.states.open === 0) {
        place.leaves();
      }
      active += place.active ? 1 : 0;
      if (!place.ready) {
        place.turn = 0;
      } else if (place.turn === 0) {
        place.turn = ++this.places;
      }
    }
    if (active > 0) {
      this.outageSince = Infinity;
    } else if (this.outageSince === Infinity) {
      this.outageSince = this.clock.frame;
    }
  }

  /** It has had its turn. */
  toTheBack(place: Place): void {
    place.turn = 0;
    this.lineUp();
  }
}
