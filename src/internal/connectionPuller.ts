/** One connection's part in a balancer: when it pulls, how much, and what its failures lead to. */
import {
  EMPTY,
  isObservable,
  map,
  noop,
  Observable,
  ReplaySubject,
  Subject,
  Subscription,
  timer,
  TimeoutError,
  type Subscriber,
} from 'rxjs';
import type { ConnectionBase, ConnectionState, FailureKind } from '../connection.js';
import { TemporaryError } from '../errors.js';
import { longestDelay } from './alarm.js';
import { Backoff, type Wait } from './backoff.js';
import { expectCount, outOfRange } from './expect.js';
import { Fifo } from './fifo.js';
import type { Puller, PullSubject } from './pullSubject.js';
import { isA } from './isA.js';
import { MisuseError } from './misuseError.js';
import { released } from './released.js';
import type { Item } from './retry.js';
import type { Seat } from './seat.js';
import { kindByClass } from './target.js';

/** More room than there are events: what is finite can be subtracted again. */
const mostRoom = 2 ** 30;

/** Why a connection is to leave: it was removed, and may return; or it is at its end. */
type Leaving = 'removed' | 'completed';

/**
 * What single events and batches have in common.
 *
 * The streams here are what `loadBalance` composes: `state$` opens the connection, `pull$` pulls while it
 * is subscribed, `rest$` is for any other state, `reconnect` says when to open again, and `retired$` emits
 * when the connection has nothing more to do.
 */
export abstract class ConnectionPuller<T, R, S extends Seat<T, never>> implements Puller<T> {
  previous: Puller<T> | undefined;
  next: Puller<T> | undefined;
  place = 0;
  readonly name: string;
  /** How many events it has delivered. */
  successes = 0;
  /** Whether it is up and not pausing; it may be busy. */
  available = false;
  /** Whether it has failed and not succeeded since. */
  onProbation = false;
  /** Every seat there is, and those of them that are free. */
  private readonly seats = new Set<S>();
  private readonly freeSeats: S[] = [];
  /** How many sends are in flight, and how many may be at this moment. */
  private inFlight = 0;
  private limit = 0;
  private window = 1;
  /** How many events its window takes. */
  private room = 0;
  /** Whether more is in flight than is to be: with every send that ends, there is room for less. */
  private waning = false;
  /** The subscriber of `pull$`, while there is one. */
  private pulling: Subscriber<never> | undefined;
  /** The subscriber of `rest$`, while there is one. */
  private resting: Subscriber<never> | undefined;
  /** Whether it is up, has not failed, and is not to leave. */
  private active = false;
  /** What broke it, until it is opened again. */
  private failure: { readonly error: unknown } | undefined;
  /** The wait for the next try, when it began before the connection was closed. */
  private wait: Wait | undefined;
  private finishing = Subscription.EMPTY;
  private paused = false;
  /** How many sends the balancer had started when the last pause began. */
  private pausedAfter = -1;
  private leaving: Leaving | undefined;
  /** The error of the sends that have been too late last. */
  private late: { readonly since: number; readonly error: TimeoutError } | undefined;
  private readonly retirement$ = new Subject<void>();
  private readonly backoff: Backoff;
  /** Everything that ends when it leaves. */
  private readonly membership = new Subscription();

  /**
   * @param connection The connection.
   * @param subject Where it pulls from.
   */
  constructor(
    protected readonly connection: ConnectionBase<T>,
    readonly subject: PullSubject<T, R>,
  ) {
    const { reconnectDelay, scheduler } = subject.settings;
    this.name = connection.name;
    this.backoff = new Backoff(reconnectDelay, scheduler);
    if (typeof connection.window === 'number') {
      this.window = connection.window;
    }
    subject.join(this);
  }

  // ---- The streams

