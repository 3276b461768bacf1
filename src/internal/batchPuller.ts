/** A connection that takes many events in one send. */
import type { BatchAnswer, BatchConnection, ItemResult } from '../connection.js';
import { TemporaryError } from '../errors.js';
import { Alarm } from './alarm.js';
import { ConnectionPuller } from './connectionPuller.js';
import { nothing } from './eventQueue.js';
import { expectObject, outOfRange, wrongType } from './expect.js';
import type { LingeringPuller, PullSubject } from './pullSubject.js';
import { eventOf, type Item } from './retry.js';
import { Seat } from './seat.js';

/** Pulls as many events in a turn as one send takes. */
export class BatchPuller<T, R> extends ConnectionPuller<T, R, BatchSeat<T, R>> implements LingeringPuller<T> {
  readonly enough: number;
  protected override readonly perSend: number;
  private lingering = false;
  /** Whether it has waited as long as it may, and now takes what there is. */
  private hasLingered = false;
  private readonly patience: Alarm;

  /**
   * @param target The connection.
   * @param subject Where it pulls from.
   */
  constructor(
    readonly target: BatchConnection<T, R>,
    subject: PullSubject<T, R>,
  ) {
    super(target, subject);
    const { capacity, scheduler } = subject.settings;
    this.perSend = target.batch.size;
    // A queue that is full cannot fill a batch any further.
    this.enough = Math.min(target.batch.size, capacity);
    this.patience = new Alarm(scheduler, () => {
      subject.steps.run(() => {
        this.hasLingered = subject.waiting.length > 0;
        this.stopLingering();
      });
    });
  }

  override get ready(): boolean {
    return !this.lingering && super.ready;
  }

  override pull(): boolean {
    const { subject, target } = this;
    const { waiting } = subject;
    while (waiting.length < target.batch.size && subject.ask());
    if (!subject.wants(this) || this.lingers()) {
      return false;
    }
    this.hasLingered = false;
    const { isFresh } = waiting;
    const items = waiting.takeMany(this, target.batch.size);
    if (items.length === 0) {
      return false;
    }
    this.takeSeat().start(items, isFresh);
    return true;
  }

  stopLingering(): void {
    this.patience.clear();
    this.lingering = false;
    this.subject.lingered(this);
  }

  protected override update(): void {
    super.update();
    if (this.lingering && !super.ready) {
      this.stopLingering();
    }
  }

  protected override newSeat(): BatchSeat<T, R> {
    return new BatchSeat(this);
  }

  /** Begins to wait for more, unless there is enough, there will be no more, or it has waited already. */
  private lingers(): boolean {
    const { subject, target } = this;
    const { linger = 0 } = target.batch;
    if (linger === 0 || this.hasLingered || subject.sourceHasEnded || subject.waiting.length >= this.enough) {
      return false;
    }
    this.lingering = true;
    subject.linger(this);
    this.patience.set(subject.settings.scheduler.now() + linger);
    return true;
  }
}

/** Carries a batch. */
class BatchSeat<T, R> extends Seat<T, BatchAnswer<R>> {
  override delivered = 0;
  /** What was sent; an event that has its answer leaves a hole. */
  private items: (Item<T> | typeof nothing)[] = [];
  /** How many have been named in a result. */
  private named = 0;
  /** The first of the events, by which `classify` judges an error of them all. */
  private first: T | undefined;
  /** The error of the one that was last named as failed. */
  private itemError: unknown;

  constructor(private readonly puller: BatchPuller<T, R>) {
    super();
  }

  /**
   * Sends a batch.
   * @param items Its events.
   * @param isFresh Whether none of them has been sent before.
   */
  start(items: Item<T>[], isFresh: boolean): void {
    const { puller } = this;
    const { ledger } = puller.subject;
    this.items = items;
    // The user's function gets an array of its own, whatever it does with it.
    const events = isFresh ? (items as T[]).slice() : items.map((item) => eventOf(item));
    this.first = events[0];
    this.itemError = undefined;
    this.named = this.delivered = 0;
    let attempt = 1;
    for (const item of isFresh ? [] : items) {
      attempt = Math.max(attempt, ledger.started(item));
    }
    const context = this.begin(attempt, ++puller.subject.turns);
    puller.started(this, items.length, attempt);
    try {
      if (this.busy) {
        this.listen(puller.target.batch.send(events, context), puller.subject.deadlines);
      }
    } catch (error) {
      this.refuse(error);
    }
  }

