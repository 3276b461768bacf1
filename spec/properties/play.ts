/** Plays a world in virtual time, and notes whatever a balancer must never do. */
import { getEventListeners } from 'node:events';
import {
  EMPTY,
  filter,
  fromEvent,
  observable,
  Observable,
  startWith,
  Subject,
  Subscription,
  takeUntil,
  throwError,
  timer,
} from 'rxjs';
import type { ObservableInput, Subscriber } from 'rxjs';
import { loadBalance, RejectedError, TemporaryError } from '../../src/index.js';
import type {
  BatchConnection,
  Connection,
  ConnectionState,
  FailureKind,
  ItemResult,
  LoadBalanceOptions,
  Outcome,
  SendContext,
} from '../../src/index.js';
import { Clock } from './clock.js';
import { Hub } from './hub.js';
import { nth } from './nth.js';
import { Place, type Flight, type Passage } from './place.js';
import { horizon, longestDelay } from './world.js';
import type { Delay, ItemAnswer, Reaction, SendPlan, StatePlan, World } from './world.js';

/** What was broken. */
export type Promised =
  | 'one outcome'
  | 'attempts'
  | 'window'
  | 'only when up'
  | 'order'
  | 'true deliveries'
  | 'no leftovers'
  | 'in time'
  | 'capacity'
  | 'no idling';

/** What a play has shown. */
export interface Story {
  /** What the balancer broke, in words. */
  readonly broken: ReadonlyMap<Promised, readonly string[]>;
  readonly outcomes: readonly Outcome<number>[];
  readonly ended: 'completion' | 'error' | 'unsubscription' | undefined;
}

/** After so many sends a world falls silent: a spin within one moment must end. */
const tooMany = 1_200;

/**
 * Plays a world to its end.
 * @param world The world.
 * @returns What happened.
 */
export async function play(world: World): Promise<Story> {
  return new Play(world).run();
}

class Play {
  private readonly clock = new Clock();
  private readonly broken = new Map<Promised, string[]>();
  private readonly outcomes: Outcome<number>[] = [];
  /** Every event that the balancer was given, in that order. */
  private readonly passages = new Map<number, Passage>();
  private started: Passage[] = [];
  private readonly places: readonly Place[];
  private readonly connections: readonly (Connection<number> | BatchConnection<number>)[];
  private readonly source: Hub<number>;
  private readonly lists: Hub<readonly (Connection<number> | BatchConnection<number>)[]>;
  private readonly closing: Hub<unknown>;
  private readonly aborter = new AbortController();
  private readonly leaving$ = new Subject<void>();
  private readonly happened = { outcome: 0, send: 0, opening: 0, closing: 0, activity: 0 };
  private ended: Story['ended'];
  private sourceEndedAt = Infinity;
  private closedAt = Infinity;
  private nextEvent = 0;
  /** What a monitor does while it is told of an attempt may end that attempt before the send is called. */
  private readonly meddling: boolean;
  private totalSends = 0;
  private reconnects = 0;
  /** How many timers of the world itself are running. */
  private ownTimers = 0;

  constructor(private readonly world: World) {
    this.meddling = world.reactions.some(({ inside }) => inside === 'activity');
    this.source = new Hub((subscriber) => this.beginSource(subscriber));
    this.lists = new Hub((subscriber) => {
      this.beginLists(subscriber);
    });
    this.closing = new Hub(() => {
      if (world.end.after === 'at once') {
        this.endNow();
      }
      return undefined;
    });
    this.places = world.connections.map((plan, index) => {
      const place: Place = new Place(
        `c${String(index)}`,
        plan,
        new Hub((subscriber) => this.open(place, subscriber)),
        new Hub(() => {
          this.beginWindow(place);
        }),
      );
      place.listed = world.members === undefined;
      return place;
    });
    this.connections = this.places.map((place) => this.connectionAt(place));
  }