  /**
   * Opens the connection: its states, each in a step of its own, and beside them its window. As long as it
   * is silent, it is connecting.
   */
  readonly state$ = new Observable<ConnectionState>((subscriber) => {
    const { steps } = this.subject;
    const { state$, window } = this.connection;
    const error = (thrown: unknown): void => {
      steps.run(() => {
        subscriber.error(thrown);
      });
    };
    this.failure = undefined;
    subscriber.next('connecting');
    if (isObservable(window) && !subscriber.closed) {
      const sizes$ = released(window).pipe(map((size) => expectSize(this.name, size)));
      const next = (size: number): void => {
        this.resize(size);
      };
      subscriber.add(sizes$.subscribe({ next, error }));
    }
    // Whoever hears of the first state may have ended it.
    if (subscriber.closed) {
      return;
    }
    const states$ = released(state$).pipe(map((state) => expectState(this.name, state)));
    // A state that is caused by another one comes after it.
    const coming = new Fifo<ConnectionState>();
    let isTelling = false;
    const next = (state: ConnectionState): void => {
      coming.push(state);
      if (isTelling) {
        return;
      }
      isTelling = true;
      steps.run(() => {
        for (let first = coming.shift(); first !== undefined; first = coming.shift()) {
          subscriber.next(first);
        }
        isTelling = false;
      });
    };
    const complete = (): void => {
      steps.run(() => {
        this.leave('completed');
      });
    };
    subscriber.add(states$.subscribe({ next, error, complete }));
  });

  /** Pulls while it is subscribed. Errors once the connection has failed and its sends have ended. */
  readonly pull$ = new Observable<never>((subscriber) => {
    this.pulling = subscriber;
    this.backoff.steady();
    this.update();
    return () => {
      this.subject.steps.run(() => {
        this.pulling = undefined;
        // That ends it at once: it cannot return from there.
        if (this.leaving === 'removed') {
          this.leaving = 'completed';
        }
        this.backoff.unsteady();
        this.update();
        this.cancelAll();
        this.rest();
      });
    };
  });

  /** Waits for another state, unless the connection has failed meanwhile. */
  readonly rest$ = new Observable<never>((subscriber) => {
    this.resting = subscriber;
    this.rest();
    return () => {
      this.resting = undefined;
    };
  });

  /** Emits when there is nothing more to wait for. */
  readonly retired$ = this.retirement$.asObservable();

  /**
   * The connection has failed.
   * @param error What broke it.
   * @returns Emits when it is to be opened again; completes when it is not.
   * @throws whatever the user's `reconnectDelay` throws.
   */
  reconnect(error: unknown): Observable<unknown> {
    if (isA(MisuseError, error)) {
      throw error;
    }
    this.failure ??= { error };
    this.onProbation = true;
    this.finishing.unsubscribe();
    this.subject.connectionFailed(error);
    if (this.leaving !== undefined) {
      this.leaving = 'completed';
      return EMPTY;
    }
    const { over$, delay } = this.wait ?? this.backoff.wait(error);
    this.wait = undefined;
    this.reportBackoff(error, delay);
    return this.inSteps(over$, () => {
      // Whoever lists it again while it goes must not think that it stays.
      this.leaving = 'completed';
    });
  }

  // ---- The membership

  /** The connection is to leave: it finishes its sends first. */
  leave(leaving: Leaving): void {
    // What is at its end cannot return from there.
    if (this.leaving !== 'completed') {
      this.leaving = leaving;
    }
    this.update();
    this.rest();
  }

  /** A removed connection is listed again; false when it is too late for that. */
  stay(): boolean {
    if (this.leaving !== 'removed') {
      return false;
    }
    this.leaving = undefined;
    this.update();
    return true;
  }

  /** The connection has left. */
  left(): void {
    this.membership.unsubscribe();
    this.subject.leave(this);
    this.subject.monitor?.report({ type: 'state', connection: this.name, state: 'removed' });
  }

  // ---- Pulling

  get ready(): boolean {
    return this.inFlight < this.limit;
  }

  get openings(): number {
    return Math.min(Math.max(0, this.limit - this.inFlight) * this.perSend, mostRoom);
  }

  abstract pull(): boolean;

  /** How many events one send takes. */
  protected abstract readonly perSend: number;

  abandon(reason: unknown): Item<T>[] {
    return this.cancelSends(reason).flatMap(({ items }) => items);
  }

