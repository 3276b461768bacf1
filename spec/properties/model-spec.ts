/** The engine against its model: `examples/composed.ts`, which says the same in a hundred lines. */
import fc from 'fast-check';
import { expect } from 'chai';
import {
  concat,
  defer,
  EMPTY,
  NEVER,
  of,
  throwError,
  timer,
  type Observable,
  type OperatorFunction,
} from 'rxjs';
import { concatMap, delay, ignoreElements, map, mergeMap } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { composed, type ComposedOptions } from '../../examples/composed.js';
import { loadBalance, RejectedError, TemporaryError } from '../../src/index.js';
import type { Connection, ConnectionState, Outcome } from '../../src/index.js';
import { nth } from './nth.js';
import { runs } from './runs.js';

/** A schedule, as plain data. */
interface Schedule {
  readonly bursts: readonly { readonly after: number; readonly events: number }[];
  readonly sourceEnd: 'completion' | 'error' | 'never';
  readonly connections: readonly {
    readonly window: number;
    readonly openings: readonly (readonly {
      readonly after: number;
      readonly state: ConnectionState | 'breaks';
    }[])[];
  }[];
  /** What a send does, by event and attempt. */
  readonly answers: readonly {
    readonly after: number;
    readonly answer:
      'delivers' | 'breaks' | 'temporary' | 'retry at once' | 'retry later' | 'rejects' | 'silent';
  }[];
  readonly maxAttempts: number;
  readonly guaranteed: 'none' | 'every third' | 'all';
  readonly connect: number;
  readonly send: number;
  readonly reconnectDelay: number;
  readonly closeAfter: number;
  readonly closeBy: 'value' | 'error';
}

/** What the two must agree on. */
interface Told {
  readonly frame: number;
  readonly event: number;
  readonly what: string;
  readonly attempts: number;
}

const answer = (
  outcomes: readonly Schedule['answers'][number]['answer'][],
): fc.Arbitrary<Schedule['answers'][number]> =>
  fc.record({ after: fc.integer({ min: 0, max: 5 }), answer: fc.constantFrom(...outcomes) });

/** Times of different kinds never meet: what comes first at the same moment is nobody's promise. */
const apart = (kind: number, times: fc.Arbitrary<number>): fc.Arbitrary<number> =>
  times.map((time) => time + kind / 64);

const limit = fc.oneof(fc.constant(Infinity), fc.integer({ min: 1, max: 8 }));

const states = fc.array(
  fc.record({
    after: fc.integer({ min: 0, max: 6 }),
    state: fc.constantFrom<ConnectionState | 'breaks'>('up', 'up', 'up', 'connecting', 'down', 'breaks'),
  }),
  { minLength: 1, maxLength: 5 },
);

const common = {
  bursts: fc.array(
    fc.record({ after: fc.integer({ min: 0, max: 6 }), events: fc.integer({ min: 1, max: 4 }) }),
    { maxLength: 5 },
  ),
  sourceEnd: fc.constantFrom<Schedule['sourceEnd']>('completion', 'completion', 'error', 'never'),
  maxAttempts: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.constant(Infinity)),
  guaranteed: fc.constantFrom<Schedule['guaranteed']>('none', 'none', 'every third', 'all'),
  reconnectDelay: apart(5, fc.integer({ min: 1, max: 6 })),
  closeBy: fc.constantFrom<Schedule['closeBy']>('value', 'value', 'error'),
};

/** One connection of window 1: everything is determined, down to the frame. */
const alone: fc.Arbitrary<Schedule> = fc.record({
  ...common,
  connections: fc.tuple(
    fc.record({ window: fc.constant(1), openings: fc.array(states, { minLength: 1, maxLength: 3 }) }),
  ),
  answers: fc.array(
    answer([
      'delivers',
      'delivers',
      'delivers',
      'breaks',
      'temporary',
      'retry at once',
      'retry later',
      'rejects',
      'silent',
    ]),
    { minLength: 1, maxLength: 7 },
  ),
  connect: apart(23, limit),
  send: apart(17, limit),
  closeAfter: apart(43, fc.integer({ min: 0, max: 120 })),
});

