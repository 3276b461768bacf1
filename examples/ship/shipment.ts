/** What became of it all. */
import type { DropReason } from 'rxjs-load-balance';
import type { Reconciliation } from './ledger.js';
import type { Progress } from './progress.js';
import { perSecond } from './rates.js';

/** What one connection did. Latencies are those of its sends, in whole milliseconds. */
export interface ConnectionSummary {
  readonly name: string;
  readonly delivered: number;
  /** Events that it failed to take, and that were put back to be tried again. */
  readonly putBack: number;
  /** `null` where there was no send. */
  readonly p50: number | null;
  readonly p99: number | null;
}

/** Of our own collectors: by their files. */
export interface Collected extends Reconciliation {
  /** How often a collector was started again. */
  readonly restarts: number;
  /** The collectors' files; they are still there only with `keep`. */
  readonly files: readonly string[];
}

/** By the balancer's outcomes. */
export interface Shipment {
  /** Events taken from the source. */
  readonly read: number;
  readonly delivered: number;
  readonly dropped: number;
  /** The drops by their reason. */
  readonly reasons: Partial<Record<DropReason, number>>;
  /** Sends of events that had failed before. */
  readonly retried: number;
  /** Bytes of what was delivered. */
  readonly bytes: number;
  readonly seconds: number;
  /** Delivered. */
  readonly eventsPerSecond: number;
  readonly connections: readonly ConnectionSummary[];
  /** What ended it before its time. */
  readonly error: unknown;
  readonly collected?: Collected;
}

/**
 * Sums up.
 * @param progress What was counted.
 * @param error What ended it before its time.
 */
export function shipmentOf(progress: Progress, error: unknown): Shipment {
  const { elapsed, connections } = progress.summary();
  const { read, delivered, dropped, reasons, retried, bytes } = progress;
  return {
    read,
    delivered,
    dropped,
    reasons,
    retried,
    bytes,
    seconds: Math.round(elapsed) / 1_000,
    eventsPerSecond: Math.round(perSecond(delivered, elapsed)),
    connections: connections.map(({ name, delivered, putBack, p50 = null, p99 = null }) => ({
      name,
      delivered,
      putBack,
      p50,
      p99,
    })),
    error,
  };
}
