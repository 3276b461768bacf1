/** syncConnection: libbeat's synchronous client, partial publishes included. */
import { expect } from 'chai';
import { expectTypeOf } from 'expect-type';
import { asyncScheduler, from, map, of, type Observable } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import sinon, { type SinonFakeTimers } from 'sinon';
import {
  loadBalance,
  RejectedError,
  TemporaryError,
  type BatchConnection,
  type Connection,
  type LoadBalanceOptions,
  type Outcome,
} from '../../src/index.js';
import { syncConnection, type Published, type SyncClient } from '../../src/libbeat/index.js';

/** A client that writes down what it is asked, when, and answers from a list: in turn, then with nothing. */
class FakeClient implements SyncClient<string> {
  readonly #log: string[] = [];

  constructor(private readonly replies: (() => Published<string> | PromiseLike<Published<string>>)[] = []) {}

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

  publish(event: string): void | PromiseLike<void> {
    this.note(event);
    return this.replies.shift()?.() as void | PromiseLike<void>;
  }

  publishAll(events: readonly string[]): Published<string> | PromiseLike<Published<string>> {
    this.note(`[${events.join('')}]`);
    return this.replies.shift()?.();
  }

  protected note(what: string): void {
    this.#log.push(`${asyncScheduler.now()} ${what}`);
  }
}

/** A promise of virtual time. */
function later<V>(frames: number, value: V): PromiseLike<V> {
  const then = (fulfilled: (value: V) => void): PromiseLike<never> => {
    asyncScheduler.schedule(() => {
      fulfilled(value);
    }, frames);
    return new Promise(() => undefined);
  };
  return { then } as PromiseLike<V>;
}

function fail(error: unknown): () => never {
  return () => {
    throw error;
  };
}

/** An outcome in a few words: event, attempts, and why it was dropped. */
function inShort(outcome: Outcome<string>): string {
  const { event, attempts } = outcome;
  return outcome.status === 'delivered'
    ? `${event}${attempts}`
    : `${event}${attempts} ${outcome.reason} ${String(outcome.error)}`;
}

