/** What happens when: everything that is left to chance follows from the seed. */
import { randomFrom } from '../ship/randomFrom.js';

/** How many workers there are in one phase after the other, and which part of the events each phase has. */
const phases = [
  { workers: 1, share: 1 / 4 },
  { workers: 2, share: 1 / 4 },
  { workers: 4, share: 1 / 2 },
] as const;

/** This part of a phase's events is delivered in peace, and measured. */
const calmShare = 0.8;

/** When something can be killed in a storm: from 0 to 1. What is started in its place shall see some of it, too. */
const earliest = 0.05;
const latest = 0.75;

/** Something that is killed with SIGKILL; the server is stopped, and started again. */
export interface Kill {
  readonly what: 'worker' | 'collector' | 'server';
  /** Which of them, from 0. */
  readonly index: number;
  /** When, in milliseconds since the storm began. */
  readonly at: number;
  /** How long it is gone, in milliseconds, beside the time that it takes to start. */
  readonly outage: number;
}

/** One phase. */
export interface Phase {
  readonly workers: number;
  /** The first event of the calm part, the first of the storm, and the first of the next phase. */
  readonly from: number;
  readonly storm: number;
  readonly to: number;
  /** How long the storm's events take to be published at least, in milliseconds. */
  readonly duration: number;
  /** By time. */
  readonly kills: readonly Kill[];
}

/** What a plan is made from. */
export interface PlanConfig {
  readonly events: number;
  readonly seed: number;
  readonly collectors: number;
  /** Shorter storms. */
  readonly quick: boolean;
}

/** Makes the phases. */
export function planFrom({ events, seed, collectors, quick }: PlanConfig): Phase[] {
  const random = randomFrom(seed);
  let from = 0;
  let share = 0;
  return phases.map((phase, at) => {
    share += phase.share;
    const isLast = at === phases.length - 1;
    const to = Math.round(events * share);
    const storm = from + Math.round((to - from) * calmShare);
    const duration = (quick ? 2_000 : 6_000) * (isLast ? 2 : 1);
    const kill = (what: Kill['what'], of: number, shortest: number, longest: number): Kill => ({
      what,
      index: Math.floor(random() * of),
      at: Math.round(duration * (earliest + random() * (latest - earliest))),
      outage: Math.round(shortest + random() * (longest - shortest)),
    });
    const many = (count: number, make: () => Kill): Kill[] => Array.from({ length: count }, make);
    const kills = [
      ...many(isLast ? 4 : 2, () => kill('worker', phase.workers, 0, 500)),
      ...many(isLast ? 2 : 1, () => kill('collector', collectors, 200, 1_000)),
      ...many(isLast ? 1 : 0, () => kill('server', 1, 200, 1_000)),
    ].sort((one, other) => one.at - other.at);
    const planned = { workers: phase.workers, from, storm, to, duration, kills };
    from = to;
    return planned;
  });
}
