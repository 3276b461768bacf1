/** What a small world knows of one connection and of its sends: enough to say exactly whether it is ready. */
import type { Observer } from 'rxjs';
import type { ConnectionState } from '../../src/index.js';
import type { Hub } from '../properties/hub.js';
import type { Passage } from './passage.js';
import type { PlacePlan } from './plan.js';

/** One connection. */
export class Place {
  state: ConnectionState | 'closed' = 'closed';
  connectingSince = Infinity;
  /** Which of all timers for connecting its own is: those that are due at the same moment ring in this order. */
  connectingAs = 0;
  window = 1;
  listed = true;
  /** Whether it takes part; in a backoff it does. */
  member = false;
  /** How often it has joined: who joins anew knows nothing of what was before. */
  joins = 0;
  /** A send has failed such that the connection is to be opened again. */
  failed = false;
  /** It takes no more events, ever: its states have ended, or its pause never does. */
  completed = false;
  /** It is not opened again. */
  hasGivenUp = false;
  /** It was listed again on its way out, and joins anew when it is closed. */
  returns = false;
  paused = false;
  /** It has to pause, and nobody has asked yet for how long. */
  wantsPause = false;
  /** Which failure in a row has led to its last pause. */
  pauseCount = 0;
  /** How many sends there had been when its last pause began. */
  pausedAfter = -1;
  /** Until when it pauses, where it has said so itself. */
  pausedUntil = Infinity;
  probation = false;
  /** Waits in a row, without a success. */
  failures = 0;
  /** Events delivered since it has joined. */
  successes = 0;
  /** Its place in line; 0 while it is not ready. */
  turn = 0;
  /** What is in flight, oldest first. */
  flights: Flight[] = [];

  /**
   * @param name Its name.
   * @param plan What it is like.
   * @param states Its states.
   * @param sizes Its window, where that is a stream.
   */
  constructor(
    readonly name: string,
    readonly plan: PlacePlan,
    readonly states: Hub<ConnectionState>,
    readonly sizes: Hub<number>,
  ) {}

  /** Whether it is up, and nothing forbids it to pull for good; one that pauses or is busy is active. */
  get active(): boolean {
    return this.state === 'up' && this.listed && this.member && !this.failed && !this.completed;
  }

  /** Whether it would pull if it were not busy. */
  get available(): boolean {
    return this.active && !this.paused && this.window > 0;
  }

  /** Whether it takes an event now. */
  get ready(): boolean {
    return this.available && this.flights.length < (this.probation ? 1 : this.window);
  }

  /** It is opened. */
  opened(): void {
    if (!this.member) {
      this.member = true;
      this.joins++;
      this.completed = this.hasGivenUp = this.paused = this.wantsPause = this.probation = false;
      this.pausedAfter = -1;
      this.failures = this.successes = 0;
      this.window = this.plan.window === 'stream' ? 1 : this.plan.window;
    }
    this.failed = false;
    this.state = 'connecting';
  }

  /** It is closed. What is in flight when its states have ended is still answered. */
  closed(): void {
    this.connectingSince = Infinity;
    if (this.completed && this.flights.length > 0) {
      return;
    }
    this.state = 'closed';
    if (!this.listed || this.completed || this.hasGivenUp) {
      this.leaves();
    } else {
      this.probation = true;
    }
  }

  /** It takes part no longer, and joins anew if it was listed again meanwhile. */
  leaves(): void {
    this.state = 'closed';
    this.member = this.paused = false;
    if (this.returns) {
      this.returns = this.completed = this.hasGivenUp = false;
    }
  }

  /** It breaks by itself. */
  breaks(): void {
    this.broke();
    this.state = 'down';
    this.connectingSince = Infinity;
  }

  /** It is listed, or no longer. */
  list(listed: boolean): void {
    this.listed = listed;
    this.returns = listed && this.member && this.completed;
    if (listed && !this.member) {
      this.completed = this.hasGivenUp = false;
    } else if (!listed && this.states.open === 0 && this.flights.length === 0) {
      this.leaves();
    }
  }

  /** A send of it succeeded, perhaps in part. */
  succeeded(): void {
    this.probation = false;
    this.failures = 0;
  }

  /** A send of it has failed such that it pauses. One that was in flight already makes no pause longer. */
  busy(turn: number, sends: number): void {
    this.probation = true;
    if (!this.paused && !this.failed && turn > this.pausedAfter) {
      this.paused = this.wantsPause = true;
      this.pauseCount = ++this.failures;
      this.pausedAfter = sends;
    }
  }

  /** The connection has failed. An answer that it is busy, at the same moment, makes no difference then. */
  broke(): void {
    if (this.wantsPause) {
      this.paused = this.wantsPause = false;
      this.failures--;
    }
    this.failed = this.probation = true;
  }

  /** There is to be no next try. In a pause it still finishes what is in flight. */
  givesUp(isPause: boolean): void {
    if (isPause) {
      this.completed = true;
    } else {
      this.hasGivenUp = true;
    }
    if (this.states.open === 0 && this.flights.length === 0) {
      this.leaves();
    }
  }

  /** Its pause is over. */
  goesOn(): void {
    this.paused = false;
    this.pausedUntil = Infinity;
  }
}

/** One send. */
export class Flight {
  /** How the send answers; there is nothing to say before somebody listens. */
  observer: Observer<unknown> | undefined;
  /** Whether the balancer no longer waits for it. */
  over = false;
  cancelled = false;
  /** Those that no result has named, by position; a hole for each that one has. */
  readonly left: (Passage | undefined)[];
  named = 0;
  delivered = 0;

  /**
   * @param place Where.
   * @param passages What is sent.
   * @param turn The number of the send.
   * @param startedAt When.
   */
  constructor(
    readonly place: Place,
    readonly passages: readonly Passage[],
    readonly turn: number,
    readonly startedAt: number,
  ) {
    this.left = [...passages];
  }

  /** It is over, however it ended: what no result has named. */
  land(): Passage[] {
    this.over = true;
    this.place.flights = this.place.flights.filter((flight) => flight !== this);
    return this.left.filter((passage) => passage !== undefined);
  }

  /** A result names one of them. */
  name(index: number): Passage | undefined {
    const passage = this.left[index];
    this.left[index] = undefined;
    this.named++;
    return passage;
  }
}
