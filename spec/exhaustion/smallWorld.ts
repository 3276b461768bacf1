/** A small world around a balancer: what can happen in it now, and how it happens. */
import { identity, Subject, takeUntil, type MonoTypeOperatorFunction, type Subscriber } from 'rxjs';
import { loadBalance, loadBalanceFrom } from '../../src/index.js';
import type { ConnectionState, LoadBalanceOptions, Outcome } from '../../src/index.js';
import { Hub } from '../properties/hub.js';
import { inWords, type Action } from './action.js';
import { answer, answerAll } from './answers.js';
import { memberAt, placeFor, type Member } from './connections.js';
import type { Journey } from './explore.js';
import { afterStep, atOutcome } from './invariants.js';
import { Known } from './known.js';
import type { Path } from './path.js';
import type { Flight, Place } from './place.js';
import type { Deed, Inside, Plan } from './plan.js';
import { Sends } from './sends.js';
import { Source } from './source.js';
import { waitAfter } from './waits.js';

/** A world that has not ended after so many more steps never ends. */
const patience = 200;

/** Nothing is done. */
const nothing: Action = { deed: undefined };

/** One run of one world. */
export class SmallWorld {
  private readonly script: string[] = [];
  private readonly known: Known;
  private readonly source: Source;
  private readonly sends: Sends;
  private readonly members: readonly Member[];
  private readonly lists: Hub<readonly Member[]>;
  private readonly closing = new Hub<unknown>(() => undefined);
  private readonly leaving$ = new Subject<void>();
  /** How often each deed may still happen. */
  private readonly left: Partial<Record<Deed, number>>;
  /** How often the user's code may still do something. */
  private meddling: number;
  private hasMore = true;

  /**
   * @param plan What it is like.
   * @param path What is done where several things can be done.
   * @param inDetail Whether to write it down.
   * @param around What stands between the balancer and the world: to see that its faults are found.
   */
  constructor(
    private readonly plan: Plan,
    private readonly path: Path,
    private readonly inDetail: boolean,
    private readonly around: MonoTypeOperatorFunction<Outcome<number>> = identity,
  ) {
    this.left = { ...plan.may };
    this.meddling = plan.inside?.times ?? 0;
    const places = plan.connections.map((connection, index) =>
      placeFor(connection, 'ab'.charAt(index), (place, subscriber) => {
        this.open(place, subscriber);
      }),
    );
    this.known = new Known(plan, places);
    this.source = new Source(this.known);
    this.sends = new Sends(this.known, (around, flight) => {
      if (around === 'send') {
        this.say(`    ${flight.place.name} is sent ${flight.passages.map(({ event }) => event).join()}`);
      }
      this.meddle(around, flight);
    });
    this.members = places.map((place) => memberAt(place, this.sends));
    this.lists = new Hub((subscriber) => {
      subscriber.next(this.listed());
      return undefined;
    });
  }

  /**
   * Takes so many steps, and then lets it end.
   * @param depth How many.
   * @returns What was seen.
   */
  async run(depth: number): Promise<Journey> {
    const { known, plan } = this;
    this.begin();
    for (let event = 0; event < plan.events && plan.source === 'stream'; event++) {
      this.source.emits();
    }
    await this.settle();
    for (let step = 0; step < depth && this.hasMore; step++) {
      const actions = this.possible();
      this.hasMore = actions.length > 0;
      if (this.hasMore) {
        await this.take(this.path.pick(actions));
        this.hasMore = known.broken === undefined && known.ended === undefined;
      }
    }
    this.say('then everything goes well');
    for (let step = 0; known.broken === undefined && known.ended === undefined; step++) {
      const action = this.next();
      if (action === undefined || step > patience) {
        known.note('it never ends');
        break;
      }
      await this.take(action);
    }
    for (const flight of this.sends.cancelled) {
      answerAll(flight);
    }
    await this.settle();
    return { script: this.script, broken: known.broken, hasMore: this.hasMore };
  }

  private async take(action: Action): Promise<void> {
    this.perform(action);
    await this.settle();
  }

  /** What a promise says is heard a little later. */
  private async settle(): Promise<void> {
    if (this.plan.sends === 'promise' || this.plan.source === 'asynchronous iterator') {
      for (let turn = 0; turn < 8; turn++) {
        await Promise.resolve();
      }
    }
    this.sends.forgetUnheard();
    afterStep(this.known);
  }