  /** Visits its sends in flight. */
  eachInFlight(visit: (send: S) => void): void {
    if (this.inFlight === 0) {
      return;
    }
    for (const seat of this.seats) {
      if (seat.busy) {
        visit(seat);
      }
    }
  }

  /** A seat for one more send. */
  protected takeSeat(): S {
    const seat = this.freeSeats.pop();
    if (seat !== undefined) {
      return seat;
    }
    const made = this.newSeat();
    this.seats.add(made);
    return made;
  }

  protected abstract newSeat(): S;

  // ---- What seats report

  /** A send starts. */
  started(seat: S, events: number, attempt: number): void {
    const { subject } = this;
    this.inFlight++;
    subject.inFlight += events;
    if (subject.monitor !== undefined) {
      seat.startedAt = subject.monitor.now();
      subject.monitor.report({ type: 'attempt', connection: this.name, events, attempt });
    }
  }

  /**
   * A send has ended, and its seat is free.
   * @param seat The seat.
   * @param delivered How many of its events were delivered.
   * @param failed How many were not.
   * @param error Why not.
   */
  ended(seat: S, delivered: number, failed: number, error?: unknown): void {
    this.subject.freeing++;
    this.answered(seat, delivered, failed, error);
    this.free(seat);
    this.subject.freeing--;
  }

  /** A send has ended. Its seat is to be freed, or to carry the next one. */
  answered(seat: S, delivered: number, failed: number, error?: unknown): void {
    const { monitor } = this.subject;
    this.inFlight--;
    if (this.waning) {
      this.update();
    }
    if (monitor !== undefined) {
      const elapsed = monitor.now() - seat.startedAt;
      const why = failed === 0 ? {} : { error };
      monitor.report({ type: 'answer', connection: this.name, delivered, failed, elapsed, ...why });
    }
  }

  /** A seat is free, unless its send was cancelled. */
  free(seat: S): void {
    if (seat.cancelled) {
      this.seats.delete(seat);
    } else {
      this.freeSeats.push(seat);
    }
    this.subject.lineUp(this);
  }

  /** An event has been delivered. */
  delivered(item: Item<T>, value: R): void {
    this.successes++;
    this.subject.inFlight--;
    this.subject.ledger.delivered(item, value, this.name);
  }

  /** All events of a batch have been delivered, with no value. */
  deliveredAll(items: readonly Item<T>[]): void {
    const { ledger } = this.subject;
    this.successes += items.length;
    this.subject.inFlight -= items.length;
    for (const item of items) {
      ledger.delivered(item, undefined as R, this.name);
    }
  }

  /** A send, or the event of a batch, was answered well: the backoff starts over. */
  succeeded(): void {
    if (this.onProbation) {
      this.onProbation = false;
      this.backoff.reset();
      this.update();
    }
  }

  /**
   * Events have failed.
   * @param items The events, now without a seat.
   * @param kind What the error means; `undefined` when that could not be told, and the balancer closes.
   * @param error The error.
   * @param counts Whether an attempt is used up.
   * @param turn The number of the send.
   */
  failed(
    items: readonly Item<T>[],
    kind: FailureKind | undefined,
    error: unknown,
    counts: boolean,
    turn: number,
  ): void {
    const { subject } = this;
    const breaks = kind === 'connection' && this.failure === undefined;
    if (breaks) {
      // Before anybody hears of it: an outcome may cause anything.
      this.failure = { error };
      this.onProbation = true;
      this.backoff.unsteady();
      this.update();
    }
    for (const item of items) {
      subject.inFlight--;
      if (kind === 'rejected') {
        subject.ledger.rejected(item, this, error);
      } else {
        subject.putBack(item, this, error, counts);
      }
    }
    if (kind === 'rejected') {
      this.succeeded();
    } else if (kind === 'temporary') {
      this.pause(error, turn);
    } else if (breaks) {
      this.breakDown(error);
    }
  }

