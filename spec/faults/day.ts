/** A day: some places, a load that is balanced over them, and the books. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { defer, isObservable, map, mergeMap, range, takeWhile, timer, type Observable } from 'rxjs';
import type { HttpOptions } from '../../src/connections/http.js';
import {
  exponentialBackoff,
  loadBalance,
  loadBalanceFrom,
  type BalanceOptions,
  type BalancerActivity,
  type LoadBalanceOptions,
} from '../../src/index.js';
import { Ledger, type AnyConnection, type Entry, type Statement } from './ledger.js';
import { Place } from './places.js';
import { Recording } from './recording.js';

/** How long what a proxy has passed on may take until it is in a file, in milliseconds. */
const settling = 300;

/** How often events are due, in milliseconds. */
const tick = 10;

/** What an event carries: as long as a line of a log. */
const text = 'GET /orders/4711 HTTP/1.1 200 1832 "https://shop.example/" Mozilla/5.0'.padEnd(100, '.');

/** How the balancer is told to behave on a bad day, unless a case says otherwise. */
export const usual = {
  timeout: { connect: 500, send: 500 },
  reconnectDelay: exponentialBackoff({ initialDelay: 100, maxDelay: 400 }),
  // What is not done by then is dropped as `closed`, and so shows.
  drainTimeout: 30_000,
} satisfies BalanceOptions<Entry>;

/** What a day needs. */
export interface DayPlan {
  /** How many places there are. */
  readonly places: number;
  /** How many events there are at most. */
  readonly capacity: number;
  /** Which events are guaranteed. Default: none. */
  readonly guaranteed?: (event: Entry) => boolean;
}

/**
 * Has one day.
 * @param plan What it needs.
 * @param work What happens in it. When it fails, nothing stays behind.
 */
export async function withDay<V>(plan: DayPlan, work: (day: Day) => Promise<V>): Promise<V> {
  const day = new Day(plan);
  try {
    await day.begin(plan.places);
    return await work(day);
  } finally {
    await day.leave();
  }
}

/** One day, from its morning to the closing of its books. */
export class Day {
  readonly ledger: Ledger;
  readonly recording: Recording;
  readonly places: Place[] = [];
  private readonly folder = mkdtempSync(join(tmpdir(), 'bad-day-'));
  private readonly over = new AbortController();

  /** @param plan What it needs. */
  constructor(private readonly plan: DayPlan) {
    this.ledger = new Ledger(plan.capacity, plan.guaranteed);
    this.recording = new Recording(plan.capacity);
    process.once('exit', this.leaveAtOnce);
  }

  /** Starts so many places. */
  async begin(count: number): Promise<void> {
    for (let at = 1; at <= count; at++) {
      this.places.push(await Place.start(`place-${at}`, this.folder));
    }
  }

  /** The place to which bad things happen. */
  get first(): Place {
    const [first] = this.places;
    if (first === undefined) {
      throw new Error('expected a day with places');
    }
    return first;
  }

  /**
   * Connections to all places, through their proxies, with a witness.
   * @param options Those of `httpConnection`.
   * @param urlOf Another way to a place.
   */
  connections(
    options: HttpOptions<Entry, unknown> = {},
    urlOf: (place: Place) => string = ({ proxy }) => `${proxy.url}/lines`,
  ): AnyConnection<unknown>[] {
    return this.places.map((place) => this.ledger.witness(place.connection(urlOf(place), options)));
  }

  /**
   * So many events a second, for so long.
   * @param rate Events a second.
   * @param length Milliseconds.
   */
  load(rate: number, length: number): Observable<Entry> {
    return defer(() => {
      const begun = performance.now();
      let sent = 0;
      return timer(0, tick).pipe(
        map(() => Math.min(performance.now() - begun, length)),
        takeWhile((elapsed) => elapsed < length, true),
        // What a busy moment has left undone is made up for.
        mergeMap((elapsed) => range(0, Math.floor((elapsed * rate) / 1_000) - sent)),
        map(() => {
          sent++;
          return this.next();
        }),
      );
    });
  }

  /** As many events as are asked for within so many milliseconds. */
  *entriesFor(length: number): Generator<Entry, void> {
    const end = performance.now() + length;
    while (performance.now() < end) {
      yield this.next();
    }
  }

  /**
   * Balances a load over connections, and writes down what happens. Resolves after the last outcome.
   * @param load A stream has a pace of its own; of an iterable, as much is taken as the connections can take.
   * @param connections Where to.
   * @param options What is not as usual.
   */
  async balance(
    load: Observable<Entry> | Iterable<Entry>,
    connections: readonly AnyConnection<unknown>[],
    options: LoadBalanceOptions<Entry> = {},
  ): Promise<void> {
    const monitor = {
      next: (activity: BalancerActivity) => {
        this.recording.activity(activity);
      },
    };
    const { guaranteed = false } = this.plan;
    const whole = { ...usual, guaranteed, monitor, closeOn: this.over.signal, ...options };
    const outcome$ = isObservable(load)
      ? load.pipe(loadBalance(connections, whole))
      : loadBalanceFrom(load, connections, whole);
    await outcome$.forEach((outcome) => {
      this.ledger.outcome(outcome);
      this.recording.outcome(outcome);
    });
  }

  /** Closes the places and the books. */
  async statement(): Promise<Statement> {
    await sleep(settling);
    await this.closePlaces();
    for (const { name, collector } of this.places) {
      for (const { n, text: carried } of await collector.arrived()) {
        if (carried !== text) {
          throw new Error(`expected event ${n} as it was sent, got ${carried}`);
        }
        this.ledger.found(n, name);
      }
    }
    return this.ledger.statement();
  }

  /** Ends what there is, also when something has failed. */
  async leave(): Promise<void> {
    this.over.abort();
    await this.closePlaces();
    process.off('exit', this.leaveAtOnce);
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async closePlaces(): Promise<void> {
    await Promise.all(this.places.map((place) => place.close()));
  }

  private readonly leaveAtOnce = (): void => {
    for (const { collector } of this.places) {
      collector.killNow();
    }
    rmSync(this.folder, { recursive: true, force: true });
  };

  private next(): Entry {
    const entry = this.ledger.next(text);
    this.recording.sent(entry);
    return entry;
  }
}