  private say(what: string): void {
    if (this.inDetail) {
      this.script.push(what);
    }
  }

  // ---- The balancer

  private begin(): void {
    const { plan, known } = this;
    const { queue, ...rest } = plan.options;
    const members = known.frozen ? this.members : this.lists.stream$;
    const { guarantees } = plan;
    const options: LoadBalanceOptions<number> = {
      ...rest,
      guaranteed: guarantees === undefined ? false : (event) => guarantees.includes(event),
      closeOn: this.closing.stream$,
      reconnectDelay: (error, count) => waitAfter(known, error, count),
      scheduler: known.clock,
    };
    const outcomes$ =
      plan.source === 'stream'
        ? this.source.stream$.pipe(loadBalance(members, { ...options, ...(queue && { queue }) }))
        : loadBalanceFrom(this.source.iterable(), members, options);
    outcomes$.pipe(this.around, takeUntil(this.leaving$)).subscribe({
      next: (outcome) => {
        this.outcome(outcome);
      },
      error: () => {
        known.ended ??= 'error';
      },
      complete: () => {
        known.ended ??= 'completion';
      },
    });
  }

  private outcome(outcome: Outcome<number>): void {
    const how = outcome.status === 'delivered' ? `delivered by ${outcome.connection}` : outcome.reason;
    this.say(`    outcome of ${outcome.event}: ${how}, attempts ${outcome.attempts}`);
    this.sends.beforeOutcome();
    atOutcome(this.known, outcome);
    this.meddle('outcome');
  }

  // ---- Connections

  private listed(): Member[] {
    return this.members.filter((_, index) => this.known.members[index]?.listed);
  }

  private open(place: Place, subscriber: Subscriber<ConnectionState>): void {
    const { known } = this;
    if (place.states.open > 1) {
      known.note(`${place.name} is opened twice`);
    }
    place.opened();
    this.connects(place);
    subscriber.add(() => {
      place.closed();
      known.lineUp();
    });
    if (place.plan.opens === 'up') {
      this.state(place, 'up');
    }
    this.meddle('opening');
  }

  private connects(place: Place): void {
    place.connectingSince = this.known.clock.frame;
    place.connectingAs = ++this.known.connecting;
  }

  private state(place: Place, state: ConnectionState): void {
    place.connectingSince = Infinity;
    place.state = state;
    if (state === 'connecting') {
      this.connects(place);
    }
    this.known.lineUp();
    place.states.next(state);
  }

  // ---- What can happen

  /**
   * Whatever can happen now, always in the same order. What would change nothing is left out: a state that the
   * connection is in already, time without a timer. That two connections are alike saves nothing, since the balancer
   * visits them in the order of its list.
   */
  private possible(): Action[] {
    const { known, left } = this;
    const actions: Action[] = [];
    const may = (deed: Deed, more?: Omit<Action, 'deed'>): void => {
      if ((left[deed] ?? 0) > 0) {
        actions.push({ deed, ...more });
      }
    };
    if (this.source.mayAct) {
      may('emits');
      may('ends');
      may('fails');
    }
    for (const place of known.members) {
      if (place.states.heard) {
        for (const state of ['up', 'down', 'connecting'] as const) {
          if (place.state !== state) {
            may(state, { place });
          }
        }
        may('breaks', { place });
        may('retires', { place });
      }
      if (place.sizes.heard) {
        if (place.window < 2) {
          may('widens', { place });
        }
        if (place.window > 0) {
          may('narrows', { place });
        }
      }
      if (this.lists.heard) {
        may(place.listed ? 'is removed' : 'is listed', { place });
      }
      for (const flight of place.flights) {
        if (flight.observer !== undefined) {
          this.answers(flight, may);
        }
      }
    }
    for (const wait of known.waits) {
      may('waits no longer', { wait });
      may('gives up', { wait });
    }
    for (const flight of this.sends.cancelled) {
      if (flight.observer !== undefined) {
        may('answers late', { flight });
      }
    }
    if (known.clock.pending > 0) {
      may('time');
    }
    if (this.lists.heard) {
      may('freezes');
    }
    if (this.closing.heard) {
      may('closes');
    }
    may('leaves');
    return actions;
  }

