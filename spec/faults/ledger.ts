/** The books of a bad day: what was sent, what was said to have become of it, and what has arrived. */
import { from, Observable, type ObservableInput } from 'rxjs';
import type { BatchAnswer, BatchConnection, Connection, Outcome } from '../../src/index.js';
import { HttpStatusError } from '../../src/connections/http.js';

/** What is sent. */
export interface Entry {
  /** Its number: 0 for the first. */
  readonly n: number;
  /** Something to carry. */
  readonly text: string;
}

/** What can be watched. */
export type AnyConnection<R> = Connection<Entry, R> | BatchConnection<Entry, R>;

/** What the books say in the end. */
export interface Statement {
  readonly sent: number;
  readonly delivered: number;
  /** How many events were dropped, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** How many events are in a file. */
  readonly arrived: number;
  /** How many times an event is in a file in which, or in another one of which, it is already. */
  readonly duplicates: number;
  /** How many events were dropped and are in a file all the same: the answer was lost. */
  readonly droppedButArrived: number;
  /** How many sends of an event ended without an answer, and may have been taken. */
  readonly lost: number;
  /** What does not balance. Empty when all does. */
  readonly problems: readonly string[];
}

/** What is known of one place, by event. */
interface PlaceBooks {
  /** How many sends were answered well, and how many were not answered, and may have been taken. */
  readonly answered: Uint8Array;
  readonly lost: Uint8Array;
  /** How often it is in the file. */
  readonly copies: Uint8Array;
}

/** More of the same are only counted. */
const mostShown = 5;

/** Counts everything, and believes nobody. */
export class Ledger {
  sent = 0;
  private readonly accounts = new Map<string, PlaceBooks>();
  private readonly outcomes: Uint8Array;
  /** By which place each was delivered: its number among those known, from 1; 0 for none. */
  private readonly deliveredBy: Uint8Array;
  private readonly places: string[] = [];
  private delivered = 0;
  private readonly dropped: Record<string, number> = {};
  private readonly droppedGuaranteed: number[] = [];
  private readonly unknown: number[] = [];

  /**
   * @param capacity How many events there are at most.
   * @param isGuaranteed Which of them must be delivered.
   */
  constructor(
    private readonly capacity: number,
    private readonly isGuaranteed: (event: Entry) => boolean = () => false,
  ) {
    this.outcomes = new Uint8Array(capacity);
    this.deliveredBy = new Uint8Array(capacity);
  }

  /** The next event. */
  next(text: string): Entry {
    if (this.sent === this.capacity) {
      throw new Error(`expected at most ${this.capacity} events`);
    }
    return { n: this.sent++, text };
  }

  /** An event has its outcome. */
  outcome(outcome: Outcome<Entry>): void {
    const { event } = outcome;
    count(this.outcomes, event.n);
    if (outcome.status === 'delivered') {
      this.delivered++;
      this.accountOf(outcome.connection);
      this.deliveredBy[event.n] = this.places.indexOf(outcome.connection) + 1;
    } else {
      this.dropped[outcome.reason] = (this.dropped[outcome.reason] ?? 0) + 1;
      if (this.isGuaranteed(event)) {
        this.droppedGuaranteed.push(event.n);
      }
    }
  }

  /**
   * An event has been found in a file.
   * @param n Its number.
   * @param place Whose file.
   */
  found(n: number, place: string): void {
    if (n < this.sent) {
      count(this.accountOf(place).copies, n);
    } else {
      this.unknown.push(n);
    }
  }

  /**
   * The same connection, with a witness of its sends.
   *
   * A send that fails with a status was answered, and nothing was taken; nor was it where nobody listens. One
   * that fails otherwise, or is cancelled, may have been taken, and nobody can know.
   */
  witness<R>(connection: AnyConnection<R>): AnyConnection<R> {
    const account = this.accountOf(connection.name);
    if ('batch' in connection) {
      const { batch } = connection;
      return {
        ...connection,
        batch: {
          ...batch,
          send: (events, context) => watchedBatch(batch.send(events, context), events, account),
        },
      };
    }
    return {
      ...connection,
      send: (event, context) => watched(connection.send(event, context), event, account),
    };
  }

