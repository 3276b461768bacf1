/** The shared subject: a producer side like any Subject's, but each value goes to the one puller whose turn it is. */
import { noop, Subject, takeUntil, timer, type Observable, type Subscriber, type Unsubscribable } from 'rxjs';
import type { QueueActivity } from '../activity.js';
import type { DropReason, Outcome } from '../outcome.js';
import { Alarm } from './alarm.js';
import { Deadlines, type Timed } from './deadlines.js';
import { DirectSubscriber } from './directSubscriber.js';
import { EventQueue, nothing, type Candidate } from './eventQueue.js';
import { Ledger } from './ledger.js';
import { LinkedList, type Linked } from './linkedList.js';
import { Monitor } from './monitor.js';
import { OpenSource, type Opened, type Taker } from './openSource.js';
import { Outage } from './outage.js';
import { release, reportUnhandled } from './release.js';
import type { Item, Suspect } from './retry.js';
import type { Settings } from './settings.js';
import { Steps, type Settler } from './steps.js';

/** Somebody who takes events when it is ready for them. */
export interface Puller<T> extends Linked<Puller<T>> {
  /** Whether it can take an event now; while it can, it stands in line. */
  readonly ready: boolean;
  /** How many events it can take now. */
  readonly openings: number;
  /** Its place in line: behind all lower numbers. */
  place: number;
  /** Takes what it can in one turn; false when it took nothing. */
  pull(): boolean;
  /** Visits its sends in flight. */
  eachInFlight(visit: (send: Timed) => void): void;
  /** Gives up its sends, and hands over the events that were in them, oldest first. */
  abandon(reason: unknown): Item<T>[];
}

/** A puller that waits for more events before it takes them. */
export interface LingeringPuller<T> extends Puller<T> {
  /** How many waiting events end the wait. */
  readonly enough: number;
  /** Ends the wait. */
  stopLingering(): void;
}

/** How the output ends: with an error, or without. */
interface Ending {
  readonly failure: { readonly error: unknown } | undefined;
}

/** One subscription's heart: events come in at one side, and at the other pullers take them in turn. */
export class PullSubject<T, R> implements Taker<T>, Settler {
  /** The events that wait. */
  readonly waiting: EventQueue<T>;
  /** What becomes of each. */
  readonly ledger: Ledger<T, R>;
  /** When sends in flight have taken too long. */
  readonly deadlines: Deadlines;
  readonly monitor: Monitor | undefined;
  readonly steps = new Steps(this);
  /** How many connections are up and not pausing; a busy one counts. */
  available = 0;
  /** How many events are in a send. */
  inFlight = 0;
  /** How many events all windows take together, and those in flight beyond them. */
  room = 0;
  /** How many sends have been started. */
  turns = 0;
  /** How many connections are up, busy and pausing ones included. */
  private up = 0;
  /** The pullers that are ready, in the order of their turns. */
  private readonly line = new LinkedList<Puller<T>>();
  /** How many sends have just ended, whose pullers do not stand in line yet: they may be ready in a moment. */
  freeing = 0;
  /** How many places in it have been given. */
  private places = 0;
  private readonly lingering = new Set<LingeringPuller<T>>();
  /** How many waiting events end the wait of one of those. */
  private enough = Infinity;
  private readonly pullers = new Set<Puller<T>>();
  private readonly outage: Outage<T>;
  /** Rings when a waiting retry no longer avoids the connections it has failed on. */
  private readonly relenting: Alarm;
  /** Emits when nothing more is taken from the source. */
  private readonly intakeOver$ = new Subject<void>();
  /** Emits when the connections are to be closed. */
  private readonly over$ = new Subject<void>();
  /** The source, where it emits as it likes. */
  private intake: Unsubscribable | undefined;
  /** The source, where it can be asked for events. */
  private opened: Opened | undefined;
  /** How many events have come since the queue was last held against its capacity. */
  private arrivals = 0;
  /** One for all that overflows: a stack trace for each would cost more than the drop. */
  private overflowError: Error | undefined;
  private lastConnectionError: { readonly error: unknown } | undefined;
  /** Whether it goes on: it has neither ended nor been told to. */
  private pulling = true;
  private sourceEnd: Ending | undefined;
  private closing: (Ending & { readonly cause: unknown }) | undefined;
  /** Whether no connection is left, and none can come. */
  private deserted = false;
  private stopped = false;

