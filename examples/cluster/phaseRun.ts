/** One phase: so many workers, first in peace, then in a storm. */
import { once, setMaxListeners } from 'node:events';
import type { CollectorProcess } from '../ship/collectorProcess.js';
import type { Backlog } from './backlog.js';
import { Fleet } from './fleet.js';
import { outcomesIn } from './messages.js';
import type { Kill, Phase } from './plan.js';
import type { Progress } from './progress.js';
import type { Publisher } from './publisher.js';
import type { JetStreamServer } from './server.js';
import type { ClusterSettings } from './settings.js';
import { rage, type Victim } from './storm.js';
import { Throughput, type Measurement } from './throughput.js';

/** Where it runs. */
export interface Stage {
  readonly settings: ClusterSettings;
  readonly server: JetStreamServer;
  readonly collectors: readonly CollectorProcess[];
  readonly publisher: Publisher;
  readonly backlog: Backlog;
  readonly progress: Progress;
  readonly stop: AbortSignal;
}

/** What one worker has done. */
export interface WorkerShare {
  readonly name: string;
  readonly delivered: number;
  /** Of what its phase has delivered: from 0 to 1. */
  readonly share: number;
}

/** How a phase went. */
export interface PhaseResult {
  readonly workers: number;
  readonly events: number;
  /** In peace: everything was published before, and nothing was killed. */
  readonly calm: Measurement | undefined;
  /** From the first event of the storm to the settling of the last one. */
  readonly storm: Measurement;
  readonly kills: Readonly<Record<Kill['what'], number>>;
  /** How many events were delivered at a second attempt or later, by the word of the workers. */
  readonly retried: number;
  /** By the word of the workers; what one had not said before it was killed is missing. */
  readonly shares: readonly WorkerShare[];
}

/** Runs it; its workers end with it. */
export async function runPhase(stage: Stage, phase: Phase, title: string): Promise<PhaseResult> {
  const { settings, server, collectors, publisher, backlog, progress, stop } = stage;
  const { from, storm, to, duration, kills } = phase;
  const { batch, latency, window } = settings;
  const throughput = new Throughput();
  const fleet = new Fleet(
    phase.workers,
    {
      server: server.url,
      collectors: collectors.map(({ name, url }) => ({ name, url })),
      batch,
      window,
      latency,
    },
    () => {
      throughput.note(fleet.tally.at, outcomesIn(fleet.tally));
    },
  );
  const over = new AbortController();
  const end = AbortSignal.any([stop, over.signal]);
  // Each wait of the storm listens to it.
  setMaxListeners(0, end);
  const unlessFailed = <V>(work: Promise<V>): Promise<V> => Promise.race([work, fleet.failure, aborted(end)]);
  const killNow = (): void => {
    fleet.killNow();
  };
  process.once('exit', killNow);
  try {
    progress.join(fleet);
    progress.enter(`${title}: publishing ahead`);
    await unlessFailed(Promise.all([publisher.publish({ from, to: storm }, end), fleet.start()]));
    progress.enter(`${title}: calm`);
    fleet.begin();
    progress.began(fleet);
    await unlessFailed(backlog.drained(end));
    const calm = throughput.measure();
    progress.enter(`${title}: storm`);
    const began = performance.now();
    await unlessFailed(
      Promise.all([
        publisher.publish({ from: storm, to, rate: ((to - storm) * 1_000) / duration }, end),
        rage(kills, (kill) => victimOf(kill, fleet, stage), progress, end),
      ]),
    );
    progress.enter(`${title}: waiting for what killed workers had`);
    await unlessFailed(backlog.drained(end));
    const seconds = (performance.now() - began) / 1_000;
    await unlessFailed(fleet.drain());
    const { delivered, retried } = fleet.tally;
    return {
      workers: phase.workers,
      events: to - from,
      calm,
      storm: { events: to - storm, seconds, eventsPerSecond: Math.round((to - storm) / seconds) },
      kills: countsOf(kills),
      retried,
      shares: fleet.workers.map(({ name, tally }) => ({
        name,
        delivered: tally.delivered,
        share: delivered === 0 ? 0 : tally.delivered / delivered,
      })),
    };
  } finally {
    // First, so that nobody is started in the place of those that are killed here.
    over.abort();
    await fleet.kill();
    process.off('exit', killNow);
  }
}

/** Rejects when it is aborted. */
async function aborted(signal: AbortSignal): Promise<never> {
  signal.throwIfAborted();
  await once(signal, 'abort');
  throw signal.reason;
}

function victimOf({ what, index }: Kill, fleet: Fleet, { collectors, server }: Stage): Victim {
  if (what === 'server') {
    return { name: server.name, kill: () => server.stop(), start: () => server.start() };
  }
  const victim = { worker: fleet.workers, collector: collectors }[what][index];
  if (victim === undefined) {
    throw new Error(`there is no ${what} ${index}`);
  }
  return victim;
}

function countsOf(kills: readonly Kill[]): PhaseResult['kills'] {
  const counts = { worker: 0, collector: 0, server: 0 };
  for (const { what } of kills) {
    counts[what]++;
  }
  return counts;
}
