/** asyncConnection: libbeat's asynchronous client, and every way in which a callback can go wrong. */
import { expect } from 'chai';
import { expectTypeOf } from 'expect-type';
import { asyncScheduler, from, map, of, type Observable } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import {
  loadBalance,
  TemporaryError,
  type BatchConnection,
  type Connection,
  type LoadBalanceOptions,
  type Outcome,
} from '../../src/index.js';
import { asyncConnection, type AsyncClient } from '../../src/libbeat/index.js';

type Done = (error?: unknown, unpublished?: readonly string[]) => void;

/** What a client does with a callback. */
type Deed = (done: Done) => void;

/** A client that writes down what it is asked, when, and does what a list says: in turn, then calls back. */
class FakeClient implements AsyncClient<string> {
  readonly #log: string[] = [];

  constructor(private readonly deeds: Deed[] = []) {}

  /** What was asked, in order. */
  get log(): readonly string[] {
    return this.#log;
  }

  connect(timeout: number): void | PromiseLike<void> {
    this.note(`connect(${timeout})`);
  }

  close(): void | PromiseLike<void> {
    this.note('close()');
  }

  publish(event: string, done: (error?: unknown) => void): void {
    this.note(event);
    this.next()(done);
  }

  publishAll(events: readonly string[], done: Done): void {
    this.note(`[${events.join('')}]`);
    this.next()(done);
  }

  private next(): Deed {
    return this.deeds.shift() ?? answer();
  }

  private note(what: string): void {
    this.#log.push(`${asyncScheduler.now()} ${what}`);
  }
}

/** Calls back at once. */
function answer(error?: unknown, unpublished?: readonly string[]): Deed {
  return (done) => {
    done(error, unpublished);
  };
}

/** Does something after some time. */
function after(frames: number, deed: Deed = answer()): Deed {
  return (done) => {
    asyncScheduler.schedule(() => {
      deed(done);
    }, frames);
  };
}

/** Does several things. */
function all(...deeds: Deed[]): Deed {
  return (done) => {
    for (const deed of deeds) {
      deed(done);
    }
  };
}

/** A promise of virtual time. */
function later(frames: number): PromiseLike<void> {
  const then = (fulfilled: () => void): PromiseLike<never> => {
    asyncScheduler.schedule(fulfilled, frames);
    return new Promise(() => undefined);
  };
  return { then } as PromiseLike<void>;
}

function fail(message: string): Deed {
  return () => {
    throw new Error(message);
  };
}

/** An outcome in a few words: event, attempts, and why it was dropped. */
function inShort(outcome: Outcome<string>): string {
  const { event, attempts } = outcome;
  return outcome.status === 'delivered'
    ? `${event}${attempts}`
    : `${event}${attempts} ${outcome.reason} ${String(outcome.error)}`;
}

