/** Counts what arrives at the senders, so that no contender can be fast by losing events. */

/** What arrived: how many events, and the sum of their numbers. */
export interface Arrived {
  readonly count: number;
  readonly sum: number;
}

/** Where the arrivals of a burst are asked for. */
export interface Arrivals {
  /** What arrived since this was last asked. */
  take(): Arrived | Promise<Arrived>;
}

/** Arrivals counted in this process. */
export class Tally implements Arrivals {
  private count = 0;
  private sum = 0;

  add(event: number): void {
    this.count++;
    this.sum += event;
  }

  take(): Arrived {
    const { count, sum } = this;
    this.count = 0;
    this.sum = 0;
    return { count, sum };
  }
}

/**
 * Throws unless each of the events 0, 1, 2 … has arrived, and has its outcome.
 * @param events How many there were.
 * @param outcomes How many were reported as delivered.
 * @param arrived What has arrived.
 */
export function expectAll(events: number, outcomes: number, { count, sum }: Arrived): void {
  const expected = (events * (events - 1)) / 2;
  if (outcomes !== events || count !== events || sum !== expected) {
    throw new Error(
      `expected ${events} outcomes and ${events} arrivals with the sum ${expected}, ` +
        `got ${outcomes} outcomes and ${count} arrivals with the sum ${sum}`,
    );
  }
}
