/** One connection: how it stands, and what has been told of it. */
import { createHistogram } from 'node:perf_hooks';
import type { StateActivity } from 'rxjs-load-balance';

/** So many failures are told until it delivers again: one that always says something else would flood. */
const failuresTold = 3;

/** How one connection stands. */
export class Standing {
  state: StateActivity['state'] = 'connecting';
  /** When a backoff ends. */
  retryAt: number | undefined;
  /** Requests in flight. */
  sends = 0;
  /** Events in those requests. */
  events = 0;
  delivered = 0;
  /** Events that failed here, and were to be tried again. */
  putBack = 0;
  private readonly latency = createHistogram();
  /** The failures that were told since it delivered last. */
  private readonly told = new Set<string>();
  private hasRejected = false;

  /** @param name The connection's. */
  constructor(readonly name: string) {}

  /**
   * A send has ended.
   * @param elapsed How long it took, in whole milliseconds.
   */
  took(elapsed: number): void {
    // Histograms count from 1.
    this.latency.record(Math.round(elapsed) + 1);
  }

  /** A percentile of the latencies, in whole milliseconds; `undefined` before the first send. */
  latencyAt(percentile: number): number | undefined {
    const { latency } = this;
    return latency.count === 0 ? undefined : latency.percentile(percentile) - 1;
  }

  /** Whether a failure is to be told: the same again tells nothing. */
  isNews(failure: string): boolean {
    if (this.told.has(failure) || this.told.size === failuresTold) {
      return false;
    }
    this.told.add(failure);
    return true;
  }

  /** It delivers. Whether a failure had been told; it is forgotten. */
  recovers(): boolean {
    const hadFailed = this.told.size > 0;
    this.told.clear();
    return hadFailed;
  }

  /** Whether it has rejected nothing before. */
  isFirstRejection(): boolean {
    const isFirst = !this.hasRejected;
    this.hasRejected = true;
    return isFirst;
  }

  /** A text that is shown behind the name does not begin with it again. */
  withoutName(text: string): string {
    const prefix = [`connection "${this.name}": `, `${this.name}: `].find((start) => text.startsWith(start));
    return prefix === undefined ? text : text.slice(prefix.length);
  }
}
