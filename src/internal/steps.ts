/** What happens at one moment happens as one step: consequences wait until all of it has been done. */

/** Who draws the consequences. */
export interface Settler {
  /** What follows from a step, once it is over. */
  settle(): void;
}

/**
 * What reaches the balancer (an answer, a state, a timer, an event that somebody is ready for) runs inside a step.
 * Steps nest: what a consumer causes inside an outcome is part of the step that emitted the outcome. Only at the
 * end of the outermost one does anybody pull, so there is no recursion, however synchronous the world is.
 */
export class Steps {
  private depth = 0;

  /**
   * @param settler Called when a step is over.
   */
  constructor(private readonly settler: Settler) {}

  /** Whether what happens now is no part of another step. */
  get outermost(): boolean {
    return this.depth === 1;
  }

  /** A step begins. */
  begin(): void {
    this.depth++;
  }

  /** A step ends. */
  end(): void {
    try {
      if (this.depth === 1) {
        this.settler.settle();
      }
    } finally {
      this.depth--;
    }
  }

  /** Runs one step. */
  run(work: () => void): void {
    this.begin();
    try {
      work();
    } finally {
      this.end();
    }
  }
}
