/** Snapshots to draw. */
import type { ConnectionSnapshot, Snapshot } from '../../examples/ship/snapshot.js';

/** A connection that is up. */
export function connectionWith(change: Partial<ConnectionSnapshot> = {}): ConnectionSnapshot {
  return {
    name: 'collector-1',
    state: 'up',
    retryIn: undefined,
    inFlight: 8,
    delivered: 12_345,
    putBack: 6,
    share: 0.5,
    rate: 4_321,
    p50: 0,
    p99: 23,
    ...change,
  };
}

/** Half of it is done. */
export function snapshotWith(change: Partial<Snapshot> = {}): Snapshot {
  return {
    elapsed: 65_000,
    connections: [connectionWith()],
    done: 0.5,
    read: 20_000,
    delivered: 12_345,
    dropped: 0,
    waiting: 17,
    rate: 4_321,
    byteRate: 1_234_567,
    notices: [],
    ...change,
  };
}