  async run(): Promise<Story> {
    const { world, clock } = this;
    const hot = new Subscription();
    if (world.source.hot) {
      this.timeline(hot, this.sourceSteps());
    }
    if (world.end.after !== 'at once') {
      this.later(world.end.after, () => {
        this.endNow();
      });
    }
    if (world.end.after === 'at once' && world.end.by === 'abort') {
      this.endNow();
    }
    loadBalance(
      world.members === undefined ? this.connections : this.lists.stream$,
      this.options(),
    )(this.source.stream$)
      .pipe(takeUntil(this.leaving$))
      .subscribe({
        next: (outcome) => {
          this.take(outcome);
        },
        error: () => {
          this.ended ??= 'error';
        },
        complete: () => {
          this.ended ??= 'completion';
        },
      });
    if (world.end.after === 'at once' && world.end.by === 'unsubscription') {
      this.endNow();
    }
    let steps = 0;
    do {
      await this.promisesSettled();
      this.look();
      if (++steps > 20_000) {
        this.note('in time', 'time stands still');
        break;
      }
      if (clock.frame > horizon && this.ended === undefined) {
        this.leave();
      }
    } while (clock.step());
    this.judge();
    return { broken: this.broken, outcomes: this.outcomes, ended: this.ended };
  }

  /** An answered promise leads to the next send, and so on: until nothing happens any more. */
  private async promisesSettled(): Promise<void> {
    let before: number;
    do {
      before = this.totalSends + this.outcomes.length;
      for (let turn = 0; turn < 4; turn++) {
        await Promise.resolve();
      }
    } while (before !== this.totalSends + this.outcomes.length);
  }

  // ---- The world's own life

  private note(promised: Promised, what: string): void {
    const notes = this.broken.get(promised) ?? [];
    this.broken.set(promised, notes);
    if (notes.length < 5) {
      notes.push(`${String(this.clock.frame)}: ${what}`);
    }
  }

  private later(delay: number, work: () => void): Subscription {
    this.ownTimers++;
    let waiting = true;
    const over = (): void => {
      if (waiting) {
        waiting = false;
        this.ownTimers--;
      }
    };
    const action = this.clock.schedule(() => {
      over();
      work();
    }, delay);
    return new Subscription(() => {
      over();
      action.unsubscribe();
    });
  }

  private timeline(
    life: Subscription,
    steps: readonly { readonly after: Delay; readonly work: () => void }[],
    from = 0,
  ): void {
    for (let index = from; index < steps.length && !life.closed; index++) {
      const { after, work } = nth(steps, index);
      if (after !== 'at once') {
        const timer = this.later(after, () => {
          life.remove(timer);
          work();
          this.timeline(life, steps, index + 1);
        });
        life.add(timer);
        return;
      }
      work();
    }
  }

  private endNow(): void {
    switch (this.world.end.by) {
      case 'closing':
        this.closedAt = Math.min(this.closedAt, this.clock.frame);
        this.closing.next('enough');
        return;
      case 'closing error':
        this.closedAt = Math.min(this.closedAt, this.clock.frame);
        this.closing.error(new Error('closing failed'));
        return;
      case 'abort':
        this.closedAt = Math.min(this.closedAt, this.clock.frame);
        this.aborter.abort();
        return;
      case 'unsubscription':
        this.leave();
        return;
    }
  }

  private leave(): void {
    this.ended ??= 'unsubscription';
    this.leaving$.next();
  }

  private react(inside: Reaction['inside']): void {
    const nth = ++this.happened[inside];
    for (const reaction of this.world.reactions) {
      if (reaction.inside === inside && reaction.nth === nth) {
        this.reactWith(reaction);
      }
    }
  }

  private reactWith({ does, which }: Reaction): void {
    const place = this.places[which % this.places.length];
    switch (does) {
      case 'close':
        if (this.world.end.by !== 'unsubscription') {
          this.endNow();
        }
        return;
      case 'unsubscribe':
        this.leave();
        return;
      case 'feed':
        this.emit();
        return;
      case 'end':
        this.endSource('completion');
        return;
      case 'list':
        this.list(which);
        return;
      case 'up':
      case 'down':
      case 'breaks':
      case 'completes':
        if (place !== undefined) {
          this.change(place, does);
        }
        return;
    }
  }

  // ---- Events

