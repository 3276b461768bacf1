/** The books of a program: which events it has given to a balancer, and how often it was told of each. */
import type { Observable } from 'rxjs';
import type { Outcome } from 'rxjs-load-balance';

/** Books of events that are numbers. */
export class Books {
  /** How many events the balancer has taken. */
  entered = 0;
  /** How the output has ended: `completed`, or what its error says. */
  end: string | undefined;
  /** Whether whoever wanted outcomes has left. */
  left = false;
  private readonly told = new Map<number, Outcome<number>>();
  private readonly wrong: string[] = [];

  /** An event is given to the balancer. */
  enter(event: number): number {
    this.entered++;
    return event;
  }

  /** An outcome. */
  took(outcome: Outcome<number>): void {
    const { event } = outcome;
    if (this.told.has(event)) {
      this.wrong.push(`a second outcome for ${event}`);
    }
    if (this.left || this.end !== undefined) {
      this.wrong.push(`an outcome for ${event} after the end`);
    }
    this.told.set(event, outcome);
  }

  /** The end of the output. */
  ended(how: string): void {
    if (this.left || this.end !== undefined) {
      this.wrong.push(`a second end: ${how}`);
    }
    this.end = how;
  }

  /** Keeps the books of what is subscribed here. */
  follow(outcome$: Observable<Outcome<number>>) {
    return outcome$.subscribe({
      next: (outcome) => {
        this.took(outcome);
      },
      error: (error: unknown) => {
        this.ended(messageOf(error));
      },
      complete: () => {
        this.ended('completed');
      },
    });
  }

  /** How many outcomes there were. */
  get outcomes(): number {
    return this.told.size;
  }

  /** `2 delivered, 1 closed, completed`, and whatever is wrong. */
  toString(): string {
    const counts = new Map<string, number>();
    for (const outcome of this.told.values()) {
      const word = outcome.status === 'delivered' ? 'delivered' : outcome.reason;
      counts.set(word, (counts.get(word) ?? 0) + 1);
    }
    const words = [...counts.keys()].sort().map((word) => `${counts.get(word) ?? 0} ${word}`);
    return [...words, ...(this.end === undefined ? [] : [this.end]), ...this.wrong].join(', ') || 'nothing';
  }
}

/** What an error says. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