  /**
   * @param settings The options.
   * @param subscriber Who gets the outcomes.
   */
  constructor(
    readonly settings: Settings<T>,
    private readonly subscriber: Subscriber<Outcome<T, R>>,
  ) {
    const { scheduler, timeout, monitor, guaranteed, maxAttempts } = settings;
    const atOnce = (work: () => void): void => {
      this.steps.run(work);
    };
    this.waiting = new EventQueue(
      () => this.available,
      () => scheduler.now(),
    );
    this.monitor = monitor && new Monitor(monitor, () => this.queueActivity(), scheduler);
    this.ledger = new Ledger(settings, this.waiting, subscriber, this.monitor, (error) => {
      this.fail(error);
    });
    const eachInFlight = (visit: (send: Timed) => void): void => {
      for (const puller of this.pullers) {
        puller.eachInFlight(visit);
      }
    };
    this.deadlines = new Deadlines(timeout.send, scheduler, eachInFlight, atOnce);
    this.relenting = new Alarm(scheduler, () => {
      this.resume();
    });
    this.outage = new Outage({
      queue: this.waiting,
      wait: timeout.wait,
      maxAttempts: guaranteed === true ? Infinity : maxAttempts,
      limitOf: this.ledger.limitOf,
      drop: (item) => {
        this.ledger.drop(item, 'no-connection', this.connectionError());
      },
      scheduler,
      atOnce,
    });
    this.outage.begin();
    subscriber.add(() => {
      this.stop();
    });
  }

  /**
   * Begins: first with what may close it, then with the connections, then with the source.
   * @param connections$ The streams of all connections, merged. They emit nothing; an error closes, and
   * completion means that no connection is left, and none can come.
   * @param source$ The events.
   */
  run(connections$: Observable<never>, source$: Observable<T>): void {
    const error = (thrown: unknown): void => {
      this.fail(thrown);
    };
    this.steps.run(() => {
      this.settings.closing$.pipe(takeUntil(this.intakeOver$)).subscribe({
        next: (cause) => {
          this.close(cause);
        },
        error,
      });
      if (this.pulling) {
        connections$.pipe(takeUntil(this.over$)).subscribe({
          error,
          complete: () => {
            this.desert();
          },
        });
      }
    });
    if (this.pulling) {
      this.drawFrom(source$);
    }
  }

  // ---- The producer side

  /** An event arrives. */
  next(event: T): void {
    if (this.deserted) {
      this.steps.run(() => {
        this.ledger.drop(event, 'no-connection', this.connectionError());
      });
      return;
    }
    this.waiting.push(event);
    this.outage.arrived();
    this.arrivals++;
    const wanted = this.line.length > 0 || this.freeing > 0 || this.lingering.size > 0;
    if (wanted || this.monitor !== undefined || this.waiting.length > this.settings.capacity) {
      this.steps.begin();
      if (!wanted) {
        this.shed();
      }
      this.steps.end();
    } else {
      this.arrivals = 0;
    }
  }

  /** The source has failed: what is outstanding gets its outcomes first. */
  error(error: unknown): void {
    this.endSource({ failure: { error } });
  }

  /** The source has ended. */
  complete(): void {
    this.endSource({ failure: undefined });
  }

  /** Whether waiting for more events would be in vain. */
  get sourceHasEnded(): boolean {
    return this.sourceEnd !== undefined;
  }

  // ---- The pulling side

  /** A puller joins. */
  join(puller: Puller<T>): void {
    this.pullers.add(puller);
  }

  /** A puller leaves. */
  leave(puller: Puller<T>): void {
    this.pullers.delete(puller);
  }

  /** A puller may have become ready, or may no longer be: it joins the line at its end, or leaves it. */
  lineUp(puller: Puller<T>): void {
    if (puller.ready !== this.line.has(puller)) {
      if (puller.ready) {
        puller.place = ++this.places;
        this.line.push(puller);
      } else {
        this.line.remove(puller);
      }
    }
  }

  /**
   * The next event for a puller that has room again, when nobody else is ready: then it need not stand in line
   * for what it would get at once.
   */
  takeNext(puller: Puller<T> & Candidate): Item<T> | typeof nothing {
    const isNext = this.line.length === 0 && this.lingering.size === 0 && this.steps.outermost;
    return isNext && this.wants(puller) && (this.waiting.length > 0 || (this.ask() && this.wants(puller)))
      ? this.waiting.take(puller)
      : nothing;
  }

  /** A puller waits for more events. */
  linger(puller: LingeringPuller<T>): void {
    this.lingering.add(puller);
    this.enough = Math.min(this.enough, puller.enough);
  }

  /** A puller waits no longer. It has not had its turn, so it comes before those that have had theirs since. */
  lingered(puller: LingeringPuller<T>): void {
    this.lingering.delete(puller);
    if (this.lingering.size === 0) {
      this.enough = Infinity;
    }
    if (puller.ready) {
      let before = this.line.last;
      while (before !== undefined && before.place > puller.place) {
        before = before.previous;
      }
      this.line.insert(puller, before);
    }
  }

