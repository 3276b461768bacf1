/** What is measured, run by run, and what is made of it. */
import type { Machine } from './machine.js';

/** A process that shipped bursts. Of its bursts, the median, and the ends. */
export interface Timed {
  readonly kind: 'timed';
  readonly nsPerEvent: number;
  readonly fastest: number;
  readonly slowest: number;
  readonly bursts: number;
  /** Processor time of the process, an event. */
  readonly processorNs?: number;
}

/** A process that looked at something other than time; each figure is named with its unit. */
export interface Figured {
  readonly kind: 'figured';
  readonly figures: Readonly<Record<string, number>>;
}

/** A process whose events did not all arrive, or that ended in another way than it should. */
export interface Failed {
  readonly kind: 'failed';
  readonly error: string;
}

export type Measured = Timed | Figured;

/** What one process has to say. Peak memory is in bytes. */
export type Run = (Measured & { readonly peakMemory: number }) | Failed;

export interface CaseResult {
  readonly name: string;
  readonly does: string;
  /** Whether the others are compared to it. */
  readonly reference: boolean;
  readonly runs: readonly Run[];
}

export interface ScenarioResult {
  readonly name: string;
  readonly about: string;
  readonly cases: readonly CaseResult[];
}

export interface Results {
  readonly date: string;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly options: { readonly runs: number; readonly quick: boolean; readonly words: string };
  readonly scenarios: readonly ScenarioResult[];
}

/** The median of several runs, and the ends. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function spread(values: readonly number[]): Spread | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [lower, upper] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return sorted.length === 0
    ? undefined
    : { median: (lower + upper) / 2, min: sorted[0], max: sorted[sorted.length - 1] };
}

/** Nanoseconds an event, over all runs. */
export function nsPerEvent({ runs }: Pick<CaseResult, 'runs'>): Spread | undefined {
  return spread(runs.flatMap((run) => (run.kind === 'timed' ? [run.nsPerEvent] : [])));
}

/** Nanoseconds of the processor an event, over all runs; where it was measured. */
export function processorNs({ runs }: Pick<CaseResult, 'runs'>): Spread | undefined {
  return spread(
    runs.flatMap((run) => (run.kind === 'timed' && run.processorNs !== undefined ? [run.processorNs] : [])),
  );
}

/** Bytes, over all runs. */
export function peakMemory({ runs }: CaseResult): Spread | undefined {
  return spread(runs.flatMap((run) => (run.kind === 'failed' ? [] : [run.peakMemory])));
}

/** Each figure by its name, over all runs. */
export function figuresOf({ runs }: CaseResult): Map<string, Spread> {
  const values = new Map<string, number[]>();
  for (const run of runs) {
    for (const [name, value] of Object.entries(run.kind === 'figured' ? run.figures : {})) {
      values.set(name, [...(values.get(name) ?? []), value]);
    }
  }
  return new Map(
    [...values].flatMap(([name, of]) => {
      const found = spread(of);
      return found === undefined ? [] : [[name, found] as const];
    }),
  );
}

/** Why runs failed, each reason once. */
export function errorsOf({ runs }: CaseResult): string[] {
  return [...new Set(runs.flatMap((run) => (run.kind === 'failed' ? [run.error] : [])))];
}
