/** What happened when: outcomes with their latency, and the states of connections. */
import { inspect } from 'node:util';
import { TimeoutError } from 'rxjs';
import type { BalancerActivity, Outcome } from '../../src/index.js';
import type { Latency } from './case.js';
import type { Entry } from './ledger.js';

/** How many deliveries a share is counted over, and which part of its fair share a connection must have. */
const shareOf = 100;
const fairEnough = 0.8;

/** The change of a connection's state. */
interface Change {
  readonly at: number;
  readonly connection: string;
  readonly state: string;
  readonly delay: number | undefined;
}

/** One run. Times are milliseconds of `performance.now()`. */
export class Recording {
  private readonly sentAt: Float64Array;
  private readonly latencies: Float64Array;
  private readonly deliveredAt: Float64Array;
  private readonly deliveredBy: Uint8Array;
  private readonly names: string[] = [];
  private readonly changes: Change[] = [];
  private outcomes = 0;
  private deliveries = 0;

  /** When a send was started, by connection. */
  private readonly starts = new Map<string, number[]>();
  /** What the errors of each connection say. */
  private readonly errors = new Map<string, Set<string>>();
  /** For each event that was dropped, which connections had taken too long for it. */
  private readonly drops: (readonly string[])[] = [];
  private backlog = 0;

  /**
   * @param capacity How many events there are at most.
   * @param now The clock, in milliseconds.
   */
  constructor(
    capacity: number,
    private readonly now = () => performance.now(),
  ) {
    this.sentAt = new Float64Array(capacity);
    this.latencies = new Float64Array(capacity);
    this.deliveredAt = new Float64Array(capacity);
    this.deliveredBy = new Uint8Array(capacity);
  }

  /** An event is on its way. */
  sent({ n }: Entry): void {
    this.sentAt[n] = this.now();
  }

  /** An event has its outcome. */
  outcome(outcome: Outcome<Entry>): void {
    const now = this.now();
    this.latencies[this.outcomes++] = now - (this.sentAt[outcome.event.n] ?? NaN);
    if (outcome.status === 'delivered') {
      this.deliveredAt[this.deliveries] = now;
      this.deliveredBy[this.deliveries++] = this.numberOf(outcome.connection);
    } else {
      const timedOut = outcome.failures.filter(({ error }) => error instanceof TimeoutError);
      this.drops.push(timedOut.map(({ connection }) => connection));
    }
  }

  /** Something has happened in the balancer. */
  activity(activity: BalancerActivity): void {
    const at = this.now();
    switch (activity.type) {
      case 'state': {
        const { connection, state, delay, error } = activity;
        this.changes.push({ at, connection, state, delay });
        this.noteError(connection, error);
        break;
      }
      case 'attempt':
        listOf(this.starts, activity.connection).push(at);
        break;
      case 'answer':
        this.noteError(activity.connection, activity.error);
        break;
      case 'queue': {
        this.backlog = Math.max(this.backlog, activity.waiting + activity.retrying);
      }
    }
  }

  /** How many events waited at most, as far as the monitor was told. */
  get largestBacklog(): number {
    return this.backlog;
  }

  /** What the errors of a connection said, each once. */
  errorsOf(connection: string): readonly string[] {
    return [...(this.errors.get(connection) ?? [])];
  }

  /** How many sends to a connection were started in a span of time. */
  startedBetween(from: number, to: number, connection: string): number {
    return (this.starts.get(connection) ?? []).filter((at) => at >= from && at < to).length;
  }

  /**
   * How many events were dropped although there were good places. Where a good place has taken too long, it was
   * this machine that was too slow, and that does not count.
   * @param bad The names of the bad ones.
   */
  droppedInVain(bad: readonly string[]): number {
    return this.drops.filter((late) => late.every((connection) => bad.includes(connection))).length;
  }

  /** How long outcomes took. */
  latency(): Latency {
    const sorted = this.latencies.slice(0, this.outcomes).sort();
    const at = (part: number): number => sorted[Math.floor((sorted.length - 1) * part)] ?? NaN;
    return { median: at(0.5), p99: at(0.99), longest: at(1) };
  }

  /** How many events were delivered in a span of time. */
  deliveredBetween(from: number, to: number): number {
    return this.deliveredAt.subarray(0, this.deliveries).filter((at) => at >= from && at < to).length;
  }

  /** How long so many deliveries took from a moment on; `NaN` when there were fewer. */
  timeToDeliver(count: number, from: number): number {
    const delivered = this.deliveredAt.subarray(0, this.deliveries);
    const first = delivered.findIndex((at) => at >= from);
    return (delivered[first + count - 1] ?? NaN) - from;
  }

  /** When a connection pulled no more, for the first time from a moment on; `undefined`: it never stopped. */
  leftUpAfter(moment: number, connection: string): number | undefined {
    return this.changes.find(
      ({ at, connection: whose, state }) => at >= moment && whose === connection && state !== 'up',
    )?.at;
  }

  /** When a connection had its share of a hundred deliveries in a row again; `undefined`: never. */
  shareBackAfter(moment: number, connection: string, connections: number): number | undefined {
    const whose = this.numberOf(connection);
    const expected = (shareOf / connections) * fairEnough;
    let its = 0;
    const first = this.deliveredAt.subarray(0, this.deliveries).findIndex((at) => at >= moment);
    for (let at = first; at >= 0 && at < this.deliveries; at++) {
      its += this.deliveredBy[at] === whose ? 1 : 0;
      if (at - first >= shareOf) {
        its -= this.deliveredBy[at - shareOf] === whose ? 1 : 0;
      }
      if (at - first >= shareOf - 1 && its >= expected) {
        return this.deliveredAt[at];
      }
    }
    return undefined;
  }

  /** When any connection came up, for the first time from a moment on; `NaN`: none did. */
  firstUpAfter(moment: number): number {
    return this.changes.find(({ at, state }) => at >= moment && state === 'up')?.at ?? NaN;
  }

  /** The longest backoff of a connection that began in a span of time, in milliseconds. */
  longestBackoff(from: number, to: number, connection: string): number {
    const delays = this.changes
      .filter(({ at, connection: whose }) => at >= from && at < to && whose === connection)
      .map(({ delay = 0 }) => delay);
    return Math.max(0, ...delays);
  }

  private noteError(connection: string, error: unknown): void {
    if (error !== undefined) {
      const known = this.errors.get(connection) ?? new Set();
      this.errors.set(connection, known.add(error instanceof Error ? String(error) : inspect(error)));
    }
  }

  private numberOf(name: string): number {
    const found = this.names.indexOf(name);
    return found === -1 ? this.names.push(name) - 1 : found;
  }
}

function listOf(lists: Map<string, number[]>, name: string): number[] {
  const list = lists.get(name) ?? [];
  lists.set(name, list);
  return list;
}
