/** Events on their way through a balancer, and everything it says of them. */
import { from, type ObservableInput, Subscription } from 'rxjs';
import {
  type BalancerActivity,
  type ConnectionInput,
  loadBalance,
  type LoadBalanceOptions,
  type Outcome,
} from '../../src/index.js';
import { until } from '../until.js';

/** One subscription of `loadBalance`. */
export class Shipment<T, R> {
  /** The outcomes so far. */
  readonly outcomes: Outcome<T, R>[] = [];
  /** What the monitor was told. */
  readonly activities: BalancerActivity[] = [];
  /** Whether the output has completed. */
  completed = false;
  /** The error of the output, if it had one. */
  failure: { readonly error: unknown } | undefined;
  readonly #subscription = new Subscription();

  /**
   * Begins to ship.
   * @param events The source.
   * @param connections Where to.
   * @param options Those of `loadBalance`. Reconnects after 20 ms unless they say otherwise.
   */
  constructor(
    events: ObservableInput<T>,
    connections: readonly ConnectionInput<T, R>[],
    options: LoadBalanceOptions<T> = {},
  ) {
    const monitor = { next: (activity: BalancerActivity) => this.activities.push(activity) };
    const outcomes$ = from(events).pipe(
      loadBalance(connections, { reconnectDelay: 20, monitor, ...options }),
    );
    this.#subscription.add(
      outcomes$.subscribe({
        next: (outcome) => this.outcomes.push(outcome as Outcome<T, R>),
        error: (error: unknown) => {
          this.failure = { error };
        },
        complete: () => {
          this.completed = true;
        },
      }),
    );
  }

  /** Waits for the end, and gives all outcomes. */
  async ended(): Promise<readonly Outcome<T, R>[]> {
    await until('all outcomes', () => this.completed || this.failure !== undefined);
    if (this.failure !== undefined) {
      throw this.failure.error;
    }
    return this.outcomes;
  }

  /** The states of the connections so far, as the monitor was told them. */
  get states(): readonly string[] {
    return this.activities.flatMap((activity) => (activity.type === 'state' ? [activity.state] : []));
  }

  /** Cancels it. */
  close(): void {
    this.#subscription.unsubscribe();
  }
}

/** An outcome in a few words: `a`, or `a: reason, error`. */
export function inShort(outcome: Outcome<unknown>): string {
  const event = String(outcome.event);
  return outcome.status === 'delivered' ? event : `${event}: ${outcome.reason}, ${String(outcome.error)}`;
}