  private sourceSteps(): { after: Delay; work: () => void }[] {
    const { bursts, end } = this.world.source;
    return [
      ...bursts.map(({ after, events }) => ({
        after,
        work: () => {
          for (let n = 0; n < events; n++) {
            this.emit();
          }
        },
      })),
      ...(end === undefined
        ? []
        : [
            {
              after: end.after,
              work: () => {
                this.endSource(end.by);
              },
            },
          ]),
    ];
  }

  private beginSource(subscriber: Subscriber<number>): Subscription | undefined {
    if (this.world.source.hot) {
      return undefined;
    }
    const life = new Subscription();
    subscriber.add(life);
    this.timeline(life, this.sourceSteps());
    return undefined;
  }

  private emit(): void {
    if (!this.source.heard) {
      return;
    }
    const event = this.nextEvent++;
    this.passages.set(event, {
      event,
      starts: 0,
      used: { least: 0, most: 0 },
      deliveries: [],
      rejected: false,
      inFlight: 0,
      outcomes: 0,
    });
    this.source.next(event);
  }

  private endSource(by: 'completion' | 'error'): void {
    if (!this.source.heard) {
      return;
    }
    this.sourceEndedAt = this.clock.frame;
    if (by === 'completion') {
      this.source.complete();
    } else {
      this.source.error(new Error('the source failed'));
    }
  }

  // ---- Members

  private beginLists(subscriber: Subscriber<unknown>): undefined {
    const { members } = this.world;
    if (members !== undefined) {
      const life = new Subscription();
      subscriber.add(life);
      const { lists, end } = members;
      this.timeline(life, [
        ...lists.map(({ after }, index) => ({
          after,
          work: () => {
            this.list(index);
          },
        })),
        ...(end === undefined
          ? []
          : [
              {
                after: end.after,
                work: () => {
                  if (end.by === 'completion') {
                    this.lists.complete();
                  } else {
                    this.closedAt = Math.min(this.closedAt, this.clock.frame);
                    this.lists.error(new Error('the membership failed'));
                  }
                },
              },
            ]),
      ]);
    }
    return undefined;
  }

  private list(index: number): void {
    const plan = this.world.members?.lists[index];
    if (plan === undefined || !this.lists.heard) {
      return;
    }
    const indexes = new Set(
      this.places.length === 0 ? [] : plan.members.map((member) => member % this.places.length),
    );
    this.places.forEach((place, at) => {
      if (place.listed !== indexes.has(at)) {
        place.listed = !place.listed;
        place.changedAt = this.clock.frame;
        place.failing = false;
        place.relisted = true;
        place.window = Math.max(place.window, typeof place.plan.window === 'number' ? 0 : 1);
      }
    });
    this.lists.next(plan.members.flatMap((member) => this.connections[member % this.places.length] ?? []));
  }

  // ---- Connections

  private connectionAt(place: Place): Connection<number> | BatchConnection<number> {
    const { plan } = place;
    const { classify, batch } = plan;
    const base = {
      name: place.name,
      state$: place.states.stream$,
      window: typeof plan.window === 'number' ? plan.window : place.sizes.stream$,
      ...(classify === undefined
        ? {}
        : {
            classify: (): FailureKind => {
              if (classify === 'throws') {
                this.closedAt = Math.min(this.closedAt, this.clock.frame);
                throw new Error('classify failed');
              }
              return classify;
            },
          }),
    };
    return batch === undefined
      ? { ...base, send: (event: number, context) => this.send(place, [event], context) }
      : {
          ...base,
          batch: {
            ...batch,
            send: (events: readonly number[], context) =>
              this.send(place, events, context) as ObservableInput<ItemResult[]>,
          },
        };
  }

  private open(place: Place, subscriber: Subscriber<ConnectionState>): Subscription | undefined {
    const { openings } = place.plan;
    const { states } = place;
    if (place.relisted) {
      place.relisted = place.failing = false;
    }
    if (states.open > 1) {
      this.note('no leftovers', `${place.name} is opened twice`);
    }
    place.state = 'connecting';
    place.changedAt = place.connectingSince = this.clock.frame;
    const life = new Subscription(() => {
      place.state = place.state === 'completed' ? 'completed' : 'closed';
      place.connectingSince = Infinity;
      place.changedAt = this.clock.frame;
      this.react('closing');
    });
    subscriber.add(life);
    this.react('opening');
    const steps = nth(openings, Math.min(states.subscriptions, openings.length) - 1);
    if (this.happened.opening < tooMany) {
      this.timeline(
        life,
        steps.map(({ after, state }) => ({
          after,
          work: () => {
            this.change(place, state);
          },
        })),
      );
    }
    return undefined;
  }