  /** What is in the books. */
  statement(): Statement {
    const all = Array.from({ length: this.sent }, (_, n) => n);
    const accounts = [...this.accounts.values()];
    const total = (n: number, what: keyof PlaceBooks): number =>
      accounts.reduce((sum, account) => sum + of(account[what], n), 0);
    const problems: string[] = [];
    const note = (what: string, found: readonly number[]): void => {
      if (found.length > 0) {
        const shown = found.slice(0, mostShown).join(', ');
        problems.push(`${found.length} events ${what}: ${shown}${found.length > mostShown ? ', …' : ''}`);
      }
    };
    note(
      'have no outcome',
      all.filter((n) => of(this.outcomes, n) === 0),
    );
    note(
      'have more than one outcome',
      all.filter((n) => of(this.outcomes, n) > 1),
    );
    note(
      'were not taken once, by the place that is said to have taken them',
      all.filter((n) => {
        const by = accounts[of(this.deliveredBy, n) - 1];
        const there = by === undefined ? 0 : of(by.answered, n);
        return total(n, 'answered') !== (by === undefined ? 0 : 1) || there !== total(n, 'answered');
      }),
    );
    for (const [place, { answered, lost, copies }] of this.accounts) {
      note(
        `were taken by ${place} and are not in its file`,
        all.filter((n) => of(copies, n) < of(answered, n)),
      );
      note(
        `are in the file of ${place} more often than sends of them were answered or lost their answer`,
        all.filter((n) => of(copies, n) > of(answered, n) + of(lost, n)),
      );
    }
    note('are in a file and were never sent', this.unknown);
    note('were guaranteed, and dropped', this.droppedGuaranteed);
    const arrived = all.filter((n) => total(n, 'copies') > 0);
    return {
      sent: this.sent,
      delivered: this.delivered,
      dropped: { ...this.dropped },
      arrived: arrived.length,
      duplicates: arrived.reduce((many, n) => many + total(n, 'copies') - 1, 0),
      droppedButArrived: arrived.filter((n) => of(this.deliveredBy, n) === 0).length,
      lost: all.reduce((many, n) => many + total(n, 'lost'), 0),
      problems,
    };
  }

  private accountOf(place: string): PlaceBooks {
    const known = this.accounts.get(place);
    if (known !== undefined) {
      return known;
    }
    const { capacity } = this;
    const account = {
      answered: new Uint8Array(capacity),
      lost: new Uint8Array(capacity),
      copies: new Uint8Array(capacity),
    };
    this.accounts.set(place, account);
    this.places.push(place);
    return account;
  }
}

function watched<R>(answer: ObservableInput<R>, { n }: Entry, account: PlaceBooks): Observable<R> {
  return new Observable((subscriber) => {
    let open = true;
    subscriber.add(() => {
      if (open) {
        count(account.lost, n);
      }
    });
    subscriber.add(
      from(answer).subscribe({
        next: (value) => {
          subscriber.next(value);
        },
        error: (error: unknown) => {
          open = mayBeTaken(error);
          subscriber.error(error);
        },
        complete: () => {
          open = false;
          count(account.answered, n);
          subscriber.complete();
        },
      }),
    );
  });
}

function watchedBatch<R>(
  answer: ObservableInput<BatchAnswer<R>>,
  events: readonly Entry[],
  account: PlaceBooks,
): Observable<BatchAnswer<R>> {
  return new Observable((subscriber) => {
    const open = new Set(events.keys());
    const settle = (index: number, taken: boolean): void => {
      if (open.delete(index) && taken) {
        count(account.answered, events[index]?.n ?? NaN);
      }
    };
    subscriber.add(() => {
      for (const index of open) {
        count(account.lost, events[index]?.n ?? NaN);
      }
    });
    subscriber.add(
      from(answer).subscribe({
        next: (results) => {
          for (const result of results ?? []) {
            if (result.status === 'delivered' || !mayBeTaken(result.error)) {
              settle(result.index, result.status === 'delivered');
            }
          }
          subscriber.next(results);
        },
        error: (error: unknown) => {
          if (!mayBeTaken(error)) {
            open.clear();
          }
          subscriber.error(error);
        },
        complete: () => {
          // All are delivered by it if none was named.
          if (open.size === events.length) {
            for (const index of events.keys()) {
              settle(index, true);
            }
          }
          subscriber.complete();
        },
      }),
    );
  });
}

/** Whether what was sent may have been taken although the send has failed like this. */
function mayBeTaken(error: unknown): boolean {
  const { cause } = error as { readonly cause?: unknown };
  const { code } = (cause ?? {}) as { readonly code?: unknown };
  const isRefused = code === 'ECONNREFUSED' || code === 'ENOTFOUND';
  return !(error instanceof HttpStatusError || cause instanceof HttpStatusError || isRefused);
}

function count(counts: Uint8Array, n: number): void {
  const before = counts[n];
  if (before === undefined) {
    throw new Error(`there is no event ${n}`);
  }
  counts[n] = Math.min(before + 1, 255);
}

function of(counts: Uint8Array, n: number): number {
  return counts[n] ?? 0;
}