  /** What an error of a send means. */
  kindOf(error: unknown, event: T): FailureKind | undefined {
    try {
      return expectKind(this.name, this.connection.classify?.(error, event) ?? kindByClass(error));
    } catch (thrown) {
      this.subject.fail(thrown);
      return undefined;
    }
  }

  /** Once no send is in flight, what had to wait for that happens. */
  rest(): void {
    if (this.inFlight > 0) {
      return;
    }
    if (this.leaving !== undefined) {
      this.retire();
    } else if (this.failure !== undefined) {
      (this.pulling ?? this.resting)?.error(this.failure.error);
    }
  }

  /** It goes, and whoever lists it again meanwhile must not think that it stays. */
  private retire(): void {
    this.leaving = 'completed';
    this.retirement$.next();
  }

  // ---- What follows from failures

  /** It has failed, and pulls no more: when the sends in flight have ended, it is closed. */
  private breakDown(error: unknown): void {
    if (this.leaving === 'removed') {
      this.retire();
    } else if (
      this.leaving === undefined &&
      this.inFlight > 0 &&
      this.subject.settings.timeout.send === Infinity
    ) {
      this.finishWithin(error);
    }
  }

  /** Without a timeout, sends in flight have as long as the wait for the next try, which begins now. */
  private finishWithin(error: unknown): void {
    try {
      const { over$, delay } = this.backoff.wait(error);
      const shared$ = new ReplaySubject<unknown>(1);
      this.wait = { over$: shared$, delay };
      this.membership.add(over$.subscribe(shared$));
      this.finishing = this.inSteps(shared$).subscribe({
        error: noop,
        complete: () => {
          this.pulling?.error(error);
        },
      });
      this.membership.add(this.finishing);
    } catch (thrown) {
      this.subject.fail(thrown);
    }
  }

  /** Stays up and pulls nothing for a while. Sends that started before a pause do not make it longer. */
  private pause(error: unknown, turn: number): void {
    this.onProbation = true;
    if (this.paused || this.failure !== undefined) {
      return;
    }
    this.backoff.unsteady();
    const wait = turn <= this.pausedAfter ? undefined : this.pauseAfter(error);
    if (wait === undefined) {
      this.goOn();
      return;
    }
    this.paused = true;
    this.pausedAfter = this.subject.turns;
    this.update();
    this.reportBackoff(error, wait.delay);
    this.membership.add(
      this.inSteps(wait.over$, () => {
        this.leave('completed');
      }).subscribe({
        error: noop,
        next: () => {
          this.paused = false;
          this.goOn();
          if (this.active) {
            this.reportState('up');
          }
        },
      }),
    );
  }

  /** Pulls again, if it is up, and has not failed from now on. */
  private goOn(): void {
    if (this.pulling !== undefined) {
      this.backoff.steady();
    }
    this.update();
  }

  /** How long to pause; `undefined`: not at all. */
  private pauseAfter(error: unknown): Wait | undefined {
    const { scheduler } = this.subject.settings;
    const retryAfter = retryAfterOf(error);
    if (retryAfter === 0) {
      return this.backoff.yields() ? { over$: timer(0, scheduler), delay: 0 } : undefined;
    }
    if (retryAfter !== undefined) {
      return { over$: timer(Math.min(retryAfter, longestDelay), scheduler), delay: retryAfter };
    }
    try {
      return this.backoff.wait(error);
    } catch (thrown) {
      this.subject.fail(thrown);
      return undefined;
    }
  }

  // ---- The window

  private resize(size: number): void {
    this.subject.steps.run(() => {
      this.window = size;
      this.update();
    });
  }

  /** Something has changed that decides how many sends may be in flight. */
  protected update(): void {
    const { subject } = this;
    const active = this.pulling !== undefined && this.failure === undefined && this.leaving === undefined;
    if (active !== this.active) {
      this.active = active;
      subject.upChanged(active ? 1 : -1);
    }
    this.limit = !active || this.paused ? 0 : this.onProbation ? Math.min(1, this.window) : this.window;
    const available = this.limit > 0;
    if (available !== this.available) {
      this.available = available;
      subject.available += available ? 1 : -1;
    }
    // What is in flight has its place until it has ended, also where no more is pulled.
    const sends = Math.max(active ? this.window : 0, this.inFlight);
    const room = Math.min(sends * this.perSend, mostRoom);
    subject.room += room - this.room;
    this.room = room;
    this.waning = sends > (active ? this.window : 0);
    subject.lineUp(this);
  }