describe('syncConnection', () => {
  let scheduler: TestScheduler;

  beforeEach(() => {
    scheduler = new TestScheduler((actual, expected) => {
      expect(actual).to.deep.equal(expected);
    });
  });

  /** Ships events to a client. It lingers until the source ends, and so gets them all at once. */
  function ship(
    events: string,
    client: SyncClient<string>,
    options: LoadBalanceOptions<string> = {},
  ): Observable<string> {
    const collector = syncConnection(client, { timeout: 9, batch: { size: 4, linger: 1 } });
    return from(events).pipe(loadBalance([collector], { reconnectDelay: 5, ...options }), map(inShort));
  }

  it('should do what its diagram shows', () => {
    scheduler.run(({ cold, expectObservable }) => {
      const client = new FakeClient([() => later(5, ['c']), () => later(5, undefined)]);
      client.connect = () => later(2, undefined);
      const collector = syncConnection(client, { batch: { size: 3 } });
      const source = '  (abc|)           ';
      const expected = '-------(ab)-(c|) ';

      const result = cold(source).pipe(
        loadBalance([collector]),
        map(({ event }) => event),
      );

      expectObservable(result).toBe(expected);
      scheduler.flush();
      expect(client.log).to.deep.equal(['2 [abc]', '7 [c]', '12 close()']);
    });
  });

  describe('one by one', () => {
    it('should publish one event at a time, in order, and close at the end', () => {
      scheduler.run(({ cold, expectObservable }) => {
        const client = new FakeClient([() => later(3, undefined), () => later(3, undefined)]);
        const source = '  ab|     ';
        const expected = '---a--(b|)';

        const result = cold(source).pipe(
          loadBalance([syncConnection(client)]),
          map(({ event }) => event),
        );

        expectObservable(result).toBe(expected);
        scheduler.flush();
        expect(client.log).to.deep.equal(['0 connect(30000)', '0 a', '3 b', '6 close()']);
      });
    });

    it('should take a publish that returns nothing, or anything else that is no promise, as done', () => {
      const client: SyncClient<string> = {
        connect: () => undefined,
        close: () => undefined,
        publish: (() => true) as () => void,
      };
      const outcomes: Outcome<string, void>[] = [];

      of('a')
        .pipe(loadBalance([syncConnection(client, { name: 'collector' })]))
        .subscribe((outcome) => outcomes.push(outcome));

      expect(outcomes).to.deep.equal([
        { status: 'delivered', event: 'a', value: undefined, connection: 'collector', attempts: 1 },
      ]);
    });

    it('should break the connection when publish throws, and connect again after the delay', () => {
      scheduler.run(({ cold, expectObservable }) => {
        const client = new FakeClient([fail(new Error('reset'))]);
        const source = '  ab|       ';
        const expected = '-----(ba|)';

        const result = cold(source).pipe(
          loadBalance([syncConnection(client, { timeout: 7 })], { reconnectDelay: 5 }),
          map(({ event }) => event),
        );

        expectObservable(result).toBe(expected);
        scheduler.flush();
        expect(client.log).to.deep.equal([
          '0 connect(7)',
          '0 a',
          '0 close()',
          '5 connect(7)',
          '5 b',
          '5 a',
          '5 close()',
        ]);
      });
    });

    it('should only pause for a TemporaryError, and go on after a RejectedError', () => {
      scheduler.run(({ cold, expectObservable }) => {
        const client = new FakeClient([
          fail(new TemporaryError('full', { retryAfter: 3 })),
          () => undefined,
          fail(new RejectedError('bad')),
        ]);
        const source = '  (ab|)   ';
        const expected = '---(xy|)';

        const result = cold(source).pipe(loadBalance([syncConnection(client)]), map(inShort));

        expectObservable(result).toBe(expected, { x: 'b1', y: 'a2 rejected RejectedError: bad' });
        scheduler.flush();
        expect(client.log).to.deep.equal(['0 connect(30000)', '0 a', '3 b', '3 a', '3 close()']);
      });
    });
  });

  describe('what publishAll says', () => {
    it('should deliver a whole batch for nothing, and for an empty array', () => {
      for (const reply of [() => undefined, () => [], () => ({ unpublished: [], error: undefined })]) {
        scheduler.run(({ expectObservable }) => {
          const client = new FakeClient([reply]);
          const expected = '(abc|)';

          expectObservable(ship('abc', client)).toBe(expected, { a: 'a1', b: 'b1', c: 'c1' });
          scheduler.flush();
          expect(client.log).to.deep.equal(['0 connect(9)', '0 [abc]', '0 close()']);
        });
      }
    });

    it('should put back a rest without an error at once, with no attempt used', () => {
      for (const error of [undefined, null]) {
        scheduler.run(({ expectObservable }) => {
          const client = new FakeClient([() => ['b', 'c'], () => ({ unpublished: ['c'], error })]);
          const expected = '(abc|)';

          const result = ship('abc', client, { maxAttempts: 1 });

          expectObservable(result).toBe(expected, { a: 'a1', b: 'b2', c: 'c3' });
          scheduler.flush();
          expect(client.log).to.deep.equal(['0 connect(9)', '0 [abc]', '0 [bc]', '0 [c]', '0 close()']);
        });
      }
    });

    it('should not loop when nothing is published and nothing is wrong: that is a temporary failure', () => {
      scheduler.run(({ expectObservable }) => {
        const client = new FakeClient([() => ['a', 'b'], () => ['a', 'b'], () => ['a', 'b']]);
        const expected = '-----(ab|)';

        const result = ship('ab', client, { maxAttempts: 2 });

        const why = 'attempts TemporaryError: connection "syncConnection" published 0 of 2 events';
        expectObservable(result).toBe(expected, { a: `a2 ${why}`, b: `b2 ${why}` });
        scheduler.flush();
        expect(client.log).to.deep.equal(['0 connect(9)', '0 [ab]', '5 [ab]', '5 close()']);
      });
    });

    it('should not loop for guaranteed events either', () => {
      scheduler.run(({ expectObservable }) => {
        const client = new FakeClient(Array.from({ length: 9 }, () => () => ['a']));
        const expected = '-------------';
        const unsub = '   ------------!';

        expectObservable(ship('a', client, { guaranteed: true }), unsub).toBe(expected);
        scheduler.flush();
        expect(client.log).to.deep.equal(['0 connect(9)', '0 [a]', '5 [a]', '10 [a]', '12 close()']);
      });
    });

    it('should pause for a rest with a TemporaryError; the rest has used no attempt', () => {
      scheduler.run(({ expectObservable }) => {
        const error = new TemporaryError('full', { retryAfter: 6 });
        const client = new FakeClient([() => ({ unpublished: ['c', 'b'], error })]);
        const expected = 'a-----(bc|)';

        const result = ship('abc', client, { maxAttempts: 1 });

        expectObservable(result).toBe(expected, { a: 'a1', b: 'b2', c: 'c2' });
        scheduler.flush();
        expect(client.log).to.deep.equal(['0 connect(9)', '0 [abc]', '6 [bc]', '6 close()']);
      });
    });

    it('should break the connection for a rest with another error; the rest has used no attempt', () => {
      scheduler.run(({ expectObservable }) => {
        const client = new FakeClient([() => ({ unpublished: ['b'], error: new Error('reset') })]);
        const expected = '(ac)-(b|)';

        const result = ship('abc', client, { maxAttempts: 1 });

        expectObservable(result).toBe(expected, { a: 'a1', b: 'b2', c: 'c1' });
        scheduler.flush();
        expect(client.log).to.deep.equal([
          '0 connect(9)',
          '0 [abc]',
          '0 close()',
          '5 connect(9)',
          '5 [b]',
          '5 close()',
        ]);
      });
    });

    it('should drop a rest with a RejectedError, and go on', () => {
      scheduler.run(({ expectObservable }) => {
        const client = new FakeClient([() => ({ unpublished: ['b'], error: new RejectedError('bad') })]);
        const expected = '(acb|)';

        const result = ship('abc', client);

        expectObservable(result).toBe(expected, { a: 'a1', b: 'b1 rejected RejectedError: bad', c: 'c1' });
        scheduler.flush();
        expect(client.log).to.deep.equal(['0 connect(9)', '0 [abc]', '0 close()']);
      });
    });

    it('should use an attempt of each event when nothing is published, and there is an error', () => {
      const replies: (() => Published<string>)[] = [
        () => ({ unpublished: ['a', 'b'], error: new Error('reset') }),
        fail(new Error('reset')),
      ];
      for (const reply of replies) {
        scheduler.run(({ expectObservable }) => {
          const client = new FakeClient([reply]);
          const expected = '(ab|)';

          const result = ship('ab', client, { maxAttempts: 1 });

          const why = 'attempts Error: reset';
          expectObservable(result).toBe(expected, { a: `a1 ${why}`, b: `b1 ${why}` });
        });
      }
    });

    it('should deliver all when nothing is left, and still heed the error', () => {
      scheduler.run(({ cold, expectObservable }) => {
        const client = new FakeClient([
          () => ({ unpublished: [], error: new Error('goodbye') }),
          () => ({ unpublished: [], error: new TemporaryError('full', { retryAfter: 3 }) }),
        ]);
        const collector = syncConnection(client, { timeout: 9, batch: { size: 1 } });
        const source = '  (abc|)      ';
        const expected = 'a----b--(c|)';

        const result = cold(source).pipe(
          loadBalance([collector], { reconnectDelay: 5, maxAttempts: 1 }),
          map(inShort),
        );

        expectObservable(result).toBe(expected, { a: 'a1', b: 'b1', c: 'c1' });
        scheduler.flush();
        expect(client.log).to.deep.equal([
          '0 connect(9)',
          '0 [a]',
          '0 close()',
          '5 connect(9)',
          '5 [b]',
          '8 [c]',
          '8 close()',
        ]);
      });
    });

    it('should take the last ones of equal events for those that were not published', () => {
      scheduler.run(({ expectObservable }) => {
        const client = new FakeClient([() => ['a', 'a']]);
        const expected = '(abxy|)';

        expectObservable(ship('abaa', client)).toBe(expected, { a: 'a1', b: 'b1', x: 'a2', y: 'a2' });
        scheduler.flush();
        expect(client.log).to.deep.equal(['0 connect(9)', '0 [abaa]', '0 [aa]', '0 close()']);
      });
    });

    it('should find events that are not equal to themselves', () => {
      const sent: number[][] = [];
      const client: SyncClient<number> = {
        connect: () => undefined,
        close: () => undefined,
        publish: () => undefined,
        publishAll: (events) => {
          sent.push([...events]);
          return events.slice(1);
        },
      };

      of(1, NaN, 2)
        .pipe(loadBalance([syncConnection(client, { batch: { size: 3, linger: 1 } })]))
        .subscribe();

      expect(sent).to.deep.equal([[1, NaN, 2], [NaN, 2], [2]]);
    });

    it('should fail a batch by an error that names the connection when the reply makes no sense', () => {
      const replies: readonly (readonly [unknown, string])[] = [
        [['b', 'x', 'y'], 'publishAll answered with 2 events that were not in the batch'],
        [['b', 'b'], 'publishAll answered with 1 events that were not in the batch'],
        [
          1,
          'expected `events of publishAll` to be an array of those that were not published, got `1` (number)',
        ],
        [
          { unpublished: 'b', error: new Error('reset') },
          'expected `events of publishAll` to be an array of those that were not published, got `"b"` (string)',
        ],
      ];
      for (const [reply, message] of replies) {
        scheduler.run(({ expectObservable }) => {
          const client = new FakeClient([() => reply as Published<string>]);
          const expected = '(ab|)';

          const why = `attempts TypeError: connection "syncConnection": ${message}`;
          const result = ship('ab', client, { maxAttempts: 1 });

          expectObservable(result).toBe(expected, { a: `a1 ${why}`, b: `b1 ${why}` });
        });
      }
    });

    it('should take null for nothing', () => {
      scheduler.run(({ expectObservable }) => {
        const client = new FakeClient([() => null as unknown as undefined]);
        const expected = '(ab|)';

        expectObservable(ship('ab', client)).toBe(expected, { a: 'a1', b: 'b1' });
      });
    });

    it('should let a batch linger as long as it is told', () => {
      scheduler.run(({ cold, expectObservable }) => {
        const client = new FakeClient();
        const collector = syncConnection(client, { batch: { size: 9, linger: 4 } });
        const source = '  ab---c---------|';
        const expected = '----(ab)-c-----|';

        const result = cold(source).pipe(
          loadBalance([collector]),
          map(({ event }) => event),
        );

        expectObservable(result).toBe(expected);
      });
    });
  });

  describe('with promises', () => {
    let clock: SinonFakeTimers;

    beforeEach(() => {
      clock = sinon.useFakeTimers({ shouldClearNativeTimers: true });
    });

    afterEach(() => {
      clock.restore();
    });

    /** Resolves after some time. */
    function after<V>(milliseconds: number, value: V): Promise<V> {
      return new Promise((resolve) => {
        setTimeout(resolve, milliseconds, value);
      });
    }

    it('should wait for connect, publish, publishAll and their rejections', async () => {
      const client = new FakeClient([
        () => after(10, ['b']),
        () => Promise.reject(new TemporaryError('full', { retryAfter: 7 })),
        () => after(10, undefined),
      ]);
      client.connect = () => after(5, undefined);
      const seen: string[] = [];

      ship('ab', client).subscribe((outcome) => seen.push(`${Date.now()} ${outcome}`));
      await clock.tickAsync(100);

      expect(seen).to.deep.equal(['15 a1', '32 b3']);
      expect(client.log).to.deep.equal(['5 [ab]', '15 [b]', '22 [b]', '32 close()']);
    });

    it('should take single events by promise', async () => {
      const client = new FakeClient([() => after(10, undefined), () => Promise.reject(new Error('reset'))]);
      const seen: string[] = [];

      of('a', 'b')
        .pipe(loadBalance([syncConnection(client)], { maxAttempts: 1 }), map(inShort))
        .subscribe((outcome) => seen.push(`${Date.now()} ${outcome}`));
      await clock.tickAsync(100);

      expect(seen).to.deep.equal(['10 a1', '10 b1 attempts Error: reset']);
    });

    it('should try again when connect rejects or throws, without closing what was not open', async () => {
      const client = new FakeClient();
      const connects: (() => Promise<void> | undefined)[] = [
        () => Promise.reject(new Error('refused')),
        fail(new Error('no route')),
        () => undefined,
      ];
      client.connect = (timeout) => {
        FakeClient.prototype.connect.call(client, timeout);
        return connects.shift()?.();
      };

      ship('a', client).subscribe();
      await clock.tickAsync(100);

      expect(client.log).to.deep.equal([
        '0 connect(9)',
        '5 connect(9)',
        '10 connect(9)',
        '10 [a]',
        '10 close()',
      ]);
    });

    it('should not connect again before the client is closed', async () => {
      const client = new FakeClient([fail(new Error('reset'))]);
      client.close = () => {
        FakeClient.prototype.close.call(client);
        return after(50, undefined);
      };

      ship('a', client).subscribe();
      await clock.tickAsync(200);

      expect(client.log).to.deep.equal([
        '0 connect(9)',
        '0 [a]',
        '0 close()',
        '50 connect(9)',
        '50 [a]',
        '50 close()',
      ]);
    });

    it('should close a client that is given up while it connects, and ignore what connect says later', async () => {
      for (const reconnectDelay of [5, () => of(0)]) {
        const client = new FakeClient([() => after(100, undefined)]);
        const late = [
          after(60, undefined),
          after(70, undefined).then(fail(new Error('too late'))),
          after(80, undefined),
        ];
        const start = Date.now();
        client.connect = () => late.shift() ?? undefined;
        const seen: string[] = [];

        ship('a', client, { reconnectDelay, timeout: { connect: 30 } }).subscribe({
          next: (outcome) => seen.push(outcome),
        });
        await clock.tickAsync(300);

        const end = start + 180;
        expect(seen).to.deep.equal(['a1']);
        expect(client.log).to.deep.equal([
          `${start + 30} close()`,
          `${start + (reconnectDelay === 5 ? 65 : 60)} close()`,
          `${end - 100} [a]`,
          `${end} close()`,
        ]);
      }
    });

    it('should close a client once that is unsubscribed while it connects', async () => {
      const client = new FakeClient();
      client.connect = () => after(20, undefined);

      const subscription = ship('a', client).subscribe();
      await clock.tickAsync(10);
      subscription.unsubscribe();
      await clock.tickAsync(100);

      expect(client.log).to.deep.equal(['10 close()']);
      expect(clock.countTimers()).to.equal(0);
    });

    it('should ignore a publish that ends after its send was given up', async () => {
      const client = new FakeClient([() => after(50, undefined), () => after(40, undefined)]);
      const seen: string[] = [];

      ship('a', client, { timeout: { send: 45 } }).subscribe((outcome) =>
        seen.push(`${Date.now()} ${outcome}`),
      );
      await clock.tickAsync(200);

      expect(seen).to.deep.equal(['90 a2']);
    });
  });

  it('should serve one subscription at a time, and say so by its name', () => {
    const collector = syncConnection(new FakeClient([() => later(9, undefined)]), { name: 'collector' });
    let error: unknown;

    const subscription = of('a')
      .pipe(loadBalance([collector]))
      .subscribe();
    of('a')
      .pipe(loadBalance([collector]))
      .subscribe({ error: (thrown: unknown) => (error = thrown) });
    subscription.unsubscribe();

    expect(error).to.be.an('error').with.property('message').that.includes('"collector"');
  });

  it('should tell who expected what of a bad client or config', () => {
    const good = new FakeClient();
    const connect = (): void => undefined;
    const close = connect;
    const publish = connect;
    const single = { connect, close, publish };
    const cases: readonly (readonly [unknown, unknown, typeof TypeError | typeof RangeError, string])[] = [
      [undefined, {}, TypeError, '`client` to be an object, got `undefined` (undefined)'],
      [{ close, publish }, {}, TypeError, '`client.connect` to be a function, got `undefined` (undefined)'],
      [{ connect, publish }, {}, TypeError, '`client.close` to be a function, got `undefined` (undefined)'],
      [{ connect, close, publish: 1 }, {}, TypeError, '`client.publish` to be a function, got `1` (number)'],
      [good, null, TypeError, '`config` to be an object, got `null` (null)'],
      [good, { name: 1 }, TypeError, '`name` to be a string, got `1` (number)'],
      [
        good,
        { timeout: '1' },
        TypeError,
        '`timeout` to be milliseconds from 0 to 2147483647, or Infinity, got `"1"` (string)',
      ],
      [
        good,
        { timeout: -1 },
        RangeError,
        '`timeout` to be milliseconds from 0 to 2147483647, or Infinity, got `-1` (number)',
      ],
      [good, { batch: 9 }, TypeError, '`batch` to be an object, got `9` (number)'],
      [
        good,
        { batch: { size: 0 } },
        RangeError,
        '`batch.size` to be a positive integer or Infinity, got `0` (number)',
      ],
      [
        good,
        { batch: { size: 1, linger: NaN } },
        RangeError,
        '`batch.linger` to be milliseconds from 0 to 2147483647, got `NaN` (number)',
      ],
      [
        single,
        { batch: { size: 1 } },
        TypeError,
        '`client.publishAll` to be a function, as `batch` needs it, got `undefined` (undefined)',
      ],
    ];
    for (const [client, config, type, message] of cases) {
      expect(() => syncConnection(client as SyncClient<string>, config as { readonly name?: string }))
        .to.throw(type)
        .with.property('message', `syncConnection: expected ${message}`);
    }
  });

  it('should take any limit for connecting', () => {
    const client = new FakeClient();

    of('a')
      .pipe(loadBalance([syncConnection(client, { timeout: Infinity })]))
      .subscribe();

    expect(client.log[0]).to.match(/connect\(Infinity\)$/);
  });

  it('should infer the type of its events', () => {
    const strings: SyncClient<string> = new FakeClient();
    expectTypeOf(syncConnection(strings)).toEqualTypeOf<Connection<string, void>>();
    expectTypeOf(syncConnection(strings, { name: 'one' })).toEqualTypeOf<Connection<string, void>>();
    expectTypeOf(syncConnection(strings, { batch: { size: 2 } })).toEqualTypeOf<
      BatchConnection<string, void>
    >();
    const lengths = async (event: string | number): Promise<number> => Promise.resolve(String(event).length);
    const result = of('a' as const).pipe(loadBalance([syncConnection(strings), lengths]));
    // eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- it has no value
    expectTypeOf(result).toEqualTypeOf<Observable<Outcome<'a', number | void>>>();
    // @ts-expect-error -- its client takes strings
    void of(1).pipe(loadBalance([syncConnection(strings)]));
    syncConnection({
      connect: () => undefined,
      close: () => undefined,
      publish(event: Date) {
        expectTypeOf(event).toEqualTypeOf<Date>();
      },
    });
  });
});
