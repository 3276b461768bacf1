/** How messages go back to the server, which then delivers them to another worker. */
import type { JsMsg } from '@nats-io/jetstream';
import type { PullRequests } from './pullRequests.js';

/** Does something with a message that nobody would get again. */
export type LastResort = (message: JsMsg) => Promise<void>;

/** What has no outcome, or the outcome that this worker has closed. */
export class Returns {
  /** How often a message is delivered. */
  maxDeliver = Infinity;
  /** What is done with one that would not be delivered again, in place of giving it back. */
  lastResort: LastResort | undefined;
  private readonly underWay: Promise<void>[] = [];

  /** @param requests Those of this worker. */
  constructor(private readonly requests: Pick<PullRequests, 'isRunning' | 'finished'>) {}

  /** Whether a message that is given back comes again. */
  comesAgain({ info }: JsMsg): boolean {
    return info.deliveryCount < this.maxDeliver;
  }

  /**
   * Gives a message back, for good. A request of this worker that is still open would take it again.
   * @returns What resolves when the server is told, where that is not now.
   */
  give(message: JsMsg): Promise<void> | undefined {
    const given = this.requests.isRunning
      ? this.requests.finished.then(() => this.release(message))
      : this.release(message);
    if (given !== undefined) {
      this.underWay.push(given);
    }
    return given;
  }

  /** Resolves when nothing more comes from the server, and nothing more goes back to it. */
  async finish(): Promise<void> {
    await this.requests.finished;
    await Promise.allSettled(this.underWay);
  }

  private release(message: JsMsg): Promise<void> | undefined {
    if (this.lastResort !== undefined && !this.comesAgain(message)) {
      return this.lastResort(message);
    }
    message.nak();
    return undefined;
  }
}