describe('asyncConnection', () => {
  let scheduler: TestScheduler;

  beforeEach(() => {
    scheduler = new TestScheduler((actual, expected) => {
      expect(actual).to.deep.equal(expected);
    });
  });

  it('should do what its diagram shows', () => {
    scheduler.run(({ cold, expectObservable }) => {
      const client = new FakeClient([after(3), after(5), after(6)]);
      client.connect = () => later(2);
      const source = '  (abc|)          ';
      const expected = '-----a-b---(c|) ';

      const result = cold(source).pipe(
        loadBalance([asyncConnection(client, { window: 2 })]),
        map(({ event }) => event),
      );

      expectObservable(result).toBe(expected);
      scheduler.flush();
      expect(client.log).to.deep.equal(['2 a', '2 b', '5 c', '11 close()']);
    });
  });

  describe('one by one', () => {
    /** Ships events to a client. */
    function ship(
      events: string,
      client: AsyncClient<string>,
      options: LoadBalanceOptions<string> = {},
    ): Observable<string> {
      const collector = asyncConnection(client, { timeout: 9 });
      return from(events).pipe(loadBalance([collector], { reconnectDelay: 5, ...options }), map(inShort));
    }

    it('should take a callback without an error, or with null, as delivered, also before publish returns', () => {
      scheduler.run(({ expectObservable }) => {
        const client = new FakeClient([answer(), answer(undefined), answer(null)]);
        const expected = '(abc|)';

        expectObservable(ship('abc', client)).toBe(expected, { a: 'a1', b: 'b1', c: 'c1' });
        scheduler.flush();
        expect(client.log).to.deep.equal(['0 connect(9)', '0 a', '0 b', '0 c', '0 close()']);
      });
    });

    it('should have a window of 1 unless told otherwise', () => {
      scheduler.run(({ expectObservable }) => {
        const client = new FakeClient([after(2), after(2)]);
        const expected = '--a-(b|)';

        expectObservable(ship('ab', client)).toBe(expected, { a: 'a1', b: 'b1' });
      });
    });

    it('should take a stream of numbers for a window', () => {
      scheduler.run(({ cold, expectObservable }) => {
        const client = new FakeClient([after(4), after(4), after(4)]);
        const window = cold('0-2      ', { 0: 0, 2: 2 });
        const source = '     (abc|)   ';
        const expected = '   ------(ab)(c|)';

        const result = cold(source).pipe(loadBalance([asyncConnection(client, { window })]), map(inShort));

        expectObservable(result).toBe(expected, { a: 'a1', b: 'b1', c: 'c1' });
      });
    });

    it('should break the connection by the error of a callback, and connect again after the delay', () => {
      scheduler.run(({ expectObservable }) => {
        const client = new FakeClient([after(1, answer(new Error('reset')))]);
        const expected = '------(a|)';

        expectObservable(ship('a', client)).toBe(expected, { a: 'a2' });
        scheduler.flush();
        expect(client.log).to.deep.equal([
          '0 connect(9)',
          '0 a',
          '1 close()',
          '6 connect(9)',
          '6 a',
          '6 close()',
        ]);
      });
    });

    it('should take any value but undefined and null for an error', () => {
      for (const error of [0, false, '', 'reset']) {
        scheduler.run(({ expectObservable }) => {
          const client = new FakeClient([answer(error)]);
          const expected = '(a|)';

          const result = ship('a', client, { maxAttempts: 1 });

          expectObservable(result).toBe(expected, { a: `a1 attempts ${String(error)}` });
        });
      }
    });

    it('should ignore a second callback, whatever it says', () => {
      scheduler.run(({ expectObservable }) => {
        const client = new FakeClient([
          all(answer(), answer(new Error('changed its mind'))),
          all(after(1), after(2, answer(new Error('changed its mind')))),
          after(4),
        ]);
        const expected = 'ab---(c|)';

        expectObservable(ship('abc', client)).toBe(expected, { a: 'a1', b: 'b1', c: 'c1' });
        scheduler.flush();
        expect(client.log).to.deep.equal(['0 connect(9)', '0 a', '0 b', '1 c', '5 close()']);
      });
    });

    it('should not deliver after an error', () => {
      scheduler.run(({ expectObservable }) => {
        const client = new FakeClient([all(answer(new TemporaryError('full', { retryAfter: 3 })), answer())]);
        const expected = '---(a|)';

        expectObservable(ship('a', client)).toBe(expected, { a: 'a2' });
      });
    });

    it('should ignore a callback that comes after the send was given up', () => {
      scheduler.run(({ expectObservable }) => {
        const client = new FakeClient([after(11), after(10, answer(new Error('too late'))), after(3)]);
        const expected = '---------------------(a|)';

        const result = ship('a', client, { timeout: { send: 4 }, maxAttempts: 3 });

        expectObservable(result).toBe(expected, { a: 'a3' });
        scheduler.flush();
        expect(client.log).to.deep.equal([
          '0 connect(9)',
          '0 a',
          '4 close()',
          '9 connect(9)',
          '9 a',
          '13 close()',
          '18 connect(9)',
          '18 a',
          '21 close()',
        ]);
      });
    });

    it('should fail an attempt whose callback never comes, by the timeout of the balancer', () => {
      scheduler.run(({ expectObservable }) => {
        const client = new FakeClient([() => undefined]);
        const expected = '----(a|)';

        const result = ship('a', client, { timeout: { send: 4 }, maxAttempts: 1 });

        const why = 'TimeoutError: connection "asyncConnection": a send took longer than 4 ms';
        expectObservable(result).toBe(expected, { a: `a1 attempts ${why}` });
      });
    });

    it('should ignore callbacks after unsubscription', () => {
      scheduler.run(({ expectObservable }) => {
        const client = new FakeClient([after(4), after(5, answer(new Error('reset')))]);
        const expected = '----';
        const unsub = '   --!';

        const collector = asyncConnection(client, { window: 2 });
        expectObservable(from('ab').pipe(loadBalance([collector])), unsub).toBe(expected);
        scheduler.flush();
        expect(client.log).to.deep.equal(['0 connect(30000)', '0 a', '0 b', '2 close()']);
      });
    });

    it('should fail an attempt by what publish throws instead of calling back', () => {
      scheduler.run(({ expectObservable }) => {
        const client = new FakeClient([fail('not a socket')]);
        const expected = '(a|)';

        const result = ship('a', client, { maxAttempts: 1 });

        expectObservable(result).toBe(expected, { a: 'a1 attempts Error: not a socket' });
      });
    });

    it('should ignore what publish throws after calling back', () => {
      scheduler.run(({ expectObservable }) => {
        const client = new FakeClient([all(answer(), fail('too late'))]);
        const expected = '(a|)';

        expectObservable(ship('a', client)).toBe(expected, { a: 'a1' });
      });
    });

    it('should ignore a callback after a throw', () => {
      scheduler.run(({ expectObservable }) => {
        const client = new FakeClient([all(after(1), fail('reset'))]);
        const expected = '-----(a|)';

        expectObservable(ship('a', client)).toBe(expected, { a: 'a2' });
      });
    });
  });

  describe('in batches', () => {
    /** Ships events to a client. It lingers until the source ends, and so gets them all at once. */
    function ship(
      events: string,
      client: AsyncClient<string>,
      options: LoadBalanceOptions<string> = {},
    ): Observable<string> {
      const collector = asyncConnection(client, { timeout: 9, batch: { size: 4, linger: 1 } });
      return from(events).pipe(loadBalance([collector], { reconnectDelay: 5, ...options }), map(inShort));
    }

    it('should deliver a whole batch when nothing is left', () => {
      for (const deed of [answer(), answer(null), answer(undefined, []), after(0, answer(null, []))]) {
        scheduler.run(({ expectObservable }) => {
          const client = new FakeClient([deed]);
          const expected = '(abc|)';

          expectObservable(ship('abc', client)).toBe(expected, { a: 'a1', b: 'b1', c: 'c1' });
          scheduler.flush();
          expect(client.log).to.deep.equal(['0 connect(9)', '0 [abc]', '0 close()']);
        });
      }
    });

    it('should put back a rest without an error at once, with no attempt used', () => {
      scheduler.run(({ expectObservable }) => {
        const client = new FakeClient([after(2, answer(undefined, ['b'])), after(2)]);
        const expected = '--a-(b|)';

        const result = ship('ab', client, { maxAttempts: 1 });

        expectObservable(result).toBe(expected, { a: 'a1', b: 'b2' });
      });
    });

    it('should not loop when nothing is published and nothing is wrong', () => {
      scheduler.run(({ expectObservable }) => {
        const client = new FakeClient([answer(null, ['a']), answer(null, ['a'])]);
        const expected = '-----(a|)';

        const result = ship('a', client, { maxAttempts: 2 });

        const why = 'attempts TemporaryError: connection "asyncConnection" published 0 of 1 events';
        expectObservable(result).toBe(expected, { a: `a2 ${why}` });
      });
    });

    it('should pause for a rest with a TemporaryError; the rest has used no attempt', () => {
      scheduler.run(({ expectObservable }) => {
        const error = new TemporaryError('full', { retryAfter: 6 });
        const client = new FakeClient([answer(error, ['b'])]);
        const expected = 'a-----(b|)';

        const result = ship('ab', client, { maxAttempts: 1 });

        expectObservable(result).toBe(expected, { a: 'a1', b: 'b2' });
        scheduler.flush();
        expect(client.log).to.deep.equal(['0 connect(9)', '0 [ab]', '6 [b]', '6 close()']);
      });
    });

    it('should break the connection for a rest with another error; the rest has used no attempt', () => {
      scheduler.run(({ expectObservable }) => {
        const client = new FakeClient([answer(new Error('reset'), ['b'])]);
        const expected = 'a----(b|)';

        const result = ship('ab', client, { maxAttempts: 1 });

        expectObservable(result).toBe(expected, { a: 'a1', b: 'b2' });
        scheduler.flush();
        expect(client.log).to.deep.equal([
          '0 connect(9)',
          '0 [ab]',
          '0 close()',
          '5 connect(9)',
          '5 [b]',
          '5 close()',
        ]);
      });
    });

    it('should take an error without a list as nothing published, and with an empty one as all', () => {
      scheduler.run(({ expectObservable }) => {
        const client = new FakeClient([answer(new Error('reset'))]);
        const expected = '(ab|)';

        const result = ship('ab', client, { maxAttempts: 1 });

        const why = 'attempts Error: reset';
        expectObservable(result).toBe(expected, { a: `a1 ${why}`, b: `b1 ${why}` });
      });
      scheduler.run(({ expectObservable }) => {
        const client = new FakeClient([answer(new Error('goodbye'), [])]);
        const expected = '(ab|)';

        const result = ship('ab', client, { maxAttempts: 1 });

        expectObservable(result).toBe(expected, { a: 'a1', b: 'b1' });
      });
    });

    it('should ignore a second callback, and one that comes too late, even if they make no sense', () => {
      scheduler.run(({ expectObservable }) => {
        const client = new FakeClient([
          all(answer(null, ['b']), answer(null, ['x'])),
          after(8, answer(null, ['x'])),
          after(3),
        ]);
        const expected = 'a-----------(b|)';

        const result = ship('ab', client, { timeout: { send: 4 } });

        expectObservable(result).toBe(expected, { a: 'a1', b: 'b3' });
      });
    });

    it('should fail a batch by an error that names the connection, and not throw at the client', () => {
      const replies: readonly (readonly [unknown, string])[] = [
        [['b', 'x'], 'publishAll answered with 1 events that were not in the batch'],
        [
          'b',
          'expected `events of publishAll` to be an array of those that were not published, got `"b"` (string)',
        ],
      ];
      for (const [reply, message] of replies) {
        scheduler.run(({ expectObservable }) => {
          const client = new FakeClient([
            (done) => {
              expect(() => {
                done(null, reply as string[]);
              }).not.to.throw();
            },
          ]);
          const expected = '(ab|)';

          const result = ship('ab', client, { maxAttempts: 1 });

          const why = `attempts TypeError: connection "asyncConnection": ${message}`;
          expectObservable(result).toBe(expected, { a: `a1 ${why}`, b: `b1 ${why}` });
        });
      }
    });

    it('should fail a batch by what publishAll throws instead of calling back', () => {
      scheduler.run(({ expectObservable }) => {
        const client = new FakeClient([fail('not a socket')]);
        const expected = '(ab|)';

        const result = ship('ab', client, { maxAttempts: 1 });

        const why = 'attempts Error: not a socket';
        expectObservable(result).toBe(expected, { a: `a1 ${why}`, b: `b1 ${why}` });
      });
    });

    it('should have several batches on their way', () => {
      scheduler.run(({ expectObservable }) => {
        const client = new FakeClient([after(4), after(2)]);
        const collector = asyncConnection(client, { window: 2, batch: { size: 2, linger: 1 } });
        const expected = '--c-(ab|)';

        const result = from('abc').pipe(
          loadBalance([collector]),
          map(({ event }) => event),
        );

        expectObservable(result).toBe(expected);
        scheduler.flush();
        expect(client.log).to.deep.equal(['0 connect(30000)', '0 [ab]', '0 [c]', '4 close()']);
      });
    });
  });

  it('should tell who expected what of a bad client or config', () => {
    const nothing = (): void => undefined;
    const single = { connect: nothing, close: nothing, publish: nothing };
    const cases: readonly (readonly [unknown, object, typeof TypeError | typeof RangeError, string])[] = [
      [1, {}, TypeError, '`client` to be an object, got `1` (number)'],
      [single, { name: 1 }, TypeError, '`name` to be a string, got `1` (number)'],
      [
        single,
        { window: '1' },
        TypeError,
        '`window` to be a non-negative integer or Infinity, got `"1"` (string)',
      ],
      [
        single,
        { window: -1 },
        RangeError,
        '`window` to be a non-negative integer or Infinity, got `-1` (number)',
      ],
      [
        single,
        { batch: { size: 1 } },
        TypeError,
        '`client.publishAll` to be a function, as `batch` needs it, got `undefined` (undefined)',
      ],
    ];
    for (const [client, config, type, message] of cases) {
      expect(() => asyncConnection(client as AsyncClient<string>, config as { readonly name?: string }))
        .to.throw(type)
        .with.property('message', `asyncConnection: expected ${message}`);
    }
  });

  it('should infer the type of its events', () => {
    const strings: AsyncClient<string> = new FakeClient();
    expectTypeOf(asyncConnection(strings)).toEqualTypeOf<Connection<string, void>>();
    expectTypeOf(asyncConnection(strings, { window: of(2) })).toEqualTypeOf<Connection<string, void>>();
    expectTypeOf(asyncConnection(strings, { window: 2, batch: { size: 2 } })).toEqualTypeOf<
      BatchConnection<string, void>
    >();
    const result = of('a').pipe(loadBalance([asyncConnection(strings)]));
    expectTypeOf(result).toEqualTypeOf<Observable<Outcome<string, void>>>();
    // @ts-expect-error -- its client takes strings
    void of(1).pipe(loadBalance([asyncConnection(strings)]));
    asyncConnection({
      connect: () => undefined,
      close: () => undefined,
      publish(event: Date, done) {
        expectTypeOf(event).toEqualTypeOf<Date>();
        expectTypeOf(done).toEqualTypeOf<(error?: unknown) => void>();
      },
    });
  });
});
