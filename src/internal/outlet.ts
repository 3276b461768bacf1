/** Where outcomes leave the balancer: one after the other, also when one is caused inside another. */
import type { Subscriber } from 'rxjs';
import type { DropReason, FailedAttempt, Outcome } from '../outcome.js';
import { Fifo } from './fifo.js';
import type { Monitor } from './monitor.js';

/** Emits outcomes; the consumer of one may cause the next, which then waits for its turn. */
export class Outlet<T, R> {
  private readonly caused = new Fifo<Outcome<T, R>>();
  private emitting = false;

  /**
   * @param subscriber Who gets the outcomes.
   * @param monitor Who is told of them too.
   */
  constructor(
    private readonly subscriber: Subscriber<Outcome<T, R>>,
    private readonly monitor: Monitor | undefined,
  ) {}

  /** An event reached a connection. */
  deliver(event: T, value: R, connection: string, attempts: number): void {
    this.emit({ status: 'delivered', event, value, connection, attempts });
  }

  /** An event is given up. */
  drop(
    event: T,
    reason: DropReason,
    error: unknown,
    attempts: number,
    failures: readonly FailedAttempt[],
  ): void {
    this.emit({ status: 'dropped', event, reason, error, attempts, failures });
  }

  private emit(outcome: Outcome<T, R>): void {
    if (this.emitting) {
      this.caused.push(outcome);
      return;
    }
    this.emitting = true;
    try {
      this.pass(outcome);
      for (let next = this.caused.shift(); next !== undefined; next = this.caused.shift()) {
        this.pass(next);
      }
    } finally {
      this.emitting = false;
    }
  }

  private pass(outcome: Outcome<T, R>): void {
    this.monitor?.report({ type: 'outcome', outcome });
    this.subscriber.next(outcome);
  }
}
