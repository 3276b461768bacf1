/** A source that is written to, one event or many at once. */
import { noop } from 'rxjs';
import { OpenSource, type Opened, type Taker } from './openSource.js';

/** Where an imperative face puts its events. */
export class Mailbox<T> extends OpenSource<T> {
  private taker: Taker<T> | undefined;
  private closed = false;

  override open(taker: Taker<T>): Opened {
    this.taker = taker;
    return {
      spare: 1,
      ask: () => false,
      finish: noop,
      unsubscribe: () => {
        this.taker = undefined;
      },
    };
  }

  /** Puts events in, all before anybody takes one; false when none are taken any more. */
  put(events: readonly T[]): boolean {
    const { taker } = this;
    if (taker === undefined || this.closed) {
      return false;
    }
    taker.atOnce(() => {
      for (const event of events) {
        taker.next(event);
      }
    });
    return true;
  }

  /** Nothing more is put in. */
  close(): void {
    this.closed = true;
    this.taker?.complete();
  }

  /** Nothing more is put in, and what was put in is given up. */
  abandon(cause: unknown): void {
    this.closed = true;
    this.taker?.close(cause);
  }
}
