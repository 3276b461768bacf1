/** How fast the calm part of a phase went. */

/** How many outcomes there were at a moment, in milliseconds. */
interface Sample {
  readonly at: number;
  readonly total: number;
}

/** What was measured. */
export interface Measurement {
  /** Events, and the time between the first and the last of them. */
  readonly events: number;
  readonly seconds: number;
  readonly eventsPerSecond: number;
}

/** This part comes before it is measured: new processes are slow at first. */
const warmUp = 0.2;

/** Takes what is said of a phase, one thing after the other. */
export class Throughput {
  private readonly samples: Sample[] = [];

  /** So many outcomes there were at that moment. */
  note(at: number, total: number): void {
    const last = this.samples.at(-1);
    if (last === undefined || total > last.total) {
      this.samples.push({ at, total });
    }
  }

  /** What came after the first fifth; `undefined` when there is too little of it to be measured. */
  measure(): Measurement | undefined {
    const { samples } = this;
    const last = samples.at(-1);
    const first = samples.find(({ total }) => total >= warmUp * (last?.total ?? 0));
    if (first === undefined || last === undefined || last.at <= first.at) {
      return undefined;
    }
    const events = last.total - first.total;
    const seconds = (last.at - first.at) / 1_000;
    return { events, seconds, eventsPerSecond: Math.round(events / seconds) };
  }
}
