/** The workers of a phase. */
import { noTally, type Tally, type WorkerConfig } from './messages.js';
import type { ClusterError } from './clusterError.js';
import { WorkerProcess } from './workerProcess.js';

/** So many of them, each with a name. */
export class Fleet {
  readonly workers: readonly WorkerProcess[];
  /** Rejects when one has ended by itself. */
  readonly failure: Promise<never>;

  /**
   * @param count How many.
   * @param config What each of them is told, beside its name.
   * @param counted Called when one has said how far it is.
   */
  constructor(count: number, config: Omit<WorkerConfig, 'name'>, counted: () => void) {
    let failed: (error: ClusterError) => void = () => undefined;
    this.failure = new Promise((_, reject) => (failed = reject));
    this.failure.catch(() => undefined);
    this.workers = Array.from(
      { length: count },
      (_, at) => new WorkerProcess({ ...config, name: `worker-${at + 1}` }, counted, failed),
    );
  }

  /** What all of them have done. */
  get tally(): Tally {
    return this.workers.reduce<Tally>(
      (sum, { tally }) => ({
        delivered: sum.delivered + tally.delivered,
        deadLetters: sum.deadLetters + tally.deadLetters,
        retried: sum.retried + tally.retried,
        at: Math.max(sum.at, tally.at),
      }),
      noTally,
    );
  }

  /** Resolves when all have what they need to begin. */
  async start(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.start()));
  }

  /** They take events from now on. */
  begin(): void {
    for (const worker of this.workers) {
      worker.begin();
    }
  }

  /** They ask for no more, finish, and end. */
  async drain(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.drain()));
  }

  /** Ends them at once. */
  async kill(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.kill()));
  }

  /** Ends them at once, without waiting. */
  killNow(): void {
    for (const worker of this.workers) {
      worker.killNow();
    }
  }
}
