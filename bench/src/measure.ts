/** Measures bursts of events, warm-up first, and checks each. */
import { Bench, type Task } from 'tinybench';
import { expectAll, type Arrivals } from './arrivals.js';
import { spread, type Timed } from './results.js';

/** How long a process measures: until both the time and the number of bursts are reached. */
export interface Effort {
  /** Milliseconds. */
  readonly warmup: number;
  readonly time: number;
  /** Bursts. */
  readonly atLeast: number;
  /** Of the events that a scenario has, so many are shipped. */
  readonly share: number;
}

/** For figures that are to be kept. */
export const full: Effort = { warmup: 750, time: 500, atLeast: 3, share: 1 };
/** To see that everything works. */
export const quick: Effort = { warmup: 0, time: 0, atLeast: 1, share: 0.01 };

/** What is measured. */
export interface Burst {
  /** How many events are in one. */
  readonly events: number;
  /** Ships them; resolves with how many were delivered. */
  readonly ship: () => Promise<number>;
  readonly arrivals: Arrivals;
  /** Whether the processor time of this process counts as well: what it waits for may be busy on the same machine. */
  readonly countsProcessor?: boolean;
}

export async function measure(burst: Burst, effort: Effort): Promise<Timed> {
  const { events, ship, arrivals, countsProcessor = false } = burst;
  let outcomes = 0;
  /** Microseconds, burst by burst. */
  let processor: number[] = [];
  const bench = new Bench({
    time: effort.time,
    iterations: effort.atLeast,
    warmup: effort.warmup > 0,
    warmupTime: effort.warmup,
    warmupIterations: 1,
    throws: true,
  });
  bench.add(
    'burst',
    async () => {
      const before = process.cpuUsage();
      outcomes = await ship();
      const { user, system } = process.cpuUsage(before);
      processor.push(user + system);
    },
    {
      async: true,
      beforeAll: () => {
        processor = [];
      },
      afterEach: async () => {
        expectAll(events, outcomes, await arrivals.take());
      },
    },
  );
  const [{ result }] = (await bench.run()) as [Task];
  if (result.state !== 'completed') {
    throw new Error(`expected the measurement to be completed, got ${result.state}`);
  }
  const { latency } = result;
  const each = (milliseconds: number) => (milliseconds * 1e6) / events;
  return {
    kind: 'timed',
    nsPerEvent: each(latency.p50),
    fastest: each(latency.min),
    slowest: each(latency.max),
    bursts: latency.samplesCount,
    ...(countsProcessor ? { processorNs: each((spread(processor)?.median ?? NaN) / 1e3) } : {}),
  };
}
