/** A day: some places, a load that is balanced over them, and the books. */
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
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

/** One day, from its morning to the closing of its books. */
export class Day {
  readonly ledger: Ledger;
  readonly recording: Recording;

  private constructor(
    readonly places: readonly [Place, ...Place[]],
    private readonly folder: string,
    capacity: number,
  ) {
    this.ledger = new Ledger(capacity);
    this.recording = new Recording(capacity);
    process.once('exit', this.leave);
  }

  /**
   * Starts so many places.
   * @param count How many.
   * @param capacity How many events there are at most.
   */
  static async begin(count: number, capacity: number): Promise<Day> {
    const folder = await mkdtemp(join(tmpdir(), 'bad-day-'));
    const start = (at: number): Promise<Place> => Place.start(`place-${at}`, folder);
    const others = Array.from({ length: count - 1 }, (_, index) => start(index + 2));
    return new Day([await start(1), ...(await Promise.all(others))], folder, capacity);
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
    const whole = { ...usual, monitor, ...options };
    const outcome$ = isObservable(load)
      ? load.pipe(loadBalance(connections, whole))
      : loadBalanceFrom(load, connections, whole);
    await outcome$.forEach((outcome) => {
      this.ledger.outcome(outcome);
      this.recording.outcome(outcome);
    });
  }

  /** Closes everything, and the books. */
  async end(): Promise<Statement> {
    await sleep(settling);
    await Promise.all(this.places.map((place) => place.close()));
    process.off('exit', this.leave);
    for (const { collector } of this.places) {
      for await (const n of collector.arrived()) {
        this.ledger.found(n);
      }
    }
    rmSync(this.folder, { recursive: true });
    return this.ledger.statement();
  }

  /** Whoever is interrupted leaves nothing behind either. (A suspended collector would stay.) */
  private readonly leave = (): void => {
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