  private change(place: Place, state: StatePlan['state']): void {
    if (!place.states.heard) {
      return;
    }
    place.changedAt = this.clock.frame;
    if (state === 'breaks') {
      place.state = 'down';
      place.states.error(new Error(`${place.name} broke`));
    } else if (state === 'completes') {
      place.state = 'completed';
      place.connectingSince = Infinity;
      place.states.complete();
    } else {
      if (state !== 'connecting') {
        place.connectingSince = Infinity;
      } else if (place.state !== 'connecting') {
        place.connectingSince = this.clock.frame;
      }
      place.state = state;
      place.states.next(state);
    }
  }

  private beginWindow(place: Place): undefined {
    const { window } = place.plan;
    if (typeof window !== 'number') {
      const life = new Subscription();
      // The hub has the subscriber already: its end is seen by who listens.
      this.timeline(
        life,
        window.map(({ after, size }) => ({
          after,
          work: () => {
            if (!place.sizes.heard) {
              life.unsubscribe();
              return;
            }
            place.window = size;
            place.changedAt = this.clock.frame;
            place.sizes.next(size);
          },
        })),
      );
    }
    return undefined;
  }

  // ---- Sends

  private send(place: Place, events: readonly number[], context: SendContext): ObservableInput<unknown> {
    const { plan } = place;
    const passages = events.flatMap((event) => this.passages.get(event) ?? []);
    this.forgetUnbegun();
    this.lookAtStart(place, passages, context);
    const flight: Flight = {
      passages,
      startedAt: this.clock.frame,
      named: new Set(),
      delivered: 0,
      begun: false,
      over: false,
    };
    place.flights.add(flight);
    place.changedAt = this.clock.frame;
    const script = nth(plan.sends, place.sends++);
    for (const passage of passages) {
      if (passage.starts++ === 0) {
        this.started.push(passage);
      }
      passage.inFlight++;
    }
    this.react('send');
    if (++this.totalSends > tooMany) {
      return new Observable(() => {
        this.begin(place, flight);
        return () => {
          this.land(place, flight, 'failed');
        };
      });
    }
    if (script.answer === 'throws') {
      this.fails(place, flight, kindFor(place, script.answer));
      this.land(place, flight, 'failed');
      throw new Error(`${place.name} threw`);
    }
    switch (script.as) {
      case 'stream':
        return new Observable((subscriber) => {
          const life = new Subscription(() => {
            this.land(place, flight, 'failed');
          });
          subscriber.add(life);
          this.begin(place, flight);
          this.answer(place, flight, script, subscriber, life);
        });
      case 'deaf stream':
        return {
          [observable]: () => ({
            subscribe: (subscriber: Subscriber<unknown>) => {
              this.begin(place, flight);
              this.answer(place, flight, script, subscriber, new Subscription());
              return new Subscription(() => {
                this.land(place, flight, 'failed');
              });
            },
          }),
        } as unknown as ObservableInput<unknown>;
      case 'promise':
        flight.begun = true;
        fromEvent(context.signal, 'abort')
          .pipe(
            startWith(undefined),
            filter(() => context.signal.aborted),
          )
          .subscribe(() => {
            this.land(place, flight, 'failed');
          });
        return new Promise((resolve, reject) => {
          let last: unknown;
          const observer = {
            closed: false,
            next: (value: unknown) => {
              last = value;
            },
            complete: () => {
              resolve(last);
            },
            error: reject,
          };
          this.answer(place, flight, script, observer, new Subscription(), true);
        });
    }
  }

