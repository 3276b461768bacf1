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
  /** How many sends of an event ended without an answer. */
  readonly unanswered: number;
  /** What does not balance. Empty when all does. */
  readonly problems: readonly string[];
}

/** More of the same are only counted. */
const mostShown = 5;

/** Counts everything, and believes nobody. */
export class Ledger {
  sent = 0;
  private readonly outcomes: Uint8Array;
  private readonly deliveries: Uint8Array;
  private readonly copies: Uint8Array;
  /** Sends of an event that ended without an answer, each of which may have left a copy. */
  private readonly lost: Uint8Array;
  private readonly dropped: Record<string, number> = {};

  /** @param capacity How many events there are at most. */
  constructor(private readonly capacity: number) {
    this.outcomes = new Uint8Array(capacity);
    this.deliveries = new Uint8Array(capacity);
    this.copies = new Uint8Array(capacity);
    this.lost = new Uint8Array(capacity);
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
    const { n } = outcome.event;
    count(this.outcomes, n);
    if (outcome.status === 'delivered') {
      count(this.deliveries, n);
    } else {
      this.dropped[outcome.reason] = (this.dropped[outcome.reason] ?? 0) + 1;
    }
  }

  /** An event has been found in a file. */
  found(n: number): void {
    count(this.copies, n);
  }

  /**
   * The same connection, with a witness of its sends.
   *
   * A send that fails with a status was answered: nothing was taken. One that fails otherwise, or is
   * cancelled, may have been taken, and nobody can know.
   */
  witness<R>(connection: AnyConnection<R>): AnyConnection<R> {
    if ('batch' in connection) {
      const { batch } = connection;
      return {
        ...connection,
        batch: {
          ...batch,
          send: (events, context) => this.watchedBatch(batch.send(events, context), events),
        },
      };
    }
    return { ...connection, send: (event, context) => this.watched(connection.send(event, context), event) };
  }

  /** What is in the books. */
  statement(): Statement {
    const delivered = sum(this.deliveries);
    const droppedInAll = Object.values(this.dropped).reduce((all, some) => all + some, 0);
    const problems: string[] = [];
    const all = Array.from({ length: this.sent }, (_, n) => n);
    const note = (what: string, isSo: (n: number) => boolean): void => {
      const found = all.filter(isSo);
      if (found.length > 0) {
        const shown = found.slice(0, mostShown).join(', ');
        problems.push(`${found.length} events ${what}: ${shown}${found.length > mostShown ? ', …' : ''}`);
      }
    };
    const [outcomes, deliveries, copies, lost] = [this.outcomes, this.deliveries, this.copies, this.lost].map(
      (counts) => (n: number) => counts[n] ?? 0,
    ) as [CountOf, CountOf, CountOf, CountOf];
    if (this.sent !== delivered + droppedInAll) {
      problems.push(`sent ${this.sent}, but delivered ${delivered} and dropped ${droppedInAll}`);
    }
    note('have no outcome', (n) => outcomes(n) === 0);
    note('have more than one outcome', (n) => outcomes(n) > 1);
    note('were delivered and are in no file', (n) => deliveries(n) > 0 && copies(n) === 0);
    note(
      'are in a file more often than sends of them were answered or lost their answer',
      (n) => copies(n) > deliveries(n) + lost(n),
    );
    return {
      sent: this.sent,
      delivered,
      dropped: { ...this.dropped },
      arrived: all.filter((n) => copies(n) > 0).length,
      duplicates: all.reduce((many, n) => many + Math.max(0, copies(n) - 1), 0),
      droppedButArrived: all.filter((n) => deliveries(n) === 0 && copies(n) > 0).length,
      unanswered: sum(this.lost),
      problems,
    };
  }

  private watched<R>(answer: ObservableInput<R>, event: Entry): Observable<R> {
    return new Observable((subscriber) => {
      let settled = false;
      subscriber.add(() => {
        if (!settled) {
          count(this.lost, event.n);
        }
      });
      subscriber.add(
        from(answer).subscribe({
          next: (value) => {
            subscriber.next(value);
          },
          error: (error: unknown) => {
            settled = wasAnswered(error);
            subscriber.error(error);
          },
          complete: () => {
            settled = true;
            subscriber.complete();
          },
        }),
      );
    });
  }

  private watchedBatch<R>(
    answer: ObservableInput<BatchAnswer<R>>,
    events: readonly Entry[],
  ): Observable<BatchAnswer<R>> {
    return new Observable((subscriber) => {
      const open = new Set(events.keys());
      subscriber.add(() => {
        for (const index of open) {
          count(this.lost, events[index]?.n ?? NaN);
        }
      });
      subscriber.add(
        from(answer).subscribe({
          next: (results) => {
            for (const result of results ?? []) {
              if (result.status === 'delivered' || wasAnswered(result.error)) {
                open.delete(result.index);
              }
            }
            subscriber.next(results);
          },
          error: (error: unknown) => {
            if (wasAnswered(error)) {
              open.clear();
            }
            subscriber.error(error);
          },
          complete: () => {
            // All are delivered by it if none was named.
            if (open.size === events.length) {
              open.clear();
            }
            subscriber.complete();
          },
        }),
      );
    });
  }
}

type CountOf = (n: number) => number;

/** Whether the error is what a server has said: it has not taken the event. */
function wasAnswered(error: unknown): boolean {
  return (
    error instanceof HttpStatusError || (error instanceof Error && error.cause instanceof HttpStatusError)
  );
}

function count(counts: Uint8Array, n: number): void {
  const before = counts[n];
  if (before === undefined) {
    throw new Error(`there is no event ${n}`);
  }
  counts[n] = Math.min(before + 1, 255);
}

function sum(counts: Uint8Array): number {
  return counts.reduce((all, some) => all + some, 0);
}
