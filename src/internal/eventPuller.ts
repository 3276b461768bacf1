/** A connection that takes events one by one. */
import type { Connection } from '../connection.js';
import { ConnectionPuller } from './connectionPuller.js';
import { nothing } from './eventQueue.js';
import type { PullSubject } from './pullSubject.js';
import { eventOf, type Item } from './retry.js';
import { Seat } from './seat.js';

/** Pulls one event in a turn. */
export class EventPuller<T, R> extends ConnectionPuller<T, R, EventSeat<T, R>> {
  protected override readonly perSend = 1;

  /**
   * @param target The connection.
   * @param subject Where it pulls from.
   */
  constructor(
    readonly target: Connection<T, R>,
    subject: PullSubject<T, R>,
  ) {
    super(target, subject);
  }

  override pull(): boolean {
    const item = this.subject.waiting.take(this);
    if (item === nothing) {
      return false;
    }
    this.takeSeat().start(item);
    return true;
  }

  protected override newSeat(): EventSeat<T, R> {
    return new EventSeat(this);
  }
}

/** Carries one event. */
class EventSeat<T, R> extends Seat<T, R> {
  override readonly delivered = 0;
  private item: Item<T> | typeof nothing = nothing;
  private value: R | undefined;

  constructor(private readonly puller: EventPuller<T, R>) {
    super();
  }

  /** Sends an event. */
  start(item: Item<T>): void {
    const { puller } = this;
    this.item = item;
    const { subject } = puller;
    const attempt = subject.ledger.started(item);
    const context = this.begin(attempt, ++subject.turns);
    puller.started(this, 1, attempt);
    try {
      if (this.busy) {
        this.listen(puller.target.send(eventOf(item), context), subject.deadlines);
      }
    } catch (error) {
      this.refuse(error);
    }
  }

  override handBack(): Item<T>[] {
    return [this.take()];
  }

  protected override timeoutError(now: number): Error {
    return this.puller.timeoutError(now);
  }

  protected override answered(value: R): void {
    this.end();
    this.succeeded(value);
  }

  protected override emitted(value: R): void {
    this.value = value;
  }

  protected override completed(): void {
    const { value } = this;
    this.value = undefined;
    this.succeeded(value as R);
  }

  /** The send has succeeded: with a backlog, the seat goes on with the next event at once. */
  private succeeded(value: R): void {
    const { puller } = this;
    const { subject } = puller;
    subject.steps.begin();
    subject.freeing++;
    puller.answered(this, 1, 0);
    puller.succeeded();
    puller.delivered(this.item as Item<T>, value);
    subject.freeing--;
    const next = subject.takeNext(puller);
    if (next === nothing) {
      this.item = nothing;
      puller.free(this);
      puller.rest();
    } else {
      this.start(next);
    }
    subject.steps.end();
  }

  protected override failed(error: unknown): void {
    const { puller } = this;
    const item = this.take();
    puller.subject.steps.run(() => {
      puller.ended(this, 0, 1, error);
      puller.failed([item], puller.kindOf(error, eventOf(item)), error, true, this.turn);
      puller.rest();
    });
  }

  /** The event, which it keeps no longer: a free seat holds on to nothing. */
  private take(): Item<T> {
    const item = this.item as Item<T>;
    this.item = nothing;
    this.value = undefined;
    return item;
  }
}