  private answer(
    place: Place,
    flight: Flight,
    { after, answer, values, as, results }: SendPlan,
    observer: Pick<Subscriber<unknown>, 'next' | 'error' | 'complete'>,
    life: Subscription,
    promised = false,
  ): void {
    const isBatch = place.plan.batch !== undefined;
    const say = (): void => {
      let value: unknown;
      if (isBatch && results !== undefined) {
        // A promise that is rejected has no results.
        if (!promised || answer === 'delivers') {
          observer.next(this.name(place, flight, results, promised));
        }
      } else if (!isBatch) {
        for (let n = 0; n < values; n++) {
          value = `${place.name}#${String(place.sends)}.${String(n)}`;
          observer.next(value);
        }
      }
      const end = (): void => {
        if (answer === 'delivers') {
          this.succeeds(place, flight, value, promised);
          this.land(place, flight, 'delivered', promised);
          observer.complete();
        } else if (answer !== 'silent') {
          const error = errorFor(answer, place);
          this.fails(place, flight, kindFor(place, answer));
          this.land(place, flight, 'failed', promised);
          observer.error(error);
        }
      };
      end();
      if (as === 'deaf stream' && answer !== 'silent') {
        observer.next('again');
        observer.complete();
        observer.error(new Error('again'));
      }
    };
    this.timeline(life, [{ after, work: say }]);
  }

  /** Results for a batch, and what follows from them. */
  private name(
    place: Place,
    flight: Flight,
    results: readonly ItemAnswer[],
    promised: boolean,
  ): ItemResult[] {
    const list: ItemResult[] = [];
    flight.passages.forEach((passage, index) => {
      const result = results[index % results.length];
      if (result === undefined || result === 'unnamed') {
        return;
      }
      if (!flight.over && !flight.named.has(index)) {
        flight.named.add(index);
        passage.inFlight--;
        if (result === 'delivered') {
          flight.delivered++;
          place.failing = false;
          passage.deliveries.push({ connection: place.name, value: passage.event });
          passage.used.most += promised || this.world.reactions.length > 0 ? 1 : 0;
        } else {
          // A reaction to the result before it may cancel the send.
          passage.used.least += this.world.reactions.length === 0 ? 1 : 0;
          passage.used.most++;
          passage.rejected ||= result === 'rejected' || place.plan.classify === 'rejected';
        }
      }
      list.push(
        result === 'delivered'
          ? { index, status: 'delivered', value: passage.event }
          : {
              index,
              status: 'failed',
              error: result === 'rejected' ? new RejectedError('item') : new Error('item'),
            },
      );
    });
    return list;
  }

  private succeeds(place: Place, flight: Flight, value: unknown, promised: boolean): void {
    if (flight.over) {
      return;
    }
    place.failing = false;
    if (flight.named.size > 0) {
      return;
    }
    flight.passages.forEach((passage) => {
      passage.deliveries.push({ connection: place.name, value });
      if (promised) {
        passage.used.most++;
      }
    });
    flight.delivered = flight.passages.length;
  }

  private fails(place: Place, flight: Flight, kind: FailureKind): void {
    if (flight.over) {
      return;
    }
    // What a promise says is heard a little later: nothing is certain then.
    if (place.plan.batch === undefined && place.plan.sends.every(({ as }) => as !== 'promise')) {
      place.failing = kind !== 'rejected';
    }
    for (const passage of flight.passages) {
      passage.rejected ||= kind === 'rejected';
    }
  }

  /** A send is over: what of it counts as an attempt. */
  private land(place: Place, flight: Flight, how: 'delivered' | 'failed', promised = false): void {
    if (flight.over) {
      return;
    }
    flight.over = true;
    place.flights.delete(flight);
    place.changedAt = this.clock.frame;
    const allDelivered = how === 'delivered' && flight.named.size === 0;
    flight.passages.forEach((passage, index) => {
      passage.inFlight -= flight.named.has(index) ? 0 : 1;
      // Classified as rejected, a timeout rejects, too.
      passage.rejected ||= how === 'failed' && place.plan.classify === 'rejected';
      if (allDelivered || flight.named.has(index)) {
        return;
      }
      if (flight.delivered === 0) {
        passage.used.least++;
      }
      if (flight.delivered === 0 || promised || this.world.reactions.length > 0) {
        passage.used.most++;
      }
    });
  }

