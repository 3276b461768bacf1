/** failover: one connection out of many, of which one is held at a time. */
import { expect } from 'chai';
import { expectTypeOf } from 'expect-type';
import { concat, ignoreElements, map, NEVER, of, throwError, type Observable } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import {
  loadBalance,
  RejectedError,
  TemporaryError,
  type BatchConnection,
  type Connection,
  type ConnectionState,
  type Delivered,
  type FailureKind,
  type Outcome,
} from '../../src/index.js';
import { failover, syncConnection } from '../../src/libbeat/index.js';
import { fakeConnection } from '../../src/testing/index.js';

/** Gives these numbers in turn. */
function sequence(...numbers: number[]): () => number {
  return () => numbers.shift() ?? 0;
}

const reconnectDelay = 5;

/** The marbles of a send without an answer. */
const silent = '-';

const alwaysUp$ = concat(of<ConnectionState>('up'), NEVER);

type FakeStrings = ReturnType<typeof fakeConnection<string>>;

/** An outcome in a few words: event, attempts, and why it was dropped. */
function inShort(outcome: Outcome<string>): string {
  const { event, attempts } = outcome;
  return outcome.status === 'delivered' ? `${event}${attempts}` : `${event}${attempts} ${outcome.reason}`;
}

describe('failover', () => {
  let scheduler: TestScheduler;

  beforeEach(() => {
    scheduler = new TestScheduler((actual, expected) => {
      expect(actual).to.deep.equal(expected);
    });
  });

  it('should do what its diagram shows', () => {
    scheduler.run(({ cold, expectObservable }) => {
      const a = fakeConnection<string>('c-u---#', '---(r|)', { name: 'a' });
      const b = fakeConnection<string>('c-u', '-(r|)', { name: 'b' });
      const source = '  x--y|       ';
      const expected = '-----x---(y|)';

      const result = cold(source).pipe(
        loadBalance([failover([a, b], { random: () => 0 })], { reconnectDelay: 0 }),
        map(({ event }) => event),
      );

      expectObservable(result).toBe(expected);
      scheduler.flush();
      expect(a.closed).to.deep.equal([6]);
      expect(b.opened).to.deep.equal([6]);
      expect(b.sent).to.deep.equal([{ frame: 8, event: 'y', attempt: 2 }]);
    });
  });

  describe('the choice', () => {
    it('should take the other one of two after each failure, whatever random says', () => {
      scheduler.run(({ cold, expectObservable }) => {
        const a = fakeConnection<string>('u-#', silent, { name: 'a' });
        const b = fakeConnection<string>('u-#', silent, { name: 'b' });
        const unsub = '-------------------!';

        const result = cold('-').pipe(
          loadBalance([failover([a, b], { random: () => 0.99 })], { reconnectDelay: 3 }),
        );

        expectObservable(result, unsub).toBe('-');
        scheduler.flush();
        expect(b.opened).to.deep.equal([0, 10]);
        expect(b.closed).to.deep.equal([2, 12]);
        expect(a.opened).to.deep.equal([5, 15]);
        expect(a.closed).to.deep.equal([7, 17]);
      });
    });

    it('should take any at first, and any but the last after a failure, as random says', () => {
      scheduler.run(({ cold, expectObservable }) => {
        const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) =>
          fakeConnection<string>('u#', silent, { name }),
        ) as [FakeStrings, FakeStrings, FakeStrings, FakeStrings];
        // c of abcd; d of abd; a of abc; b of bcd
        const random = sequence(0.5, 0.99, 0, 0.3);
        const unsub = '-------!';

        const result = cold('-').pipe(
          loadBalance([failover([a, b, c, d], { random })], { reconnectDelay: 1 }),
        );

        expectObservable(result, unsub).toBe('-');
        scheduler.flush();
        expect([c.opened, d.opened, a.opened, b.opened]).to.deep.equal([[0], [2], [4], [6]]);
      });
    });

    it('should spread at random by default', () => {
      const firsts = new Set<string>();
      for (let run = 0; run < 200; run++) {
        const connections = ['a', 'b', 'c'].map((name) => ({
          name,
          state$: alwaysUp$,
          send: () => of(name),
        }));
        of('x')
          .pipe(loadBalance([failover(connections)]))
          .subscribe((outcome) => firsts.add((outcome as Delivered<string, string>).value));
      }

      expect([...firsts].sort()).to.deep.equal(['a', 'b', 'c']);
    });

    it('should take the only one again', () => {
      scheduler.run(({ cold, expectObservable }) => {
        const a = fakeConnection<string>('u-#', silent, { name: 'a' });
        const unsub = '---------!';

        const result = cold('-').pipe(loadBalance([failover([a])], { reconnectDelay: 3 }));

        expectObservable(result, unsub).toBe('-');
        scheduler.flush();
        expect(a.opened).to.deep.equal([0, 5]);
      });
    });

    it('should take another when one fails to connect, and when a send breaks it', () => {
      scheduler.run(({ cold, expectObservable }) => {
        const mute = fakeConnection<string>('c', silent, { name: 'mute' });
        const broken = fakeConnection<string>('u', '-#', { name: 'broken' });
        const good = fakeConnection<string>('u', '-(r|)', { name: 'good' });
        const source = '  x|                     ';
        const expected = '-----------------(x|)';
        // mute of all three; broken of the others; good of the others
        const random = sequence(0, 0, 0.5);

        const result = cold(source).pipe(
          loadBalance([failover([mute, broken, good], { random })], {
            reconnectDelay,
            timeout: { connect: 5 },
          }),
          map(({ event }) => event),
        );

        expectObservable(result).toBe(expected);
        scheduler.flush();
        expect(mute.closed).to.deep.equal([5]);
        expect(broken.sent).to.deep.equal([{ frame: 10, event: 'x', attempt: 1 }]);
        expect(good.sent).to.deep.equal([{ frame: 16, event: 'x', attempt: 2 }]);
      });
    });

    it('should keep the one it holds when that is down, or fails for a while only', () => {
      scheduler.run(({ cold, expectObservable }) => {
        const answers = [throwError(() => new TemporaryError('full', { retryAfter: 3 })), of('r')];
        const a = fakeConnection<string>('u--d---u', () => answers.shift() ?? NEVER, { name: 'a' });
        const b = fakeConnection<string>('u', silent, { name: 'b' });
        const source = '  x|        ';
        const expected = '-------(x|)';

        const result = cold(source).pipe(
          loadBalance([failover([a, b], { random: () => 0 })]),
          map(({ event }) => event),
        );

        expectObservable(result).toBe(expected);
        scheduler.flush();
        expect(a.opened).to.deep.equal([0]);
        expect(b.opened).to.deep.equal([]);
      });
    });

    it('should complete where the one that it holds does, after what that has accepted', () => {
      scheduler.run(({ cold, expectObservable }) => {
        const a = fakeConnection<string>('u-|', '----(r|)', { name: 'a' });
        const b = fakeConnection<string>('u', '(r|)', { name: 'b' });
        const source = '  xy|       ';
        const expected = '----(xy|) ';

        const result = cold(source).pipe(loadBalance([failover([a, b], { random: () => 0 })]), map(inShort));

        expectObservable(result).toBe(expected, { x: 'x1', y: 'y0 no-connection' });
        scheduler.flush();
        expect(b.opened).to.deep.equal([]);
      });
    });

    it('should judge a send that fails after completion by the connection it was sent on', () => {
      scheduler.run(({ cold, expectObservable }) => {
        const classify = (): FailureKind => 'rejected';
        const a = fakeConnection<string>('u-|', '----#', { name: 'a', classify });
        const source = '  x|    ';
        const expected = '----(x|)';

        const result = cold(source).pipe(loadBalance([failover([a])]), map(inShort));

        expectObservable(result).toBe(expected, { x: 'x1 rejected' });
      });
    });
  });

  describe('the window', () => {
    it('should be that of the one that it holds', () => {
      scheduler.run(({ cold, expectObservable }) => {
        const a = fakeConnection<string>('u---#', silent, { name: 'a', window: 3 });
        const b = fakeConnection<string>('u', '-(r|)', { name: 'b' });
        const source = '  (vwxyz|)          ';
        // b begins with a new event, and then goes on with those that were in flight on a.
        const expected = '----------yvwx(z|)';

        const result = cold(source).pipe(
          loadBalance([failover([a, b], { random: () => 0 })], { reconnectDelay }),
          map(({ event }) => event),
        );

        expectObservable(result).toBe(expected);
        scheduler.flush();
        expect(a.sent.map(({ frame }) => frame)).to.deep.equal([0, 0, 0]);
        expect(b.sent.map(({ frame }) => frame)).to.deep.equal([9, 10, 11, 12, 13]);
      });
    });

    it('should follow the stream of the one that it holds, and of no other', () => {
      scheduler.run(({ cold, expectObservable, expectSubscriptions }) => {
        const windowOfA = cold('  --2        ', { 2: 2 });
        const windowOfB = cold('        --2  ', { 2: 2 });
        const a = fakeConnection<string>('u---#', silent, { name: 'a', window: windowOfA });
        const b = fakeConnection<string>('u', silent, { name: 'b', window: windowOfB });
        const unsub = '           ---------!';
        const subsOfA = '         ^---!';
        const subsOfB = '         ------^--!';

        const result = cold('-').pipe(
          loadBalance([failover([a, b], { random: () => 0 })], { reconnectDelay: 2 }),
        );

        expectObservable(result, unsub).toBe('-');
        expectSubscriptions(windowOfA.subscriptions).toBe(subsOfA);
        expectSubscriptions(windowOfB.subscriptions).toBe(subsOfB);
      });
    });

    it('should follow a stream, counting as 1 until that has emitted', () => {
      scheduler.run(({ cold, expectObservable }) => {
        const window = cold('----3---0', { 0: 0, 3: 3 });
        const a = fakeConnection<string>('u---#', silent, { name: 'a', window: 4 });
        const b = fakeConnection<string>('u', '-(r|)', { name: 'b', window });
        const source = '  -------(abcdefghi)-(jk)';
        const unsub = '   ----------------------!';

        const outcomes$ = cold(source).pipe(
          loadBalance([failover([a, b], { random: () => 0 })], { reconnectDelay: 2 }),
          ignoreElements(),
        );

        expectObservable(outcomes$, unsub).toBe('-');
        scheduler.flush();
        // Open from frame 6 on: 1 at first, 3 from frame 10 on, 0 from frame 14 on.
        expect(b.sent.map(({ frame }) => frame)).to.deep.equal([7, 8, 9, 10, 10, 10, 11, 11, 11]);
      });
    });

    it('should be left as it is where all have the same', () => {
      const send = (): Observable<string> => of('r');
      const state$ = NEVER;
      const one = { name: 'one', state$, send };

      expect(failover([one, { ...one, window: 1 }]).window).to.equal(1);
      expect(failover([{ ...one, window: 1 }, one]).window).to.equal(1);
      expect(
        failover([
          { ...one, window: 7 },
          { ...one, window: 7 },
        ]).window,
      ).to.equal(7);
    });
  });

  describe('what an error means', () => {
    it('should be asked of the one that it holds, and be told by the class of the error otherwise', () => {
      const kinds = (held: number): FailureKind[] => {
        const one = { name: 'one', state$: NEVER, send: () => NEVER };
        const strict = {
          ...one,
          reply: 'rejected' as const,
          classify(error: unknown, event: string): FailureKind {
            return event === 'x' && error instanceof Error ? this.reply : 'connection';
          },
        };
        const either = failover([one, strict], { random: () => held / 2 });
        either.state$.subscribe().unsubscribe();
        const errors = [new Error('reset'), new TemporaryError('full'), new RejectedError('bad')];
        return errors.map((error) => either.classify?.(error, 'x') ?? 'connection');
      };

      expect(kinds(0)).to.deep.equal(['connection', 'temporary', 'rejected']);
      expect(kinds(1)).to.deep.equal(['rejected', 'rejected', 'rejected']);
    });

    it('should be left to the balancer where none of them has a say', () => {
      expect(failover([{ name: 'one', state$: NEVER, send: () => NEVER }])).not.to.have.property('classify');
    });

    it('should decide what becomes of an event', () => {
      scheduler.run(({ cold, expectObservable }) => {
        const classify = (): FailureKind => 'rejected';
        const a = fakeConnection<string>('u', '-#', { name: 'a', classify });
        const b = fakeConnection<string>('u', '-#', { name: 'b' });
        const source = '  x|  ';
        const expected = '-(x|)';

        const result = cold(source).pipe(loadBalance([failover([a, b], { random: () => 0 })]), map(inShort));

        expectObservable(result).toBe(expected, { x: 'x1 rejected' });
      });
    });
  });

  describe('of batch connections', () => {
    it('should take the smallest size and the smallest linger', () => {
      const batchOf = (size: number, linger?: number): BatchConnection<string, string> => ({
        name: 'one',
        state$: NEVER,
        batch: { size, ...(linger === undefined ? {} : { linger }), send: () => NEVER },
      });

      expect(failover([batchOf(3, 20), batchOf(9, 10)]).batch).to.include({ size: 3, linger: 10 });
      expect(failover([batchOf(5, 20), batchOf(4)]).batch).to.include({ size: 4, linger: 0 });
    });

    it('should send a batch to the one that it holds', () => {
      scheduler.run(({ cold, expectObservable }) => {
        const batch = { size: 2, linger: 1 };
        const a = fakeConnection<string, string>('u', '-#', { name: 'a', batch });
        const b = fakeConnection<string, string>('u', '-(r|)', {
          name: 'b',
          batch,
          values: {
            r: [
              { index: 0, status: 'delivered' },
              { index: 1, status: 'delivered' },
            ] as never,
          },
        });
        const source = '  (xy|)        ';
        const expected = '-------(xy|) ';

        const result = cold(source).pipe(
          loadBalance([failover([a, b], { random: () => 0 })], { reconnectDelay }),
          map(inShort),
        );

        expectObservable(result).toBe(expected, { x: 'x2', y: 'y2' });
        scheduler.flush();
        expect(a.sent).to.deep.equal([{ frame: 0, event: ['x', 'y'], attempt: 1 }]);
        expect(b.sent).to.deep.equal([{ frame: 6, event: ['x', 'y'], attempt: 2 }]);
      });
    });
  });

  it('should be named after its connections, or as it is told, and be known by that name', () => {
    const first = (event: string): Observable<string> => of(event);
    const second = { name: 'two', state$: NEVER, send: () => NEVER };
    const anonymous = [(): Observable<string> => NEVER];

    expect(failover([first, second, ...anonymous]).name).to.equal('failover(first, two, connection 3)');
    const named = failover([first], { name: 'either' });
    expect(named.name).to.equal('either');
    const outcomes: Outcome<string>[] = [];
    of('x')
      .pipe(loadBalance([named]))
      .subscribe((outcome) => outcomes.push(outcome));
    expect(outcomes).to.deep.equal([
      { status: 'delivered', event: 'x', value: 'x', connection: 'either', attempts: 1 },
    ]);
  });

  it('should call the methods of a connection as methods', () => {
    class Place {
      readonly name = 'place';
      readonly state$ = alwaysUp$;
      readonly #answer = 'here';
      send(): Observable<string> {
        return of(this.#answer);
      }
    }
    class BatchPlace {
      readonly name = 'place';
      readonly state$ = alwaysUp$;
      readonly batch = {
        size: 1,
        answer: 'there',
        send(): Observable<[{ index: number; status: 'delivered'; value: string }]> {
          return of([{ index: 0, status: 'delivered', value: this.answer }]);
        },
      };
    }
    const values: unknown[] = [];

    for (const either of [failover([new Place()]), failover([new BatchPlace()])]) {
      of('x')
        .pipe(loadBalance([either]))
        .subscribe((outcome) => values.push((outcome as Delivered<string>).value));
    }

    expect(values).to.deep.equal(['here', 'there']);
  });

  it('should serve one subscription at a time, and say so by its name', () => {
    const either = failover([{ name: 'one', state$: NEVER, send: () => NEVER }], { name: 'either' });
    const errors: unknown[] = [];
    const error = (thrown: unknown): void => {
      errors.push(thrown);
    };

    const first = of('x')
      .pipe(loadBalance([either]))
      .subscribe();
    of('x')
      .pipe(loadBalance([either]))
      .subscribe({ error });
    first.unsubscribe();
    of('x')
      .pipe(loadBalance([either]))
      .subscribe({ error })
      .unsubscribe();

    expect(errors).to.have.length(1);
    expect(errors[0])
      .to.be.an('error')
      .with.property('message')
      .that.matches(/^connection "either" serves one subscription at a time/);
  });

  it('should tell who expected what of a bad list or config', () => {
    const single = { name: 'single', state$: NEVER, send: () => NEVER };
    const batch = { name: 'batch', state$: NEVER, batch: { size: 1, send: () => NEVER } };
    const cases: readonly (readonly [unknown, unknown, typeof TypeError | typeof RangeError, string])[] = [
      [single, {}, TypeError, '`connections` to be an array, got `[object Object]` (object)'],
      [[], {}, RangeError, '`connections` to be a list of at least one, got `` (array)'],
      [[single, 1], {}, TypeError, '`connections[1]` to be a connection or a function, got `1` (number)'],
      [[single, batch], {}, TypeError, 'batch connections only, or none, got a mix of both: single, batch'],
      [[single], null, TypeError, '`config` to be an object, got `null` (null)'],
      [[single], { name: 1 }, TypeError, '`name` to be a string, got `1` (number)'],
      [[single], { random: 0.5 }, TypeError, '`random` to be a function, got `0.5` (number)'],
    ];
    for (const [connections, config, type, message] of cases) {
      expect(() => failover(connections as Connection<string>[], config as { readonly name?: string }))
        .to.throw(type)
        .with.property('message', `failover: expected ${message}`);
    }
  });

  it('should infer the types of its events and values', () => {
    const strings = async (event: string): Promise<number> => Promise.resolve(event.length);
    const more = { name: 'more', state$: NEVER, send: (event: string | number) => of(String(event)) };
    const nothing = (): void => undefined;
    const client = { connect: nothing, close: nothing, publish: nothing, publishAll: nothing };
    const batch = syncConnection<string>(client, { batch: { size: 2 } });
    expectTypeOf(failover([strings])).toEqualTypeOf<Connection<string, number>>();
    expectTypeOf(failover([strings, more])).toEqualTypeOf<Connection<string, number | string>>();
    expectTypeOf(failover([more])).toEqualTypeOf<Connection<string | number, string>>();
    expectTypeOf(failover([batch])).toExtend<BatchConnection<string>>();
    const result = of('x').pipe(loadBalance([failover([strings, more]), failover([more])]));
    expectTypeOf(result).toEqualTypeOf<Observable<Outcome<string, number | string>>>();
    // @ts-expect-error -- one of them takes strings only
    void of(1).pipe(loadBalance([failover([strings, more])]));
    // @ts-expect-error -- batches and others do not mix
    expect(() => failover([strings, batch])).to.throw(TypeError);
  });
});
