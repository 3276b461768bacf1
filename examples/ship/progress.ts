/** How it goes: the balancer's activities and outcomes, added up. */
import { performance } from 'node:perf_hooks';
import {
  isDelivered,
  type BalancerActivity,
  type DropReason,
  type Outcome,
  type StateActivity,
} from 'rxjs-load-balance';
import { errorText } from './errorText.js';
import type { LogEvent } from './logEvent.js';
import { perSecond, Rates } from './rates.js';
import type { ConnectionSnapshot, Snapshot } from './snapshot.js';
import type { Size } from './source.js';
import { Standing } from './standing.js';

/** How many notices are remembered. */
const noticesKept = 3;

/** A balancer's monitor that keeps count. */
export class Progress {
  /** Events taken from the source. */
  read = 0;
  delivered = 0;
  dropped = 0;
  /** Bytes of what was delivered. */
  bytes = 0;
  readonly reasons: Partial<Record<DropReason, number>> = {};
  /** Sends of events that had failed before. */
  retried = 0;
  private droppedBytes = 0;
  /** What fails now is cancelled, and will not be tried again. */
  private isClosing = false;
  private readonly standings: Map<string, Standing>;
  private readonly notices: string[] = [];
  private readonly startedAt: number;
  private readonly rates: Rates;

  /**
   * @param names The connections' names.
   * @param size How much there is to ship.
   * @param tell Told what is worth a line of its own.
   * @param now The clock, in milliseconds.
   */
  constructor(
    names: readonly string[],
    private readonly size?: Size,
    private readonly tell: (notice: string) => void = () => undefined,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.standings = new Map(names.map((name) => [name, new Standing(name)]));
    this.startedAt = now();
    this.rates = new Rates(this.startedAt, 2 + names.length);
  }

  /** A line is taken from the source. */
  enter(bytes: Buffer): LogEvent {
    return { n: this.read++, bytes };
  }

  /** Something happened in the balancer. */
  next(activity: BalancerActivity): void {
    const standing = 'connection' in activity ? this.standings.get(activity.connection) : undefined;
    if (standing === undefined) {
      return;
    }
    switch (activity.type) {
      case 'state':
        this.stateOf(standing, activity);
        break;
      case 'attempt':
        standing.sends++;
        standing.events += activity.events;
        break;
      case 'answer':
        standing.sends--;
        standing.events -= activity.delivered + activity.failed;
        standing.delivered += activity.delivered;
        standing.putBack += this.isClosing ? 0 : activity.failed;
        standing.took(activity.elapsed);
        if (activity.delivered > 0 && standing.recovers()) {
          this.notice(`${standing.name}: up again`);
        }
        break;
    }
  }

  /** An event has its outcome. */
  settled(outcome: Outcome<LogEvent>): void {
    const { length } = outcome.event.bytes;
    this.retried += Math.max(0, outcome.attempts - 1);
    if (isDelivered(outcome)) {
      this.delivered++;
      this.bytes += length;
      return;
    }
    const { reason, failures } = outcome;
    this.dropped++;
    this.droppedBytes += length;
    this.reasons[reason] = (this.reasons[reason] ?? 0) + 1;
    const last = failures.at(-1);
    const standing = last && this.standings.get(last.connection);
    if (standing !== undefined && (reason === 'attempts' || reason === 'rejected')) {
      // Its last failure put it back no more.
      standing.putBack--;
    }
    if (standing !== undefined && reason === 'rejected' && standing.isFirstRejection()) {
      const why = standing.withoutName(errorText(outcome.error));
      this.notice(`${standing.name}: rejected line ${outcome.event.n + 1}: ${why}`);
    }
  }

  /** The balancer is being closed. */
  closes(): void {
    this.isClosing = true;
  }

  /** Something that a person would like to know. */
  notice(text: string): void {
    this.notices.push(text);
    if (this.notices.length > noticesKept) {
      this.notices.shift();
    }
    this.tell(text);
  }

  /** Whether everything that was read has its outcome. */
  isDrained(): boolean {
    return this.read === this.delivered + this.dropped;
  }

  /** How much is done, from 0 to 1; `undefined` when the size is not known. */
  done(): number | undefined {
    const { size } = this;
    if (size === undefined) {
      return undefined;
    }
    const [part, whole] =
      'bytes' in size
        ? [this.bytes + this.droppedBytes, size.bytes]
        : [this.delivered + this.dropped, size.events];
    // A file can grow while it is read.
    return whole === 0 ? 1 : Math.min(1, part / whole);
  }

  /** How it stands, with the rates and shares of the last second. */
  snapshot(): Snapshot {
    const at = this.now();
    const standings = [...this.standings.values()];
    const counts = [this.delivered, this.bytes, ...standings.map(({ delivered }) => delivered)];
    return this.snapshotWith(at, this.rates.at(at, counts));
  }

  /** How it stood at the end, with the rates and shares of all the time. */
  summary(): Snapshot {
    const at = this.now();
    const standings = [...this.standings.values()];
    const counts = [this.delivered, this.bytes, ...standings.map(({ delivered }) => delivered)];
    return this.snapshotWith(
      at,
      counts.map((count) => perSecond(count, at - this.startedAt)),
    );
  }

  private snapshotWith(at: number, [rate = 0, byteRate = 0, ...rates]: readonly number[]): Snapshot {
    const { read, delivered, dropped, notices } = this;
    const standings = [...this.standings.values()];
    const inFlight = standings.reduce((sum, { events }) => sum + events, 0);
    const sum = rates.reduce((total, each) => total + each, 0);
    const connections = standings.map((standing, index): ConnectionSnapshot => {
      const { name, state, retryAt, sends, putBack } = standing;
      const own = rates[index] ?? 0;
      return {
        name,
        state,
        retryIn: retryAt === undefined ? undefined : Math.max(0, retryAt - at),
        inFlight: sends,
        delivered: standing.delivered,
        putBack,
        share: sum === 0 ? 0 : own / sum,
        rate: own,
        p50: standing.latencyAt(50),
        p99: standing.latencyAt(99),
      };
    });
    return {
      elapsed: at - this.startedAt,
      connections,
      done: this.done(),
      read,
      delivered,
      dropped,
      // Of a batch that is being answered, some have their outcome and are in flight still.
      waiting: Math.max(0, read - delivered - dropped - inFlight),
      rate,
      byteRate,
      notices: [...notices],
    };
  }

  private stateOf(standing: Standing, { state, error, delay }: StateActivity): void {
    if (state === 'removed') {
      // All of them are, at the end: what they were before tells more.
      return;
    }
    standing.state = state;
    standing.retryAt = state === 'backoff' && delay !== undefined ? this.now() + delay : undefined;
    const text = standing.withoutName(errorText(error));
    if (state === 'backoff' && standing.isNews(text)) {
      this.notice(`${standing.name}: ${text}`);
    }
  }
}