  // ---- Options

  private options(): LoadBalanceOptions<number> {
    const { world, clock } = this;
    const { maxAttempts, guaranteed, timeout, reconnect, queue, drainTimeout, monitored } = world.options;
    return {
      maxAttempts,
      guaranteed:
        typeof guaranteed === 'boolean'
          ? guaranteed
          : (event) => {
              if (guaranteed === 'throws' && event % 4 === 3) {
                this.closedAt = Math.min(this.closedAt, clock.frame);
                throw new Error('guaranteed failed');
              }
              return this.isGuaranteed(event);
            },
      timeout,
      reconnectDelay: () => {
        const { delay, lastly } = reconnect;
        if (lastly === undefined || ++this.reconnects < lastly.from) {
          return timer(delay, clock);
        }
        switch (lastly.it) {
          case 'completes':
            return EMPTY;
          case 'errors':
            return throwError(() => new Error('no more'));
          case 'throws':
            this.closedAt = Math.min(this.closedAt, clock.frame);
            throw new Error('reconnectDelay failed');
        }
      },
      queue,
      drainTimeout,
      closeOn: world.end.by === 'abort' ? this.aborter.signal : this.closing.stream$,
      ...(monitored
        ? {
            monitor: {
              next: () => {
                this.react('activity');
              },
            },
          }
        : {}),
      scheduler: clock,
    };
  }

  private isGuaranteed(event: number): boolean {
    const { guaranteed } = this.world.options;
    return guaranteed === true || (guaranteed === 'every third' && event % 3 === 0);
  }

  // ---- What must never be

  private take(outcome: Outcome<number>): void {
    if (this.ended !== undefined) {
      this.note('one outcome', `an outcome for ${String(outcome.event)} after the end`);
    }
    this.outcomes.push(outcome);
    const passage = this.passages.get(outcome.event);
    if (passage === undefined) {
      this.note('one outcome', `an outcome for an unknown event ${String(outcome.event)}`);
    } else {
      if (++passage.outcomes > 1) {
        this.note('one outcome', `outcome ${String(passage.outcomes)} for ${String(outcome.event)}`);
      }
      if (outcome.attempts !== passage.starts && !this.meddling) {
        this.note(
          'attempts',
          `event ${String(outcome.event)} was sent ${String(passage.starts)} times, not ${String(outcome.attempts)}`,
        );
      }
    }
    this.react('outcome');
  }

  private lookAtStart(place: Place, passages: readonly Passage[], context: SendContext): void {
    const { name, state, flights, window, listed, failing, plan } = place;
    const what = passages.map(({ event }) => event).join();
    if (this.ended !== undefined) {
      this.note('only when up', `${name} is sent ${what} after the end`);
    }
    if (state !== 'up' && !(state === 'completed' && this.meddling)) {
      this.note('only when up', `${name} is sent ${what} while ${state}`);
    }
    if (!listed && !this.meddling) {
      this.note('only when up', `${name} is sent ${what} after its removal`);
    }
    if (flights.size >= window) {
      this.note('window', `${name} is sent ${what} with ${String(flights.size)}/${String(window)} in flight`);
    }
    if (failing && flights.size > 0) {
      this.note('window', `${name} is sent ${what} on probation, with ${String(flights.size)} in flight`);
    }
    if (passages.length > (plan.batch?.size ?? 1) || passages.length === 0) {
      this.note('window', `${name} is sent ${String(passages.length)} events at once`);
    }
    if (context.attempt !== Math.max(...passages.map(({ starts }) => starts + 1)) && !this.meddling) {
      this.note('attempts', `${name} is sent ${what} as attempt ${String(context.attempt)}`);
    }
    for (const { event, outcomes, inFlight, used } of passages) {
      if (outcomes > 0) {
        this.note('one outcome', `${name} is sent ${String(event)} after its outcome`);
      }
      if (inFlight > 0) {
        this.note('one outcome', `${name} is sent ${String(event)} while it is in flight`);
      }
      if (!this.isGuaranteed(event) && used.least >= this.world.options.maxAttempts) {
        this.note('attempts', `${name} is sent ${String(event)} after ${String(used.least)} attempts`);
      }
    }
  }