  private answers(flight: Flight, may: (deed: Deed, more: Omit<Action, 'deed'>) => void): void {
    may('delivers', { flight });
    may('breaks off', { flight });
    may('is busy', { flight });
    may('is busy for a while', { flight });
    may('rejects', { flight });
    if (flight.place.plan.batch !== undefined && this.plan.sends !== 'promise') {
      flight.left.forEach((passage, index) => {
        if (passage !== undefined) {
          may('delivers one', { flight, index });
          may('fails one', { flight, index });
          may('rejects one', { flight, index });
        }
      });
    }
  }

  /** Inside the user's code anything may happen, or nothing. */
  private meddle(inside: Inside, own?: Flight): void {
    const deeds = this.plan.inside?.[inside];
    if (deeds === undefined || this.meddling === 0 || this.known.ended !== undefined) {
      return;
    }
    const actions = this.possible().filter(
      ({ deed, flight }) =>
        deed !== undefined && deeds.includes(deed) && (own === undefined || !flight || flight === own),
    );
    if (own !== undefined && deeds.includes('throws')) {
      actions.push({ deed: 'throws', flight: own });
    }
    const action = this.path.pick([nothing, ...actions]);
    if (action.deed !== undefined) {
      this.meddling--;
      this.say(`    inside of this ${inside}:`);
      this.perform(action);
    }
  }

  /** What happens next when everything goes well. */
  private next(): Action | undefined {
    const { known } = this;
    for (const place of known.members) {
      const flight = place.flights[0];
      if (flight !== undefined) {
        return { deed: 'delivers', flight };
      }
    }
    if (this.source.mayAct) {
      return { deed: 'ends' };
    }
    for (const place of known.members) {
      if (place.sizes.heard && place.window === 0) {
        return { deed: 'widens', place };
      }
      if (place.states.heard && place.state !== 'up') {
        return { deed: 'up', place };
      }
      if (!place.listed && !known.frozen) {
        return { deed: 'is listed', place };
      }
      if (!place.member && !known.frozen) {
        return { deed: 'is removed', place };
      }
    }
    for (const wait of known.waits) {
      return { deed: 'waits no longer', wait };
    }
    return known.clock.pending > 0 ? { deed: 'time' } : undefined;
  }

  // ---- How it happens

  private perform(action: Action): void {
    const { deed, place, flight, wait } = action;
    if (deed === undefined) {
      return;
    }
    if (this.inDetail) {
      this.say(inWords(action, this.known.clock.frame));
    }
    const left = this.left[deed];
    if (left !== undefined) {
      this.left[deed] = left - 1;
    }
    if (place !== undefined) {
      this.changePlace(deed, place);
    } else if (flight !== undefined) {
      answer(this.known, action, flight);
    } else if (wait === undefined) {
      this.changeWorld(deed);
    } else if (deed === 'gives up') {
      wait.giveUp();
    } else {
      wait.end();
    }
  }

  private changeWorld(deed: Deed): void {
    const { known, source } = this;
    switch (deed) {
      case 'emits':
        source.emits();
        return;
      case 'ends':
        source.ends();
        return;
      case 'fails':
        source.fails();
        return;
      case 'freezes':
        known.frozen = true;
        this.lists.complete();
        return;
      case 'time':
        this.timeGoesOn();
        return;
      case 'closes':
        known.closing = true;
        this.closing.next('enough');
        return;
      default:
        known.ended = 'unsubscription';
        this.leaving$.next();
    }
  }

  private timeGoesOn(): void {
    const { members, clock } = this.known;
    for (const place of members) {
      if (place.pausedUntil === clock.next) {
        place.goesOn();
      }
    }
    this.known.lineUp();
    clock.step();
  }

  private changePlace(deed: Deed, place: Place): void {
    const { known } = this;
    switch (deed) {
      case 'up':
      case 'down':
      case 'connecting':
        this.state(place, deed);
        return;
      case 'breaks':
        place.breaks();
        known.lineUp();
        place.states.error(new Error(`connection "${place.name}" broke`));
        return;
      case 'retires':
        place.completed = true;
        place.connectingSince = Infinity;
        known.lineUp();
        place.states.complete();
        return;
      case 'widens':
      case 'narrows':
        place.window += deed === 'widens' ? 1 : -1;
        known.lineUp();
        place.sizes.next(place.window);
        return;
      default:
        place.list(deed === 'is listed');
        known.lineUp();
        this.lists.next(this.listed());
    }
  }
}
