/** Texts on their way through a balancer to the servers of the contract, and the books of it. */
import { expect } from 'chai';
import { Subject } from 'rxjs';
import type {
  AnswerActivity,
  AttemptActivity,
  ConnectionInput,
  LoadBalanceOptions,
  StateActivity,
} from '../../../src/index.js';
import { Shipment } from '../../connections/shipment.js';
import { until } from '../../until.js';
import type { ContractServer } from './subject.js';

let count = 0;

/** Makes texts that nobody has sent before. */
export function texts(number: number): string[] {
  return Array.from({ length: number }, () => `text ${++count} — "ünïcödé" \\ \u{1f69a}`);
}

/** One subscription of `loadBalance`; its source ends when it is told to. */
export class Traffic extends Shipment<string, unknown> {
  /** What it was given, in order. */
  readonly sent: string[] = [];

  /**
   * Begins, without events.
   * @param connections Where to.
   * @param options Those of `loadBalance`. Here events have as many attempts as they need.
   */
  constructor(
    connections: readonly ConnectionInput<string>[],
    options: LoadBalanceOptions<string> = {},
    private readonly source = new Subject<string>(),
  ) {
    super(source, connections, { maxAttempts: Infinity, timeout: 15_000, ...options });
  }

  /** Gives it new texts, or these. */
  push(events: number | readonly string[]): void {
    for (const event of typeof events === 'number' ? texts(events) : events) {
      this.sent.push(event);
      this.source.next(event);
    }
  }

  /** Waits until every event so far has an outcome. */
  async settled(): Promise<void> {
    await until('outcomes of all events', () => this.outcomes.length >= this.sent.length);
  }

  /** Waits until the connection is in a state, as it last said. */
  async be(state: StateActivity['state'], connection = 'one'): Promise<void> {
    await until(`"${connection}" to be ${state}`, () => this.statesOf(connection).at(-1)?.state === state);
  }

  /** What a connection has said of its state so far. */
  statesOf(connection = 'one'): StateActivity[] {
    return this.activities.flatMap((activity) =>
      activity.type === 'state' && activity.connection === connection ? [activity] : [],
    );
  }

  /** What has broken a connection, each time that it was broken. */
  breaksOf(connection = 'one'): unknown[] {
    return this.statesOf(connection).flatMap(({ state, error }) => (state === 'backoff' ? [error] : []));
  }

  /** The sends that were started on a connection. */
  attemptsOf(connection = 'one'): AttemptActivity[] {
    return this.activities.flatMap((activity) =>
      activity.type === 'attempt' && activity.connection === connection ? [activity] : [],
    );
  }

  /** The sends that did not deliver all that they carried. */
  get failedSends(): AnswerActivity[] {
    return this.activities.flatMap((activity) =>
      activity.type === 'answer' && activity.failed > 0 ? [activity] : [],
    );
  }

  /** The most sends that a connection had in flight at one time. */
  mostInFlight(connection = 'one'): number {
    let [now, most] = [0, 0];
    for (const activity of this.activities) {
      if ('connection' in activity && activity.connection === connection && activity.type !== 'state') {
        now += activity.type === 'attempt' ? 1 : -1;
        most = Math.max(most, now);
      }
    }
    return most;
  }

  /**
   * Ends the source, waits for the outcomes, and compares with what has arrived: every event was delivered, once
   * and truly, and a further copy of one is there only because a send has failed.
   * @param servers All that it can have come to.
   */
  async expectAllDelivered(...servers: readonly ContractServer[]): Promise<void> {
    this.source.complete();
    const outcomes = await this.ended();
    expect(
      outcomes.filter(({ status }) => status === 'dropped'),
      'dropped',
    ).to.deep.equal([]);
    expect(outcomes.map(({ event }) => event)).to.have.members(this.sent);

    const copies = new Map(this.sent.map((event) => [event, 0]));
    for (const server of servers) {
      for (const event of await server.arrived()) {
        const before = copies.get(event);
        if (before !== undefined) {
          copies.set(event, before + 1);
        }
      }
    }
    const missing = this.sent.filter((event) => copies.get(event) === 0);
    expect(missing, 'delivered, but not there').to.deep.equal([]);
    const duplicates = [...copies.values()].reduce((sum, each) => sum + each - 1, 0);
    const failures = this.failedSends.reduce((sum, { failed }) => sum + failed, 0);
    expect(duplicates, 'duplicates').to.be.at.most(failures);
  }
}