  /** A send that was cancelled before it was subscribed has never begun. */
  private forgetUnbegun(): void {
    for (const place of this.places) {
      for (const flight of place.flights) {
        if (!flight.begun) {
          this.land(place, flight, 'failed');
        }
      }
    }
  }

  /** A lazy send begins only when it is subscribed. */
  private begin({ name, state }: Place, flight: Flight): void {
    flight.begun = true;
    if (this.ended !== undefined || (state !== 'up' && state !== 'completed')) {
      this.note('only when up', `a send on ${name} is subscribed while ${state}`);
    }
  }

  /** Looks at the world between two things that happen. */
  private look(): void {
    const { clock, world } = this;
    const { timeout, drainTimeout, queue } = world.options;
    this.forgetUnbegun();
    if (this.ended !== undefined) {
      this.lookForLeftovers();
      return;
    }
    const now = clock.frame;
    for (const place of this.places) {
      const { name, state, flights, connectingSince, listed } = place;
      if (flights.size > 0 && state !== 'up' && state !== 'completed') {
        this.note('only when up', `${name} has sends in flight while ${state}`);
      }
      for (const { startedAt, passages } of flights) {
        if (now > startedAt + timeout.send) {
          this.note('in time', `${name} still sends ${passages.map(({ event }) => event).join()}`);
        }
      }
      if (now > connectingSince + timeout.connect) {
        this.note('in time', `${name} is still connecting`);
      }
      if (!listed && flights.size === 0 && place.states.open > 0) {
        this.note('no leftovers', `${name} is open after its removal`);
      }
    }
    if (now > this.closedAt) {
      this.note('in time', `not closed since ${String(this.closedAt)}`);
    }
    if (now > this.sourceEndedAt + drainTimeout) {
      this.note('in time', 'not drained in time');
    }
    const waiting = [...this.passages.values()].filter(
      ({ outcomes, inFlight }) => outcomes === 0 && inFlight === 0,
    );
    const untried = waiting.filter(({ starts }) => starts === 0);
    if (untried.length > queue.capacity && !this.meddling) {
      this.note('capacity', `${String(untried.length)}/${String(queue.capacity)} wait`);
    }
    const quiet = 3 * longestDelay;
    if (waiting.length > 0 && timeout.send !== Infinity) {
      for (const { name, state, listed, flights, window, changedAt, plan } of this.places) {
        // One that lingers reserves nothing: another may always be faster.
        const lingers = (plan.batch?.linger ?? 0) > 0;
        if (
          !lingers &&
          state === 'up' &&
          listed &&
          window > 0 &&
          flights.size === 0 &&
          now > changedAt + quiet
        ) {
          this.note('no idling', `${name} idles while ${String(waiting.length)} wait`);
        }
      }
    }
    if (this.sourceEndedAt < now && this.passagesLeft() === 0) {
      this.note('no idling', 'it goes on after the last outcome');
    }
  }

  private passagesLeft(): number {
    let left = 0;
    for (const { outcomes } of this.passages.values()) {
      left += outcomes === 0 ? 1 : 0;
    }
    return left;
  }

  private lookForLeftovers(): void {
    const { clock } = this;
    const left = {
      timers: clock.pending - this.ownTimers,
      source: this.source.open,
      lists: this.lists.open,
      closing: this.closing.open + getEventListeners(this.aborter.signal, 'abort').length,
    };
    for (const [what, count] of Object.entries(left)) {
      if (count !== 0) {
        this.note('no leftovers', `${String(count)} ${what} after the end`);
      }
    }
    for (const { name, states, sizes, flights } of this.places) {
      if (states.open + sizes.open + flights.size > 0) {
        this.note(
          'no leftovers',
          `${name} has ${String(states.open)} states, ${String(sizes.open)} windows, ${String(flights.size)} sends after the end`,
        );
      }
    }
  }