  /** One more connection is up, or one less. */
  upChanged(change: 1 | -1): void {
    this.up += change;
    if (this.up === 0) {
      this.outage.begin();
    } else if (this.up === change) {
      this.outage.end();
    }
  }

  /**
   * Asks the source for an event, where it can be asked; true when it came at once. Retries that wait for
   * another connection count: without them, what is in memory would have no bound.
   */
  ask(): boolean {
    const { opened } = this;
    return opened !== undefined && this.pulling && !this.isFull(opened) && opened.ask();
  }

  get space(): number {
    return Math.max(0, this.room - this.inFlight - this.waiting.length);
  }

  get vacancies(): number {
    let openings = 0;
    for (const puller of this.pullers) {
      openings += puller.openings;
    }
    // Whoever is ready may have no use for the retries that wait.
    const least = Math.min(openings, 1);
    return Math.max(least, Math.min(openings - this.waiting.length, this.space));
  }

  atOnce(work: () => void): void {
    this.steps.run(work);
  }

  /** Pulls what can be pulled now. */
  private resume(): void {
    this.steps.run(noop);
  }

  /** An attempt has failed: its event waits again, or is dropped. */
  putBack(item: Item<T>, on: Suspect, error: unknown, counts: boolean): void {
    if (this.stopped) {
      return;
    }
    const retry = this.ledger.failed(item, on, error, counts);
    if (retry !== undefined) {
      this.outage.putBack(retry);
    }
  }

  /** A connection could not be opened, or broke. */
  connectionFailed(error: unknown): void {
    this.lastConnectionError = { error };
  }

  // ---- The end

  /** Closes, when this step is over: what is outstanding is dropped. */
  close(cause: unknown): void {
    this.end({ cause, failure: this.sourceEnd?.failure });
  }

  /** Closes, and then passes the error on. */
  fail(error: unknown): void {
    this.end({ cause: error, failure: { error } });
  }

  /** No connection is left, and none can come. */
  desert(): void {
    if (!this.pulling) {
      return;
    }
    this.steps.run(() => {
      this.deserted = true;
      this.opened?.finish();
    });
  }

  private end(ending: Ending & { readonly cause: unknown }): void {
    this.steps.run(() => {
      this.closing ??= ending;
      this.pulling = false;
    });
  }

  private endSource(ending: Ending): void {
    if (this.sourceEnd !== undefined || !this.pulling) {
      return;
    }
    const { drainTimeout, scheduler } = this.settings;
    this.steps.run(() => {
      this.sourceEnd = ending;
      this.wakeLingering();
      if (drainTimeout !== Infinity) {
        timer(drainTimeout, scheduler)
          .pipe(takeUntil(this.intakeOver$))
          .subscribe(() => {
            this.close(new Error(`drainTimeout of ${String(drainTimeout)} ms has passed`));
          });
      }
    });
  }

  /** What follows from a step: pulls, and perhaps the end. */
  settle(): void {
    // First, so that what the monitor's observer causes is seen to.
    this.monitor?.queueChanged();
    do {
      this.pull();
    } while (this.arrivals > 0 && this.shed());
    if (this.deserted) {
      // Also what was put back when the last connection had left already.
      this.dropWaiting('no-connection', this.connectionError());
    }
    if (!this.pulling || this.sourceHasEnded) {
      this.finishWhenDone();
    }
  }

  private finishWhenDone(): void {
    if (this.stopped) {
      return;
    }
    if (this.closing !== undefined) {
      this.endIntake();
      this.dropAll(this.closing.cause);
      this.finish(this.closing);
    } else if (this.sourceEnd !== undefined && this.inFlight === 0 && this.waiting.length === 0) {
      this.finish(this.sourceEnd);
    }
  }

  /** Lets the pullers in line take turns, until nothing waits that any of them may take. */
  private pull(): void {
    let refusals = 0;
    while (this.pulling && (this.line.length > 0 || this.lingering.size > 0)) {
      if (this.waiting.length >= this.enough) {
        this.wakeLingering();
      }
      const puller = this.line.first;
      if (puller === undefined) {
        // Those that linger want more than there is.
        if (!this.ask()) {
          return;
        }
      } else if (this.waiting.length > 0 || this.ask()) {
        // A user's iterator may have done anything when it was asked.
        if (!this.wants(puller) || this.line.first !== puller) {
          continue;
        }
        if (this.takeTurn(puller)) {
          refusals = 0;
        } else if (puller.ready && ++refusals >= this.line.length) {
          this.relenting.set(this.waiting.relentsAt);
          return;
        }
      } else {
        return;
      }
    }
  }

