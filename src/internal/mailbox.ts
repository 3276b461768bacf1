/** A source that is written to, one event or many at once. */
import { noop } from 'rxjs';
import { OpenSource, type Opened, type Taker } from './openSource.js';

/** Where an imperative face puts its events. */
export class Mailbox<T> extends OpenSource<T> {
  private taker: Taker<T> | undefined;

  override open(taker: Taker<T>): Opened {
    this.taker = taker;
    return {
      ask: () => false,
      finish: noop,
      unsubscribe: () => {
        this.taker = undefined;
      },
    };
  }

  /** Puts events in, all before anybody takes one; false when they are not taken any more. */
  put(events: readonly T[]): boolean {
    const { taker } = this;
    taker?.atOnce(() => {
      for (const event of events) {
        taker.next(event);
      }
    });
    return taker !== undefined;
  }

  /** Nothing more is put in. */
  close(): void {
    const { taker } = this;
    this.taker = undefined;
    taker?.complete();
  }

  /** Nothing more is put in, and what was put in is given up. */
  abandon(cause: unknown): void {
    const { taker } = this;
    this.taker = undefined;
    taker?.close(cause);
  }
}