  /** Looks back. */
  private judge(): void {
    const { maxAttempts, queue } = this.world.options;
    if (this.ended === undefined) {
      this.note('in time', 'it never ended');
    }
    if (this.ended === 'error' && this.closedAt === Infinity && this.world.source.end?.by !== 'error') {
      this.note('one outcome', 'it ended with an error, and nothing had failed');
    }
    if (this.ended !== 'unsubscription') {
      for (const { event, outcomes } of this.passages.values()) {
        if (outcomes !== 1) {
          this.note('one outcome', `${String(outcomes)} outcomes for ${String(event)}`);
        }
      }
    }
    this.started.forEach(({ event }, index) => {
      const before = this.started[index - 1];
      if (before !== undefined && before.event > event && !this.meddling) {
        this.note('order', `${String(event)} was first sent after ${String(before.event)}`);
      }
    });
    for (const outcome of this.outcomes) {
      this.judgeOutcome(outcome, maxAttempts, queue.capacity);
    }
  }

  /** Whether this world has anything by which a connection may leave for good. */
  private connectionsMayRetire(): boolean {
    const { connections, members, options, reactions } = this.world;
    return (
      connections.length === 0 ||
      members !== undefined ||
      options.reconnect.lastly !== undefined ||
      reactions.some(({ does }) => does === 'completes') ||
      connections.some(({ openings }) => openings.flat().some(({ state }) => state === 'completes'))
    );
  }

  private judgeOutcome(outcome: Outcome<number>, maxAttempts: number, capacity: number): void {
    const passage = this.passages.get(outcome.event);
    if (passage === undefined) {
      return;
    }
    const { event, deliveries, used, starts, rejected } = passage;
    const which = `event ${String(event)}`;
    if (outcome.status === 'delivered') {
      if (
        !deliveries.some(
          ({ connection, value }) => connection === outcome.connection && value === outcome.value,
        )
      ) {
        this.note('true deliveries', `${which}: ${outcome.connection} never took it`);
      }
      return;
    }
    const { reason, failures } = outcome;
    if (failures.length > Math.min(10, starts) && !this.meddling) {
      this.note('attempts', `${which} has ${String(failures.length)} failures in ${String(starts)} sends`);
    }
    switch (reason) {
      case 'attempts':
        if (this.isGuaranteed(event)) {
          this.note('attempts', `${which} is guaranteed, and was given up`);
        }
        if ((used.most < maxAttempts && !this.meddling) || used.least > maxAttempts) {
          this.note('attempts', `${which} was given up after ${String(used.most)} attempts`);
        }
        if (failures.length !== Math.min(10, starts) && !this.meddling) {
          this.note(
            'attempts',
            `${which} has ${String(failures.length)} failures in ${String(starts)} sends`,
          );
        }
        return;
      case 'rejected':
        if (!rejected) {
          this.note('true deliveries', `${which} was dropped as rejected, and was not`);
        }
        return;
      case 'overflow':
        if (starts > 0 || capacity === Infinity) {
          this.note('capacity', `${which} overflowed after ${String(starts)} sends`);
        }
        return;
      case 'closed':
        if (this.closedAt === Infinity && this.sourceEndedAt === Infinity) {
          this.note('one outcome', `${which} was dropped as closed, and nothing was closed`);
        }
        return;
      case 'no-connection':
        if (this.world.options.timeout.wait === Infinity && !this.connectionsMayRetire()) {
          this.note('one outcome', `${which} was dropped for want of a connection, and there are some`);
        }
        return;
    }
  }
}

function errorFor(answer: SendPlan['answer'], { name }: Place): Error {
  switch (answer) {
    case 'temporary':
      return new TemporaryError(`${name} is busy`);
    case 'retry at once':
      return new TemporaryError(`${name} is busy`, { retryAfter: 0 });
    case 'retry later':
      return new TemporaryError(`${name} is busy`, { retryAfter: 5 });
    case 'rejects':
      return new RejectedError(`${name} rejects`);
    default:
      return new Error(`${name} failed`);
  }
}

function kindFor({ plan }: Place, answer: SendPlan['answer']): FailureKind {
  if (plan.classify !== undefined && plan.classify !== 'throws') {
    return plan.classify;
  }
  return answer === 'rejects'
    ? 'rejected'
    : answer === 'breaks' || answer === 'throws'
      ? 'connection'
      : 'temporary';
}
