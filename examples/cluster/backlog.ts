/** What the workers' consumer has still to do. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { JetStreamManager } from '@nats-io/jetstream';
import { ClusterError } from './clusterError.js';
import { events } from './streams.js';

/** How it stands. */
export interface Standing {
  /** Events that were not delivered yet. */
  readonly waiting: number;
  /** Events that are at a worker, or were at one that is dead. */
  readonly unacknowledged: number;
  /** Of those, the ones that were delivered more than once. */
  readonly redelivered: number;
}

/** How often to look, and for how long nothing may change, in milliseconds. */
const period = 100;
const patience = 60_000;

/** Asks the server again and again. */
export class Backlog {
  standing: Standing = { waiting: 0, unacknowledged: 0, redelivered: 0 };
  private readonly over = new AbortController();

  /** @param manager The server. */
  constructor(private readonly manager: JetStreamManager) {}

  /** Looks from time to time, for those who want to see how it goes. */
  async watch(): Promise<void> {
    while (!this.over.signal.aborted) {
      // The server may be away.
      await this.look().catch(() => undefined);
      await sleep(period * 2, undefined, { signal: this.over.signal }).catch(() => undefined);
    }
  }

  /** Ends that. */
  close(): void {
    this.over.abort();
  }

  /**
   * Resolves when there is nothing left to do.
   * @param stop Ends the wait.
   * @throws ClusterError when nothing changes for a long time.
   */
  async drained(stop: AbortSignal): Promise<void> {
    let last = '';
    let since = performance.now();
    for (;;) {
      const looked = await this.look().catch(() => undefined);
      stop.throwIfAborted();
      if (looked?.waiting === 0 && looked.unacknowledged === 0) {
        return;
      }
      const now = JSON.stringify(looked);
      if (now !== last) {
        last = now;
        since = performance.now();
      } else if (performance.now() - since > patience) {
        throw new ClusterError(`nothing has changed for ${patience / 1_000} s: ${now}`);
      }
      await sleep(period, undefined, { signal: stop });
    }
  }

  private async look(): Promise<Standing> {
    const info = await this.manager.consumers.info(events.stream, events.consumer);
    this.standing = {
      waiting: info.num_pending,
      unacknowledged: info.num_ack_pending,
      redelivered: info.num_redelivered,
    };
    return this.standing;
  }
}