  override handBack(): Item<T>[] {
    const left =
      this.named === 0
        ? (this.items as Item<T>[])
        : this.items.filter((item): item is Item<T> => item !== nothing);
    this.items = [];
    return left;
  }

  protected override timeoutError(now: number): Error {
    return this.puller.timeoutError(now);
  }

  protected override answered(answer: BatchAnswer<R>): void {
    this.puller.subject.steps.run(() => {
      this.emitted(answer);
      if (this.busy) {
        this.end();
        this.completed();
      }
    });
  }

  protected override emitted(answer: BatchAnswer<R>): void {
    if (answer === undefined) {
      return;
    }
    this.puller.subject.steps.run(() => {
      try {
        if (!Array.isArray(answer)) {
          throw wrongType(this.puller.name, 'answer', 'an array of results, or undefined', answer);
        }
        for (const result of answer as readonly ItemResult<R>[]) {
          if (this.busy) {
            this.settle(result);
          }
        }
      } catch (error) {
        if (this.busy) {
          this.cancel(error);
          this.failed(error);
        }
      }
    });
  }

  protected override completed(): void {
    const { puller, named, delivered, turn, itemError } = this;
    const size = this.items.length;
    const left = this.handBack();
    this.forget();
    puller.subject.steps.run(() => {
      if (named === 0) {
        puller.ended(this, size, 0);
        puller.succeeded();
        puller.deliveredAll(left);
      } else {
        const error =
          left.length === 0
            ? itemError
            : new TemporaryError(
                `connection "${puller.name}" answered for ${String(named)} of ${String(size)} events`,
              );
        puller.ended(this, delivered, size - delivered, error);
        // A send that makes progress is no failure of the connection: it need not pause for the rest.
        puller.failed(
          left,
          delivered > 0 || left.length === 0 ? undefined : 'temporary',
          error,
          delivered === 0,
          turn,
        );
        if (delivered > 0) {
          puller.succeeded();
        }
      }
      puller.rest();
    });
  }

  protected override failed(error: unknown): void {
    const { puller, delivered, turn } = this;
    const event = this.first as T;
    const size = this.items.length;
    const left = this.handBack();
    this.forget();
    puller.subject.steps.run(() => {
      const kind = puller.kindOf(error, event);
      puller.ended(this, delivered, size - delivered, error);
      puller.failed(left, kind, error, delivered === 0, turn);
      if (delivered > 0 && kind === 'temporary') {
        puller.succeeded();
      }
      puller.rest();
    });
  }

  /** A free seat holds on to nothing. */
  private forget(): void {
    this.first = this.itemError = undefined;
  }

  /** One event of the batch has its answer. The first one counts. */
  private settle(result: ItemResult<R>): void {
    const { puller, items } = this;
    expectObject(puller.name, 'result', result);
    const { index } = result;
    const status: unknown = result.status;
    const said: unknown = result.status === 'delivered' ? result.value : result.error;
    if (!this.busy) {
      // To read it may have done anything.
      return;
    }
    if (!Number.isInteger(index) || index < 0 || index >= items.length) {
      const expected = `an integer from 0 to ${String(items.length - 1)}`;
      throw outOfRange(puller.name, 'index of a result', expected, index);
    }
    if (status !== 'delivered' && status !== 'failed') {
      throw outOfRange(puller.name, 'status of a result', "'delivered' or 'failed'", status);
    }
    const item = items[index] as Item<T> | typeof nothing;
    if (item === nothing) {
      return;
    }
    items[index] = nothing;
    this.named++;
    if (status === 'delivered') {
      this.delivered++;
      puller.succeeded();
      puller.delivered(item, said as R);
    } else {
      this.itemError = said;
      const kind = puller.kindOf(said, eventOf(item));
      // One event's error does not break the connection.
      puller.failed([item], kind === 'connection' ? 'temporary' : kind, said, true, this.turn);
    }
  }
}
