/** How far it is. */
import { Rates } from '../ship/rates.js';
import type { Standing } from './backlog.js';
import type { Fleet } from './fleet.js';
import type { Kill } from './plan.js';
import type { ProcessSnapshot, ProcessState, Snapshot } from './snapshot.js';
import type { Victim, Witness } from './storm.js';

/** So many notices are kept. */
const noticesKept = 6;

/** What is looked at. */
export interface Watched {
  readonly events: number;
  readonly collectors: readonly { readonly name: string }[];
  readonly published: () => number;
  readonly standing: () => Standing;
}

/** Keeps what the displays show. */
export class Progress implements Witness {
  private readonly begun = performance.now();
  private readonly states = new Map<string, { state: ProcessState; kills: number }>();
  private readonly notices: string[] = [];
  private step = 'starting';
  private fleet: Fleet | undefined;
  /** What earlier phases have settled. */
  private settled = 0;
  private deadLetters = 0;
  private rates: Rates | undefined;

  /**
   * @param watched What to look at.
   * @param told Takes what happens.
   */
  constructor(
    private readonly watched: Watched,
    private readonly told: (text: string) => void,
  ) {}

  /** Something happened. */
  notice(text: string): void {
    this.notices.push(text);
    this.notices.splice(0, this.notices.length - noticesKept);
    this.told(text);
  }

  /** What is being done from now on. */
  enter(step: string): void {
    this.step = step;
    this.notice(step);
  }

  /** A phase begins, with workers of its own. */
  join(fleet: Fleet): void {
    this.leave();
    this.fleet = fleet;
    this.rates = undefined;
    this.all(fleet, 'starting');
  }

  /** Its workers take events. */
  began(fleet: Fleet): void {
    this.all(fleet, 'up');
  }

  private all(fleet: Fleet, state: ProcessState): void {
    for (const { name } of fleet.workers) {
      this.states.set(name, { state, kills: 0 });
    }
  }

  private leave(): void {
    const { deadLetters = 0, delivered = 0 } = this.fleet?.tally ?? {};
    this.settled += delivered + deadLetters;
    this.deadLetters += deadLetters;
    this.fleet = undefined;
  }

  killed({ what }: Kill, { name }: Victim): void {
    this.states.set(name, { state: 'killed', kills: this.known(name).kills + 1 });
    this.notice(what === 'server' ? `${name}: stopped (SIGTERM)` : `${name}: killed (SIGKILL)`);
  }

  restarted(kill: Kill, { name }: Victim): void {
    this.states.set(name, { ...this.known(name), state: 'up' });
    this.notice(kill.what === 'worker' ? `${name}: another one in its place` : `${name}: started again`);
  }

  snapshot(): Snapshot {
    const { begun, fleet, notices, step, watched } = this;
    const { published, standing, events, collectors } = watched;
    const tallies = fleet?.workers.map(({ name, tally }) => ({ name, ...tally })) ?? [];
    const counts = tallies.map(({ delivered }) => delivered);
    const delivered = counts.reduce((sum, count) => sum + count, 0);
    const dead = tallies.reduce((sum, tally) => sum + tally.deadLetters, 0);
    const now = performance.now();
    this.rates ??= new Rates(now, counts.length);
    const rates = this.rates.at(now, counts);
    const { unacknowledged, waiting } = standing();
    return {
      elapsed: now - begun,
      step,
      events,
      published: published(),
      settled: this.settled + delivered + dead,
      deadLetters: this.deadLetters + dead,
      rate: rates.reduce((sum, rate) => sum + rate, 0),
      waiting,
      unacknowledged,
      server: this.processOf('nats-server'),
      collectors: collectors.map(({ name }) => this.processOf(name)),
      workers: tallies.map((tally, at) => ({
        ...this.processOf(tally.name),
        delivered: tally.delivered,
        share: delivered === 0 ? 0 : tally.delivered / delivered,
        rate: rates[at] ?? 0,
      })),
      notices: [...notices],
    };
  }

  /** There is nothing more to say at the end. */
  summary(): Snapshot {
    return this.snapshot();
  }

  private processOf(name: string): ProcessSnapshot {
    return { name, ...this.known(name) };
  }

  private known(name: string): { state: ProcessState; kills: number } {
    return this.states.get(name) ?? { state: 'up', kills: 0 };
  }
}
