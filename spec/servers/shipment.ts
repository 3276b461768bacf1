/** A shipment: events on their way through a balancer, and the books of it. */
import type { Subscription } from 'rxjs';
import {
  exponentialBackoff,
  loadBalanceFrom,
  type AnswerActivity,
  type BalanceOptions,
  type BalancerActivity,
  type ConnectionInput,
  type Delivered,
  type Dropped,
  type Outcome,
} from '../../src/index.js';
import type { Arrival, Collector } from './collector.js';
import { until } from '../until.js';

/** What is shipped: no two are equal. */
export interface LogEvent {
  readonly n: number;
  readonly text: string;
}

/** Options of a shipment; what is not said here is the balancer's default. */
export interface ShipmentOptions extends Omit<BalanceOptions<LogEvent>, 'monitor'> {
  /** Default: made-up ones without end, as fast as they are taken, until `end()`. */
  readonly events?: Iterable<LogEvent> | AsyncIterable<LogEvent>;
}

/** Where every event is. */
export interface Ledger {
  /** Events that were taken from the source. */
  readonly sent: number;
  readonly delivered: number;
  readonly dropped: number;
  /** Events without an outcome. */
  readonly open: number;
  /** Events that are said to be delivered, and are at no collector. */
  readonly lost: number;
  /** Further copies at a collector: an answer was lost, and the event was sent again. */
  readonly duplicated: number;
  /** What is at a collector although it was dropped. */
  readonly dropsThere: number;
  /** What is at a collector, and nobody sent it in this form. */
  readonly foreign: number;
}

/** Text that is awkward in a line, in a header or in JSON, and text that is not. */
const texts = [
  'GET / 200',
  'ünïcödé \u{1f69a}',
  'a "quote" \\ and a tab\t',
  'two\nlines\r\n',
  '\u2028\0',
  '',
];

/** Makes up a number of events. */
export function* someEvents(count: number): Generator<LogEvent> {
  for (let n = 0; n < count; n++) {
    yield { n, text: texts[n % texts.length] ?? '' };
  }
}

/** Events on their way. It begins at once. */
export class Shipment {
  /** What the source has given. */
  readonly sent: LogEvent[] = [];
  readonly outcomes: Outcome<LogEvent>[] = [];
  readonly activities: BalancerActivity[] = [];
  private ending = false;
  private readonly subscription: Subscription;
  /** Settles with the balancer's stream. */
  private readonly completion: Promise<void>;

  /**
   * @param connections Where to.
   * @param options What, and how.
   */
  constructor(
    connections: readonly ConnectionInput<LogEvent>[],
    { events = someEvents(Infinity), ...options }: ShipmentOptions = {},
  ) {
    const outcome$ = loadBalanceFrom(this.taken(events), connections, {
      reconnectDelay: exponentialBackoff({ initialDelay: 20, maxDelay: 200 }),
      timeout: { connect: 5_000, send: 5_000 },
      ...options,
      monitor: { next: (activity) => this.activities.push(activity) },
    });
    const { promise, resolve, reject } = settleable();
    this.completion = promise;
    this.subscription = outcome$.subscribe({
      next: (outcome) => this.outcomes.push(outcome),
      error: reject,
      complete: resolve,
    });
  }

  get delivered(): Delivered<LogEvent>[] {
    return this.outcomes.filter((outcome) => outcome.status === 'delivered');
  }

  get dropped(): Dropped<LogEvent>[] {
    return this.outcomes.filter((outcome) => outcome.status === 'dropped');
  }

  /** The sends that had an error, or did not deliver all that they carried. */
  get failedSends(): AnswerActivity[] {
    return this.activities
      .filter((activity) => activity.type === 'answer')
      .filter(({ failed }) => failed > 0);
  }

  /** The errors of the sends that failed, and of the connections that could not be opened or broke. */
  get errors(): unknown[] {
    return this.activities
      .map((activity) => ('error' in activity ? activity.error : undefined))
      .filter((error) => error !== undefined);
  }

  /** The states that a connection has had, without repetitions. */
  statesOf(connection: string): string[] {
    return this.activities
      .filter((activity) => activity.type === 'state')
      .filter((activity) => activity.connection === connection)
      .map(({ state }) => state)
      .filter((state, index, states) => state !== states[index - 1]);
  }

  /** Resolves when this many more events have been delivered. */
  async moreDelivered(count: number): Promise<void> {
    const goal = this.delivered.length + count;
    await until(`${count} more events are delivered`, () => this.delivered.length >= goal);
  }

  /** Takes no more events, and resolves when all have their outcome. */
  async end(): Promise<void> {
    this.ending = true;
    await this.completion;
  }

  /** Resolves when the source has ended by itself, and all events have their outcome. */
  async finished(): Promise<void> {
    await this.completion;
  }

  /** Walks away from it. */
  abandon(): void {
    this.ending = true;
    this.subscription.unsubscribe();
  }

  /** Compares with what the collectors have, byte for byte. */
  ledger(...collectors: readonly Collector[]): Ledger {
    const copies = new Map(this.sent.map((event) => [bytesOf(event), 0]));
    let foreign = 0;
    for (const record of collectors.flatMap(({ arrivals }) => arrivals.flatMap(recordsIn))) {
      const count = copies.get(record);
      if (count === undefined) {
        foreign++;
      } else {
        copies.set(record, count + 1);
      }
    }
    const copiesOf = ({ event }: { event: LogEvent }) => copies.get(bytesOf(event)) ?? 0;
    const { sent, delivered, dropped } = this;
    return {
      sent: sent.length,
      delivered: delivered.length,
      dropped: dropped.length,
      open: sent.length - new Set(this.outcomes.map(({ event }) => event)).size,
      lost: delivered.filter((outcome) => copiesOf(outcome) === 0).length,
      duplicated: [...copies.values()].reduce((sum, count) => sum + Math.max(0, count - 1), 0),
      dropsThere: dropped.filter((outcome) => copiesOf(outcome) > 0).length,
      foreign,
    };
  }

  private async *taken(events: Iterable<LogEvent> | AsyncIterable<LogEvent>): AsyncGenerator<LogEvent> {
    for await (const event of events) {
      if (this.ending) {
        return;
      }
      this.sent.push(event);
      yield event;
    }
  }
}

/** The bytes of an event on the wire, a character each. */
function bytesOf(event: LogEvent): string {
  return Buffer.from(JSON.stringify(event)).toString('latin1');
}

/** The events in a body, as bytes: one a line, or the body is the only one. */
function recordsIn({ contentType, body }: Arrival): string[] {
  const text = body.toString('latin1');
  if (contentType !== 'application/x-ndjson') {
    return [text];
  }
  // Every line has an end; what follows the last one is a torn line.
  const lines = text.split('\n');
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

function settleable() {
  let resolve!: () => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<void>((resolvePromise, rejectPromise) => {
    resolve = resolvePromise;
    reject = rejectPromise;
  });
  return { promise, resolve, reject };
}