  // ---- Cancelling

  /** What was in flight on a connection that is no longer up has used an attempt, unless its send made progress. */
  private cancelAll(): void {
    if (this.inFlight === 0) {
      return;
    }
    const reason = this.failure?.error ?? new Error(`connection "${this.name}" is no longer up`);
    for (const { items, progressed } of this.cancelSends(reason)) {
      for (const item of items) {
        this.subject.inFlight--;
        this.subject.putBack(item, this, reason, !progressed);
      }
    }
  }

  /** Cancels every send: what was in them, oldest first. */
  private cancelSends(reason: unknown): { readonly items: Item<T>[]; readonly progressed: boolean }[] {
    const busy: S[] = [];
    this.eachInFlight((seat) => busy.push(seat));
    busy.sort((a, b) => a.turn - b.turn);
    // All are silenced before any is cancelled: what that does to another one is no answer of it.
    for (const seat of busy) {
      seat.busy = false;
    }
    return busy.map((seat) => {
      const { delivered } = seat;
      seat.cancel(reason);
      const items = seat.handBack();
      this.ended(seat, delivered, items.length, reason);
      return { items, progressed: delivered > 0 };
    });
  }

  /**
   * The error of the sends that have taken too long at this moment: RxJS's own, with the numbers. They share
   * it, since to make one takes longer than all that is done with it.
   */
  timeoutError(now: number): TimeoutError {
    if (this.late?.since !== now) {
      // eslint-disable-next-line @typescript-eslint/no-deprecated -- it is RxJS's own that users ask for with instanceof
      const error = new TimeoutError();
      error.message = `connection "${this.name}": a send took longer than ${String(this.subject.settings.timeout.send)} ms`;
      this.late = { since: now, error };
    }
    return this.late.error;
  }

  // ---- Reports

  /** The connection's state has changed, or is again what it was before a pause. */
  reportState(state: ConnectionState): void {
    this.subject.monitor?.report({ type: 'state', connection: this.name, state });
  }

  private reportBackoff(error: unknown, delay: number | undefined): void {
    this.subject.monitor?.report({
      type: 'state',
      connection: this.name,
      state: 'backoff',
      error,
      ...(delay === undefined ? {} : { delay }),
    });
  }

  /**
   * The end of a wait, which cannot fail, as a step.
   * @param over$ Emits when it is over.
   * @param notAgain Called when it completes without that: there is to be no next try.
   */
  private inSteps<V>(over$: Observable<V>, notAgain = noop): Observable<V> {
    const { steps } = this.subject;
    return new Observable((subscriber) => {
      let isOver = false;
      return over$.subscribe({
        next: (value) => {
          isOver = true;
          steps.run(() => {
            subscriber.next(value);
          });
        },
        complete: () => {
          steps.run(() => {
            if (!isOver) {
              notAgain();
            }
            subscriber.complete();
          });
        },
      });
    });
  }
}

/** What an error asks for, where it does and can be looked into. */
function retryAfterOf(error: unknown): number | undefined {
  try {
    return error instanceof TemporaryError ? error.retryAfter : undefined;
  } catch {
    return undefined;
  }
}

function expectSize(name: string, size: number): number {
  expectCount(name, 'window', size, 0);
  return size;
}

function expectState(name: string, state: unknown): ConnectionState {
  if (state !== 'connecting' && state !== 'up' && state !== 'down') {
    throw outOfRange(name, 'state', "'connecting', 'up' or 'down'", state);
  }
  return state;
}

function expectKind(name: string, kind: unknown): FailureKind {
  if (kind !== 'connection' && kind !== 'temporary' && kind !== 'rejected') {
    throw outOfRange(name, 'kind of failure', "'connection', 'temporary' or 'rejected'", kind);
  }
  return kind;
}
