/** Which types a balancer has, without a type argument anywhere: these fail when they are compiled, not when they run. */
import { expect } from 'chai';
import { expectTypeOf } from 'expect-type';
import { EMPTY, filter, from, map, NEVER, of, type Observable } from 'rxjs';
import {
  isDelivered,
  isDropped,
  loadBalance,
  type BatchConnection,
  type Connection,
  type ConnectionInput,
  type Delivered,
  type DropReason,
  type Dropped,
  type FailedAttempt,
  type Outcome,
  type SendContext,
} from '../../src/index.js';

interface Line {
  readonly text: string;
}
interface LongLine extends Line {
  readonly length: number;
}

const single: Connection<string, number> = { name: 'single', state$: NEVER, send: () => of(1) };
const batch: BatchConnection<string, Date> = {
  name: 'batch',
  state$: NEVER,
  batch: { size: 2, send: () => EMPTY },
};
const forLines: Connection<Line, boolean> = { name: 'lines', state$: NEVER, send: () => of(true) };
const forLongLines: Connection<LongLine, boolean> = { name: 'long', state$: NEVER, send: () => of(true) };
const mixed$ = from(['a', 1]);
const line: Line = { text: '' };
const longLine: LongLine = { text: '', length: 0 };

describe('the types of loadBalance', () => {
  describe('T', () => {
    it('is that of the source', () => {
      const outcomes$ = of('a').pipe(loadBalance([() => of(1)]));
      expectTypeOf(outcomes$).toEqualTypeOf<Observable<Outcome<string, number>>>();
    });

    it('is the parameter of an inline lambda, which needs no annotation', () => {
      const outcomes$ = from([1, 2]).pipe(
        loadBalance([
          (event) => {
            expectTypeOf(event).toEqualTypeOf<number>();
            return of(event.toFixed());
          },
          async (event, context) => {
            expectTypeOf(event).toEqualTypeOf<number>();
            expectTypeOf(context).toEqualTypeOf<SendContext>();
            await Promise.resolve();
            return event > 1;
          },
        ]),
      );
      expectTypeOf(outcomes$).toEqualTypeOf<Observable<Outcome<number, string | boolean>>>();
    });

    it('is not widened by a connection for a wider type', () => {
      const outcomes$ = of(longLine).pipe(loadBalance([forLines]));
      expectTypeOf(outcomes$).toEqualTypeOf<Observable<Outcome<LongLine, boolean>>>();
    });

    it('is not widened by a function for a wider type', () => {
      const outcomes$ = of('a').pipe(loadBalance([(event: string | number) => of(event === 1)]));
      expectTypeOf(outcomes$).toEqualTypeOf<Observable<Outcome<string, boolean>>>();
    });

    it('is not widened by a connection for anything', () => {
      const outcomes$ = of('a').pipe(loadBalance([(event: unknown) => of(event === 1), single]));
      expectTypeOf(outcomes$).toEqualTypeOf<Observable<Outcome<string, boolean | number>>>();
    });

    it('is not narrowed by a list that takes wider and equal types', () => {
      const outcomes$ = of(line).pipe(loadBalance([forLines, (event: object) => of(event)]));
      expectTypeOf(outcomes$).toEqualTypeOf<Observable<Outcome<Line, boolean | object>>>();
    });

    it('must be taken by every connection', () => {
      // @ts-expect-error -- a Line is not a LongLine
      void of(line).pipe(loadBalance([forLongLines]));
      // @ts-expect-error -- one of the two takes a LongLine only
      void of(line).pipe(loadBalance([forLines, forLongLines]));
    });

    it('must be taken by every function', () => {
      const send = (event: string): Observable<number> => of(event.length);
      // @ts-expect-error -- a number is not a string
      void mixed$.pipe(loadBalance([send]));
    });

    it('must be taken by every function of a list in which others take it', () => {
      const send = (event: string): Observable<number> => of(event.length);
      // @ts-expect-error -- a number is not a string
      void mixed$.pipe(loadBalance([send, (event: string | number) => of(event)]));
      // @ts-expect-error -- the other way round
      void mixed$.pipe(loadBalance([(event: string | number) => of(event), send]));
      // @ts-expect-error -- one that takes numbers does not help with the one that takes strings
      void of(1).pipe(loadBalance([(event: number) => of(event), send]));
    });

    it('must be taken by every connection for batches', () => {
      // @ts-expect-error -- the batch takes strings
      void of(1).pipe(loadBalance([batch]));
    });

    it('may be a union, and is narrowed nowhere', () => {
      const outcomes$ = mixed$.pipe(
        loadBalance([
          (event) => {
            expectTypeOf(event).toEqualTypeOf<string | number>();
            return of(event);
          },
        ]),
      );
      expectTypeOf(outcomes$).toEqualTypeOf<Observable<Outcome<string | number, string | number>>>();
    });

    it('goes through a generic function', () => {
      const ship = <T>(events$: Observable<T>): Observable<Outcome<T, number>> =>
        events$.pipe(loadBalance([() => of(1)]));
      expectTypeOf(ship(of('a'))).toEqualTypeOf<Observable<Outcome<string, number>>>();
    });

    it('goes through a generic function that is given the connections', () => {
      const ship = <T, R>(
        events$: Observable<T>,
        connections: readonly ConnectionInput<T, R>[],
      ): Observable<T> =>
        events$.pipe(
          loadBalance(connections),
          map(({ event }) => event),
        );
      expectTypeOf(ship(of('a'), [single])).toEqualTypeOf<Observable<string>>();
    });

    it('goes through a generic function with a bound', () => {
      const ship = <T extends Line>(events$: Observable<T>): Observable<Outcome<T, boolean>> =>
        events$.pipe(loadBalance([forLines]));
      expectTypeOf(ship(of(longLine))).toEqualTypeOf<Observable<Outcome<LongLine, boolean>>>();
    });
  });

  describe('R', () => {
    it('is the union of what the functions give, as Observables, promises and iterables', () => {
      const outcomes$ = of('a').pipe(
        loadBalance([() => of(1), () => Promise.resolve(true), () => ['one'], () => new Set([null])]),
      );
      expectTypeOf(outcomes$).toEqualTypeOf<Observable<Outcome<string, number | boolean | string | null>>>();
    });

    it('is void for a function that only acknowledges', () => {
      const outcomes$ = of('a').pipe(loadBalance([() => Promise.resolve()]));
      expectTypeOf(outcomes$).toEqualTypeOf<Observable<Outcome<string, void>>>();
    });

    it('is never for a function that gives no value', () => {
      const outcomes$ = of('a').pipe(loadBalance([() => EMPTY]));
      expectTypeOf(outcomes$).toEqualTypeOf<Observable<Outcome<string, never>>>();
    });

    it('is the union over a function, a Connection and a BatchConnection', () => {
      const outcomes$ = of('a').pipe(loadBalance([(event) => of(event), single, batch]));
      expectTypeOf(outcomes$).toEqualTypeOf<
        Observable<Outcome<string, string | number | Date | undefined>>
      >();
    });

    it('is undefined for a batch that answers without results', () => {
      const quiet = { name: 'quiet', state$: NEVER, batch: { size: 2, send: () => Promise.resolve() } };
      const outcomes$ = of('a').pipe(loadBalance([quiet]));
      expectTypeOf(outcomes$).toEqualTypeOf<Observable<Outcome<string, undefined>>>();
    });
  });

  describe('the connections', () => {
    it('may be an inline object, whose functions need no annotation', () => {
      const outcomes$ = of('a').pipe(
        loadBalance([
          {
            name: 'inline',
            state$: NEVER,
            send: (event) => {
              expectTypeOf(event).toEqualTypeOf<string>();
              return of(event.length);
            },
            classify: (error, event) => {
              expectTypeOf(error).toEqualTypeOf<unknown>();
              expectTypeOf(event).toEqualTypeOf<string>();
              return 'temporary';
            },
          },
        ]),
      );
      expectTypeOf(outcomes$).toEqualTypeOf<Observable<Outcome<string, number>>>();
    });

    it('may be an inline object for batches, whose functions need no annotation', () => {
      const outcomes$ = of('a').pipe(
        loadBalance([
          {
            name: 'inline',
            state$: NEVER,
            batch: {
              size: 2,
              send: (events) => {
                expectTypeOf(events).toEqualTypeOf<readonly string[]>();
                return of(
                  events.map(({ length }, index) => ({ index, status: 'delivered' as const, value: length })),
                );
              },
            },
          },
        ]),
      );
      expectTypeOf(outcomes$).toEqualTypeOf<Observable<Outcome<string, number | undefined>>>();
    });

    it('may be a function of lists', () => {
      const outcomes$ = of('a').pipe(loadBalance(() => [single, batch]));
      expectTypeOf(outcomes$).toEqualTypeOf<Observable<Outcome<string, number | Date | undefined>>>();
    });

    it('may be a function of lists of inline lambdas', () => {
      const outcomes$ = of('a').pipe(
        loadBalance(() => [
          (event) => {
            expectTypeOf(event).toEqualTypeOf<string>();
            return of(event.length);
          },
        ]),
      );
      expectTypeOf(outcomes$).toEqualTypeOf<Observable<Outcome<string, number>>>();
    });

    it('may be a stream of lists', () => {
      const outcomes$ = of('a').pipe(loadBalance(of([single, batch])));
      expectTypeOf(outcomes$).toEqualTypeOf<Observable<Outcome<string, number | Date | undefined>>>();
    });

    it('may be a function of a stream of lists', () => {
      const outcomes$ = of('a').pipe(loadBalance(() => of([single])));
      expectTypeOf(outcomes$).toEqualTypeOf<Observable<Outcome<string, number>>>();
    });

    it('may be an empty list: nothing is delivered', () => {
      const outcomes$ = of('a').pipe(loadBalance([]));
      expectTypeOf(outcomes$).toEqualTypeOf<Observable<Outcome<string, never>>>();
    });

    it('must not be for a narrower type in a stream or a function of lists either', () => {
      // @ts-expect-error -- a Line is not a LongLine
      void of(line).pipe(loadBalance(of([forLongLines])));
      // @ts-expect-error -- a Line is not a LongLine
      void of(line).pipe(loadBalance(() => [forLongLines]));
    });

    it('must be connections', () => {
      const refused = (): unknown =>
        // @ts-expect-error -- a string is not a connection
        of('a').pipe(loadBalance(['http://localhost']));
      expect(refused).to.throw(TypeError);
    });
  });

  describe('an operator that stands alone', () => {
    const count = (event: string): Observable<number> => of(event.length);

    it('takes its T when it is piped', () => {
      const balance = loadBalance([count]);
      expectTypeOf(of('a').pipe(balance)).toEqualTypeOf<Observable<Outcome<string, number>>>();
    });

    it('keeps a narrower T', () => {
      const balance = loadBalance([forLines]);
      expectTypeOf(of(longLine).pipe(balance)).toEqualTypeOf<Observable<Outcome<LongLine, boolean>>>();
    });

    it('takes what all of its connections take', () => {
      const balance = loadBalance([forLines, forLongLines]);
      expectTypeOf(of(longLine).pipe(balance)).toEqualTypeOf<Observable<Outcome<LongLine, boolean>>>();
      // @ts-expect-error -- one of the two takes a LongLine only
      void of(line).pipe(balance);
    });

    it('has the union of the values of a heterogeneous list', () => {
      const balance = loadBalance([count, single, batch]);
      expectTypeOf(of('a').pipe(balance)).toEqualTypeOf<
        Observable<Outcome<string, number | Date | undefined>>
      >();
    });

    it('may have no connections', () => {
      const balance = loadBalance([]);
      expectTypeOf(of('a').pipe(balance)).toExtend<Observable<Outcome<unknown, never>>>();
    });

    it('refuses a source of another type', () => {
      const balance = loadBalance([count]);
      // @ts-expect-error -- a number is not a string
      void of(1).pipe(balance);
    });

    it('gives its options the type that its connections take', () => {
      const balance = loadBalance([count], {
        guaranteed: (event) => {
          expectTypeOf(event).toEqualTypeOf<string>();
          return event.startsWith('!');
        },
      });
      expectTypeOf(of('a').pipe(balance)).toEqualTypeOf<Observable<Outcome<string, number>>>();
    });
  });

  describe('the options', () => {
    it('know T in the guaranteed predicate', () => {
      const outcomes$ = of(line).pipe(
        loadBalance([forLines], {
          guaranteed: (event) => {
            expectTypeOf(event).toEqualTypeOf<Line>();
            return event.text === '';
          },
        }),
      );
      expectTypeOf(outcomes$).toEqualTypeOf<Observable<Outcome<Line, boolean>>>();
    });

    it('do not widen T with a predicate for a wider type', () => {
      const outcomes$ = of('a').pipe(
        loadBalance([single], { guaranteed: (event: string | number) => event === 'a' }),
      );
      expectTypeOf(outcomes$).toEqualTypeOf<Observable<Outcome<string, number>>>();
    });

    it('refuse a predicate for a narrower type', () => {
      // @ts-expect-error -- the predicate takes a LongLine, the source has Lines
      void of(line).pipe(loadBalance([forLines], { guaranteed: ({ length }: LongLine) => length > 1 }));
    });
  });

  describe('an outcome', () => {
    const outcomes$ = of('a').pipe(loadBalance([single]));

    it('is narrowed by isDelivered in a filter', () => {
      const delivered$ = outcomes$.pipe(filter(isDelivered));
      expectTypeOf(delivered$).toEqualTypeOf<Observable<Delivered<string, number>>>();
    });

    it('is narrowed by isDropped in a filter', () => {
      const dropped$ = outcomes$.pipe(filter(isDropped));
      expectTypeOf(dropped$).toEqualTypeOf<Observable<Dropped<string>>>();
    });

    it('is narrowed by its status', () => {
      void outcomes$.pipe(
        map((outcome) => {
          if (outcome.status === 'delivered') {
            expectTypeOf(outcome.value).toEqualTypeOf<number>();
            expectTypeOf(outcome.connection).toEqualTypeOf<string>();
          } else {
            expectTypeOf(outcome.reason).toEqualTypeOf<DropReason>();
            expectTypeOf(outcome.error).toEqualTypeOf<unknown>();
            expectTypeOf(outcome.failures).toEqualTypeOf<readonly FailedAttempt[]>();
          }
          expectTypeOf(outcome.event).toEqualTypeOf<string>();
          expectTypeOf(outcome.attempts).toEqualTypeOf<number>();
        }),
      );
    });

    it('is narrowed by a guard in a condition, both ways', () => {
      void outcomes$.pipe(
        map((outcome) => {
          if (isDelivered(outcome)) {
            expectTypeOf(outcome).toEqualTypeOf<Delivered<string, number>>();
          } else {
            expectTypeOf(outcome).toEqualTypeOf<Dropped<string>>();
          }
        }),
      );
    });
  });
});
