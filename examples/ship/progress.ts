/** How it goes: the balancer's activities, added up, as one line to look at. */
import { isDelivered, type BalancerActivity, type Outcome, type StateActivity } from 'rxjs-load-balance';
import type { LogEvent } from './record.js';
import type { Amount } from './source.js';

interface Standing {
  state: StateActivity['state'];
  inFlight: number;
  delivered: number;
}

const stateWidth = 'connecting'.length;
const countWidth = 7;
const columnWidth = stateWidth + 2 * countWidth;

/** A balancer's monitor that keeps count. */
export class Progress implements Amount {
  /** How many events have been delivered, and their bytes. */
  events = 0;
  bytes = 0;
  dropped = 0;
  private readonly standings: Map<string, Standing>;
  private readonly startedAt = performance.now();
  private lastAt = this.startedAt;
  private lastEvents = 0;

  /**
   * @param names The connections' names.
   * @param sent How many events have been taken from the source.
   */
  constructor(
    names: readonly string[],
    private readonly sent: () => number,
  ) {
    this.standings = new Map(names.map((name) => [name, { state: 'connecting', inFlight: 0, delivered: 0 }]));
  }

  /** Something happened in the balancer. */
  next(activity: BalancerActivity): void {
    const standing = 'connection' in activity ? this.standings.get(activity.connection) : undefined;
    if (standing === undefined) {
      return;
    }
    switch (activity.type) {
      case 'state':
        standing.state = activity.state;
        break;
      case 'attempt':
        standing.inFlight++;
        break;
      case 'answer':
        standing.inFlight--;
        standing.delivered += activity.delivered;
        break;
    }
  }

  /** An event has its outcome. */
  settled(outcome: Outcome<LogEvent>): void {
    if (isDelivered(outcome)) {
      this.events++;
      this.bytes += outcome.event.bytes.length;
    } else {
      this.dropped++;
    }
  }

  /** What the columns of `line` mean. */
  head(): string {
    const what = 'state'.padEnd(stateWidth) + right('flight') + right('taken');
    const names = [...this.standings.keys()].map((name) => name.padEnd(columnWidth));
    return [
      ['     ', ...names, ''].join(' | ').trimEnd(),
      [' time', ...names.map(() => what), ['delivered', 'dropped', 'queued', 'events/s'].join('  ')].join(
        ' | ',
      ),
    ].join('\n');
  }

  /** Where everything stands now, and the rate since the last line. */
  line(): string {
    const now = performance.now();
    const rate = (this.events - this.lastEvents) / ((now - this.lastAt) / 1_000);
    this.lastAt = now;
    this.lastEvents = this.events;
    return this.row(now, rate);
  }

  /** Where everything stands at the end, and the rate of it all. */
  lastLine(): string {
    const now = performance.now();
    return this.row(now, this.events / ((now - this.startedAt) / 1_000));
  }

  private row(now: number, rate: number): string {
    const standings = [...this.standings.values()];
    const inFlight = standings.reduce((sum, standing) => sum + standing.inFlight, 0);
    const queued = this.sent() - this.events - this.dropped - inFlight;
    const cells = standings.map(
      ({ state, inFlight, delivered }) => state.padEnd(stateWidth) + right(inFlight) + right(delivered),
    );
    const totals = [
      String(this.events).padStart(9),
      String(this.dropped).padStart(7),
      String(queued).padStart(6),
      rate.toFixed(0).padStart(8),
    ].join('  ');
    const time = `${((now - this.startedAt) / 1_000).toFixed(0)} s`.padStart(5);
    return [time, ...cells, totals].join(' | ');
  }
}

function right(count: number | string): string {
  return String(count).padStart(countWidth);
}
