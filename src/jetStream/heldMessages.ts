/** The messages that a worker has and has not settled yet; the server is told in time that they are worked on. */
import type { JsMsg } from '@nats-io/jetstream';
import type { SchedulerLike } from 'rxjs';
import { Alarm } from '../internal/alarm.js';

/** A message that is here. */
export interface HeldMessage {
  /** It, as it was delivered last. */
  message: JsMsg;
  /** It waits to be taken; it waits for a send, or is in one; or it has its outcome. */
  stage: 'new' | 'taken' | 'settling';
  /** When the server last heard of it. */
  since: number;
}

/** Each message of a stream once, however often it is delivered. */
export class HeldMessages {
  /** By its number in the stream; the one that the server has not heard of for the longest time comes first. */
  private readonly held = new Map<number, HeldMessage>();
  private readonly alarm: Alarm;

  /**
   * @param patience For how long the server may hear nothing of a message, in milliseconds.
   * @param scheduler The clock and the timer.
   * @param due Called with one of which the server has to hear now.
   */
  constructor(
    private readonly patience: number,
    private readonly scheduler: SchedulerLike,
    private readonly due: (held: HeldMessage) => void,
  ) {
    this.alarm = new Alarm(scheduler, () => {
      this.beat();
    });
  }

  /** How many there are. */
  get size(): number {
    return this.held.size;
  }

  /**
   * A message is delivered.
   * @returns It; `undefined` when it is here already, and has only been delivered again.
   */
  add(message: JsMsg): HeldMessage | undefined {
    const known = this.held.get(message.seq);
    if (known !== undefined) {
      known.message = message;
      this.renew(known);
      return undefined;
    }
    const held: HeldMessage = { message, stage: 'new', since: 0 };
    this.renew(held);
    return held;
  }

  /** The one with this number in the stream. */
  get(seq: number): HeldMessage | undefined {
    return this.held.get(seq);
  }

  /** It is here no longer; false when it was not. */
  delete(seq: number): boolean {
    return this.held.delete(seq);
  }

  /** Those of which that holds are here no longer. */
  deleteAll(holds: (held: HeldMessage) => boolean): void {
    for (const [seq, held] of this.held) {
      if (holds(held)) {
        this.held.delete(seq);
      }
    }
  }

  /** All of them, at this moment. */
  all(): HeldMessage[] {
    return [...this.held.values()];
  }

  /** Nobody is told of any of them any more. */
  stop(): void {
    this.alarm.stop();
  }

  /** The server hears of it now. */
  private renew(held: HeldMessage): void {
    const { seq } = held.message;
    held.since = this.scheduler.now();
    this.held.delete(seq);
    this.held.set(seq, held);
    this.alarm.set(held.since + this.patience);
  }

  private beat(): void {
    const latest = this.scheduler.now() - this.patience;
    for (const held of this.held.values()) {
      if (held.since > latest) {
        this.alarm.set(held.since + this.patience);
        return;
      }
      this.renew(held);
      this.due(held);
    }
  }
}

/** Whether the server has been told what became of a message. The client knows, though its type does not say so. */
export function hasBeenTold(message: JsMsg): boolean {
  return (message as { readonly didAck?: boolean }).didAck === true;
}
