/** A worker in this process, and everything that it says. */
import type { Observable, Subscription } from 'rxjs';
import type { JetStreamOutcome } from '../../../src/jetStream/index.js';
import { until } from '../../until.js';

/** One subscription of the outcomes. */
export class Worker {
  /** The outcomes so far. */
  readonly outcomes: JetStreamOutcome[] = [];
  completed = false;
  failure: { readonly error: unknown } | undefined;
  private readonly subscription: Subscription;

  /** @param outcomes$ What it does: it begins at once. */
  constructor(outcomes$: Observable<JetStreamOutcome>) {
    this.subscription = outcomes$.subscribe({
      next: (outcome) => this.outcomes.push(outcome),
      error: (error: unknown) => {
        this.failure = { error };
      },
      complete: () => {
        this.completed = true;
      },
    });
  }

  /** What it has delivered, in order. */
  get delivered(): string[] {
    return this.outcomes.filter(({ status }) => status === 'delivered').map(({ event }) => event.string());
  }

  /** Resolves when there are so many outcomes. */
  async has(count: number, patience?: number): Promise<readonly JetStreamOutcome[]> {
    const enough = (): boolean => this.outcomes.length >= count || this.failure !== undefined;
    await until(`${count} outcomes`, enough, patience);
    if (this.outcomes.length < count) {
      throw this.failure?.error;
    }
    return this.outcomes;
  }

  /** Resolves when it has completed. */
  async ended(): Promise<void> {
    await until('the end', () => this.completed || this.failure !== undefined);
    if (this.failure !== undefined) {
      throw this.failure.error;
    }
  }

  /** Resolves with its error. */
  async failed(): Promise<Error> {
    await until('an error', () => this.completed || this.failure !== undefined);
    if (this.failure === undefined) {
      throw new Error('it has completed');
    }
    return this.failure.error as Error;
  }

  /** Leaves. */
  close(): void {
    this.subscription.unsubscribe();
  }
}