/** Several connections that always come up: who takes an event is open, what becomes of it is not. */
const several: fc.Arbitrary<Schedule> = fc.record({
  ...common,
  maxAttempts: fc.integer({ min: 1, max: 4 }),
  guaranteed: fc.constant<Schedule['guaranteed']>('none'),
  connections: fc.array(
    fc.record({
      window: fc.integer({ min: 1, max: 3 }),
      openings: fc.constant([[{ after: 1, state: 'up' as const }]]),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  // A connection that breaks takes its other sends with it only when they take longer than `timeout.send`.
  answers: fc.array(
    answer([
      'delivers',
      'delivers',
      'breaks',
      'temporary',
      'retry at once',
      'retry later',
      'rejects',
      'silent',
    ]),
    { minLength: 1, maxLength: 7 },
  ),
  connect: fc.constant(Infinity),
  send: fc.constant(8),
  closeAfter: fc.constant(5_000),
  closeBy: fc.constant<Schedule['closeBy']>('value'),
});

describe('The engine and its model', function () {
  this.timeout(0);

  it('agree on every outcome, its frame and its order, on one connection of window 1', () => {
    fc.assert(
      fc.property(alone, (schedule) => {
        expect(told(schedule, 'engine')).to.deep.equal(told(schedule, 'model'));
      }),
      { numRuns: runs },
    );
  });

  it('agree on every outcome, whoever takes the event, on several connections', () => {
    fc.assert(
      fc.property(several, (schedule) => {
        const timeless = (by: 'engine' | 'model'): unknown[] =>
          told(schedule, by)
            .map(({ event, what, attempts }) => ({ event, what, attempts }))
            .sort((a, b) => a.event - b.event);
        expect(timeless('engine')).to.deep.equal(timeless('model'));
      }),
      { numRuns: runs },
    );
  });
});

/** Runs a schedule in virtual time. */
function told(schedule: Schedule, by: 'engine' | 'model'): Told[] {
  const story: Told[] = [];
  const note = (event: number, what: string, attempts = 0): void => {
    story.push({ frame: scheduler.now(), event, what, attempts });
  };
  const scheduler = new TestScheduler(() => undefined);
  scheduler.run(() => {
    const options: ComposedOptions<number> = {
      maxAttempts: schedule.maxAttempts,
      guaranteed: (event) =>
        schedule.guaranteed === 'all' || (schedule.guaranteed === 'every third' && event % 3 === 0),
      timeout: { connect: schedule.connect, send: schedule.send },
      reconnectDelay: schedule.reconnectDelay,
      closeOn: timer(schedule.closeAfter).pipe(
        mergeMap(() =>
          schedule.closeBy === 'value' ? of('enough') : throwError(() => new Error('closing')),
        ),
      ),
    };
    const connections = schedule.connections.map((_, index) => connectionAt(schedule, index));
    const balance: OperatorFunction<number, Outcome<number>> = by === 'engine'
      ? loadBalance(connections, options)
      : composed(connections, options);
    eventsOf(schedule)
      .pipe(balance)
      .subscribe({
        next: (outcome) => {
          note(
            outcome.event,
            outcome.status === 'delivered' ? `delivered ${String(outcome.value)}` : outcome.reason,
            outcome.attempts,
          );
        },
        error: (error: unknown) => {
          note(Infinity, String(error));
        },
        complete: () => {
          note(Infinity, 'completion');
        },
      });
  });
  return ordered(story);
}

/** What is dropped by closing has no order among itself. */
function ordered(story: readonly Told[]): Told[] {
  const closed = story.filter(({ what }) => what === 'closed').sort((a, b) => a.event - b.event);
  return story.map((told) => (told.what === 'closed' ? (closed.shift() ?? told) : told));
}

function eventsOf({ bursts, sourceEnd }: Schedule): Observable<number> {
  let next = 0;
  const bursts$ = bursts.map(({ after, events }) =>
    timer(after).pipe(mergeMap(() => Array.from({ length: events }, () => next++))),
  );
  const end$ = timer(3).pipe(
    mergeMap((): Observable<never> => {
      switch (sourceEnd) {
        case 'completion':
          return EMPTY;
        case 'error':
          return throwError(() => new Error('the source failed'));
        case 'never':
          return NEVER;
      }
    }),
  );
  return concat(...bursts$, end$);
}

function connectionAt({ connections, answers }: Schedule, index: number): Connection<number, string> {
  const { window, openings } = nth(connections, index);
  let opened = 0;
  return {
    name: `c${String(index)}`,
    window,
    state$: defer(() => {
      const steps = openings[Math.min(opened++, openings.length - 1)] ?? [];
      return concat(
        of(...steps).pipe(
          concatMap(({ after, state }) => {
            const waited$ = of(state).pipe(after === 0 ? map((same) => same) : delay(after));
            return waited$.pipe(
              map((reached) => {
                if (reached === 'breaks') {
                  throw new Error('broke');
                }
                return reached;
              }),
            );
          }),
        ),
        NEVER,
      );
    }),
    send: (event, { attempt }) => {
      const { after, answer: how } = nth(answers, event * 3 + attempt);
      const ends$ = endOf(how, event, attempt);
      // What is tried again at once, and fails at once, would stop the time.
      const takes = how === 'retry at once' ? Math.max(after, 1) : after;
      return takes === 0 ? ends$ : concat(timer(takes).pipe(ignoreElements()), ends$);
    },
  };
}

function endOf(
  how: Schedule['answers'][number]['answer'],
  event: number,
  attempt: number,
): Observable<string> {
  switch (how) {
    case 'delivers':
      return of('early', `${String(event)}.${String(attempt)}`);
    case 'breaks':
      return throwError(() => new Error('broke'));
    case 'temporary':
      return throwError(() => new TemporaryError('busy'));
    case 'retry at once':
      return throwError(() => new TemporaryError('busy', { retryAfter: 0 }));
    case 'retry later':
      return throwError(() => new TemporaryError('busy', { retryAfter: 4 }));
    case 'rejects':
      return throwError(() => new RejectedError('bad'));
    case 'silent':
      return NEVER;
  }
}