  /** The first in line goes to its back, whether it takes something or not. */
  private takeTurn(puller: Puller<T>): boolean {
    this.line.remove(puller);
    const took =
      puller.pull() || (this.wants(puller) && this.findMore() && this.wants(puller) && puller.pull());
    this.waiting.relents = false;
    this.lineUp(puller);
    return took;
  }

  private isFull({ spare }: Opened): boolean {
    return this.waiting.length + this.inFlight >= this.room + spare;
  }

  /** For a puller that all waiting retries avoid: one more event, or, where there is no room for one, one of those. */
  private findMore(): boolean {
    this.waiting.relents = this.opened !== undefined && this.isFull(this.opened);
    return this.waiting.relents || this.ask();
  }

  /** Whether a puller may take an event: asked anew after every call of a user's function. */
  wants(puller: Puller<T>): boolean {
    return this.pulling && puller.ready;
  }

  /** Wakes as many as there is enough for. */
  private wakeLingering(): void {
    let left = this.waiting.length;
    this.enough = Infinity;
    for (const puller of this.lingering) {
      if (this.sourceHasEnded || left >= puller.enough) {
        left -= puller.enough;
        puller.stopLingering();
      } else {
        this.enough = Math.min(this.enough, puller.enough);
      }
    }
  }

  /** Drops what has come beyond the capacity and was not taken; true when it dropped anything. */
  private shed(): boolean {
    const { capacity, overflow } = this.settings;
    let dropped = false;
    for (; this.arrivals > 0 && this.waiting.length > capacity; this.arrivals--) {
      const event = overflow === 'drop-newest' ? this.waiting.takeNewest() : this.waiting.takeUntried();
      if (event !== nothing) {
        this.overflowError ??= new Error('the queue is full');
        this.ledger.drop(event, 'overflow', this.overflowError);
        dropped = true;
      }
    }
    this.arrivals = 0;
    return dropped;
  }

  private dropAll(cause: unknown): void {
    const cancelled: Item<T>[] = [];
    for (const puller of this.pullers) {
      for (const item of puller.abandon(cause)) {
        cancelled.push(item);
      }
    }
    for (const item of cancelled) {
      this.ledger.dropInFlight(item, 'closed', cause);
    }
    this.dropWaiting('closed', cause);
  }

  private dropWaiting(reason: DropReason, error: unknown): void {
    for (let item = this.waiting.takeAny(); item !== nothing; item = this.waiting.takeAny()) {
      this.ledger.drop(item, reason, error);
    }
  }

  private finish({ failure }: Ending): void {
    if (this.stopped) {
      // Whoever has left inside an outcome hears of no end.
      return;
    }
    this.stop();
    this.monitor?.end(failure);
    if (failure === undefined) {
      this.subscriber.complete();
    } else {
      this.subscriber.error(failure.error);
    }
  }

  /** Cancels every send, closes every connection, and leaves no timer behind. */
  private stop(): void {
    this.stopped = true;
    this.pulling = false;
    this.endIntake();
    this.over$.next();
    this.deadlines.stop();
    this.relenting.stop();
    this.outage.stop();
    this.monitor?.stop();
  }

  private endIntake(): void {
    this.intakeOver$.next();
    release(this.intake);
    release(this.opened);
  }

  /** Takes its events as they come; from one that can be asked, only when a puller is ready. */
  private drawFrom(source$: Observable<T>): void {
    if (!(source$ instanceof OpenSource)) {
      const intake = new DirectSubscriber(this);
      this.intake = intake;
      try {
        intake.add(source$.subscribe(intake));
      } catch (error) {
        release(intake);
        if (this.sourceHasEnded || !this.pulling) {
          // At once, and its teardown has failed.
          reportUnhandled(error);
        } else {
          this.error(error);
        }
      }
    } else {
      this.open(source$ as OpenSource<T>);
    }
  }

  private open(source$: OpenSource<T>): void {
    try {
      this.opened = source$.open(this);
    } catch (error) {
      this.error(error);
    }
    if (this.deserted) {
      this.opened?.finish();
    }
    this.resume();
  }

  private connectionError(): unknown {
    this.lastConnectionError ??= { error: new Error('no connection is up') };
    return this.lastConnectionError.error;
  }

  private queueActivity(): QueueActivity {
    const { untried, retrying } = this.waiting;
    return { type: 'queue', waiting: untried, retrying, inFlight: this.inFlight };
  }
}
