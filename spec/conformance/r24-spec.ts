/** Proves R24: a bad option or connection is refused when the operator is called, by an error that says everything. */
import { expect } from 'chai';
import { EMPTY, NEVER, Observable, of } from 'rxjs';
import { loadBalance, type ConnectionInput, type LoadBalanceOptions } from '../../src/index.js';

/** Calls the operator as somebody without a type checker would. */
const call = (connections: unknown, options?: unknown): unknown =>
  loadBalance(
    connections as readonly ConnectionInput<string>[],
    ...(options === undefined ? [] : [options as LoadBalanceOptions<string>]),
  );

type ErrorType = typeof TypeError | typeof RangeError;
type Case = readonly [value: unknown, type: ErrorType, got: string];

const refuses = (attempt: () => unknown, type: ErrorType, message: string): void => {
  expect(attempt).to.throw(type).with.property('message', message);
};

const notAnObject = (): never => {
  throw new Error('no');
};

const integers = 'a positive integer or Infinity';
const counts = 'a non-negative integer or Infinity';
const milliseconds = 'milliseconds from 0 to 2147483647';
const limits = `${milliseconds}, or Infinity`;

const badNumbers: readonly Case[] = [
  ['7', TypeError, '`"7"` (string)'],
  [null, TypeError, '`null` (null)'],
  [true, TypeError, '`true` (boolean)'],
  [7n, TypeError, '`7` (bigint)'],
  [{}, TypeError, '`[object Object]` (object)'],
  [[1], TypeError, '`1` (array)'],
  [NaN, RangeError, '`NaN` (number)'],
  [-1, RangeError, '`-1` (number)'],
  [-Infinity, RangeError, '`-Infinity` (number)'],
];

const badIntegers: readonly Case[] = [...badNumbers, [1.5, RangeError, '`1.5` (number)']];
const tooLong: Case = [2 ** 31, RangeError, '`2147483648` (number)'];

const badObjects: readonly Case[] = [
  [null, TypeError, '`null` (null)'],
  ['x', TypeError, '`"x"` (string)'],
  [7, TypeError, '`7` (number)'],
  [true, TypeError, '`true` (boolean)'],
];

describe('R24: what is refused when the operator is called', () => {
  it('should name the operator, the option, what was expected and what it got', () => {
    expect(() => call([], { maxAttempts: 0 }))
      .to.throw(RangeError)
      .with.property(
        'message',
        'loadBalance: expected `maxAttempts` to be a positive integer or Infinity, got `0` (number)',
      );
  });

  const options: Record<string, { readonly expected: string; readonly bad: readonly Case[] }> = {
    maxAttempts: { expected: integers, bad: [...badIntegers, [0, RangeError, '`0` (number)']] },
    guaranteed: {
      expected: 'a boolean or a function',
      bad: [
        ['yes', TypeError, '`"yes"` (string)'],
        [1, TypeError, '`1` (number)'],
        [null, TypeError, '`null` (null)'],
        [{}, TypeError, '`[object Object]` (object)'],
      ],
    },
    timeout: {
      expected: limits,
      bad: [tooLong, ...badNumbers.filter(([, type]) => type === RangeError)],
    },
    'timeout.connect': { expected: limits, bad: [tooLong, ...badNumbers] },
    'timeout.send': { expected: limits, bad: [tooLong, ...badNumbers] },
    'timeout.wait': { expected: limits, bad: [tooLong, ...badNumbers] },
    reconnectDelay: {
      expected: milliseconds,
      bad: [tooLong, [Infinity, RangeError, '`Infinity` (number)'], ...badNumbers],
    },
    queue: { expected: 'an object', bad: badObjects },
    'queue.capacity': { expected: counts, bad: badIntegers },
    drainTimeout: { expected: limits, bad: [tooLong, ...badNumbers] },
    closeOn: {
      expected: 'an ObservableInput or an AbortSignal',
      bad: [
        [null, TypeError, '`null` (null)'],
        [7, TypeError, '`7` (number)'],
        [{}, TypeError, '`[object Object]` (object)'],
        [notAnObject, TypeError, '`function notAnObject` (function)'],
      ],
    },
    monitor: {
      expected: 'an object',
      bad: [...badObjects, [notAnObject, TypeError, '`function notAnObject` (function)']],
    },
  };

  for (const [name, { expected, bad }] of Object.entries(options)) {
    describe(`the option ${name}`, () => {
      for (const [value, type, got] of bad) {
        it(`should not be ${got}`, () => {
          const [option = '', part] = name.split('.');
          const given = part === undefined ? { [option]: value } : { [option]: { [part]: value } };

          refuses(
            () => call([], given),
            type,
            `loadBalance: expected \`${name}\` to be ${expected}, got ${got}`,
          );
        });
      }
    });
  }

  describe('the options themselves', () => {
    for (const [value, type, got] of badObjects) {
      it(`should not be ${got}`, () => {
        refuses(() => call([], value), type, `loadBalance: expected \`options\` to be an object, got ${got}`);
      });
    }
  });

  describe('the option timeout, which may be a number or an object,', () => {
    for (const [value, got] of [
      [null, '`null` (null)'],
      ['7', '`"7"` (string)'],
      [true, '`true` (boolean)'],
    ] as const) {
      it(`should not be ${got}`, () => {
        refuses(
          () => call([], { timeout: value }),
          TypeError,
          `loadBalance: expected \`timeout\` to be an object, got ${got}`,
        );
      });
    }
  });

  it('should refuse an overflow policy that there is not', () => {
    for (const [value, got] of [
      ['drop', '`"drop"` (string)'],
      [null, '`null` (null)'],
    ] as const) {
      expect(() => call([], { queue: { overflow: value } }))
        .to.throw(/^loadBalance: expected `queue.overflow` to be 'drop-newest' or 'drop-oldest', got /)
        .with.property('message')
        .that.satisfies((message: string) => message.endsWith(got));
    }
  });

  it('should refuse what is no scheduler', () => {
    for (const [value, got] of [
      [null, '`null` (null)'],
      [7, '`7` (number)'],
      [{}, '`[object Object]` (object)'],
      [{ now: () => 0 }, '`[object Object]` (object)'],
      [{ schedule: () => undefined }, '`[object Object]` (object)'],
    ] as const) {
      refuses(
        () => call([], { scheduler: value }),
        TypeError,
        `loadBalance: expected \`scheduler\` to be a scheduler, got ${got}`,
      );
    }
  });

  it('should accept the limits of every option', () => {
    const longest = 2 ** 31 - 1;
    const accepted: unknown[] = [
      { maxAttempts: 1 },
      { maxAttempts: Infinity },
      { guaranteed: true },
      { guaranteed: () => false },
      { timeout: 0 },
      { timeout: longest },
      { timeout: Infinity },
      { timeout: {} },
      { timeout: { connect: 0, send: 0, wait: 0 } },
      { timeout: { connect: longest, send: longest, wait: longest } },
      { timeout: { connect: Infinity, send: Infinity, wait: Infinity } },
      { reconnectDelay: 0 },
      { reconnectDelay: longest },
      { reconnectDelay: () => EMPTY },
      { queue: {} },
      { queue: { capacity: 0 } },
      { queue: { capacity: Infinity, overflow: 'drop-oldest' } },
      { closeOn: NEVER },
      { closeOn: [1] },
      { closeOn: Promise.resolve() },
      { closeOn: new AbortController().signal },
      { drainTimeout: 0 },
      { drainTimeout: longest },
      { drainTimeout: Infinity },
      { monitor: {} },
    ];

    for (const options of accepted) {
      expect(() => call([], options)).to.not.throw();
    }
  });

  it('should take an option that is undefined as one that is absent', () => {
    const absent = {
      maxAttempts: undefined,
      guaranteed: undefined,
      timeout: undefined,
      reconnectDelay: undefined,
      queue: undefined,
      closeOn: undefined,
      drainTimeout: undefined,
      monitor: undefined,
      scheduler: undefined,
    };

    expect(() => call([], absent)).to.not.throw();
  });

  describe('the connections', () => {
    for (const [value, got] of [
      [undefined, '`undefined` (undefined)'],
      [null, '`null` (null)'],
      [7, '`7` (number)'],
      ['x', '`"x"` (string)'],
      [{}, '`[object Object]` (object)'],
      [Object.create(null), '`an object` (object)'],
      [new Set(), '`[object Set]` (object)'],
    ] as const) {
      it(`should not be ${got}`, () => {
        refuses(
          () => call(value),
          TypeError,
          `loadBalance: expected \`connections\` to be an array, an Observable of arrays, or a function, got ${got}`,
        );
      });
    }

    it('should have no holes', () => {
      const list = new Array<unknown>(3);
      list[0] = list[2] = () => EMPTY;

      refuses(
        () => call(list),
        TypeError,
        'loadBalance: expected `connections[1]` to be a connection or a function, got `undefined` (undefined)',
      );
    });

    for (const [value, got] of [
      [null, '`null` (null)'],
      [7, '`7` (number)'],
      ['x', '`"x"` (string)'],
    ] as const) {
      it(`should not contain ${got}`, () => {
        refuses(
          () => call([() => EMPTY, value]),
          TypeError,
          `loadBalance: expected \`connections[1]\` to be a connection or a function, got ${got}`,
        );
      });
    }

    it('should fail the subscription when a function or a stream gives bad ones, which nobody can know before', () => {
      const failures: unknown[] = [];
      const operators = [loadBalance(() => [null as never]), loadBalance(of([null as never]))];
      for (const operator of operators) {
        of('a')
          .pipe(operator)
          .subscribe({ error: (error: unknown) => failures.push(error) });
      }

      expect(failures.map(String)).to.deep.equal([
        'TypeError: loadBalance: expected `connections[0]` to be a connection or a function, got `null` (null)',
        'TypeError: loadBalance: expected `connections[0]` to be a connection or a function, got `null` (null)',
      ]);
    });

    it('should be accepted as a list, empty or not, a stream of lists, or a function', () => {
      for (const connections of [[], [() => EMPTY], of([]), NEVER, () => [], () => NEVER]) {
        expect(() => call(connections)).to.not.throw();
      }
    });
  });

  const send = (): Observable<never> => EMPTY;
  const good = { name: 'x', state$: NEVER, send };
  const batch = { size: 1, send };
  const bulk = { name: 'x', state$: NEVER, batch };
  const missing: Case = [undefined, TypeError, '`undefined` (undefined)'];
  const noFunctions: readonly Case[] = [
    [null, TypeError, '`null` (null)'],
    ['x', TypeError, '`"x"` (string)'],
    [{}, TypeError, '`[object Object]` (object)'],
  ];

  interface Part {
    readonly part: string;
    readonly expected: string;
    readonly bad: readonly Case[];
    readonly with: (value: unknown) => unknown;
  }

  const parts: readonly Part[] = [
    {
      part: 'name',
      expected: 'a string',
      bad: [missing, [null, TypeError, '`null` (null)'], [7, TypeError, '`7` (number)']],
      with: (name) => ({ ...good, name }),
    },
    {
      part: 'state$',
      expected: 'an Observable',
      bad: [
        missing,
        [null, TypeError, '`null` (null)'],
        ['up', TypeError, '`"up"` (string)'],
        [['up'], TypeError, '`up` (array)'],
      ],
      with: (state$) => ({ ...good, state$ }),
    },
    { part: 'window', expected: counts, bad: badIntegers, with: (window) => ({ ...good, window }) },
    {
      part: 'classify',
      expected: 'a function',
      bad: noFunctions,
      with: (classify) => ({ ...good, classify }),
    },
    {
      part: 'send',
      expected: 'a function',
      bad: [missing, ...noFunctions],
      with: (value) => ({ ...good, send: value }),
    },
    {
      part: 'send',
      expected: 'absent beside `batch`',
      bad: [[send, TypeError, '`function send` (function)']],
      with: (value) => ({ ...bulk, send: value }),
    },
    { part: 'batch', expected: 'an object', bad: badObjects, with: (value) => ({ ...bulk, batch: value }) },
    {
      part: 'batch.size',
      expected: integers,
      bad: [missing, [0, RangeError, '`0` (number)'], ...badIntegers],
      with: (size) => ({ ...bulk, batch: { ...batch, size } }),
    },
    {
      part: 'batch.linger',
      expected: milliseconds,
      bad: [tooLong, [Infinity, RangeError, '`Infinity` (number)'], ...badNumbers],
      with: (linger) => ({ ...bulk, batch: { ...batch, linger } }),
    },
    {
      part: 'batch.send',
      expected: 'a function',
      bad: [missing, ...noFunctions],
      with: (value) => ({ ...bulk, batch: { ...batch, send: value } }),
    },
    {
      part: 'window beside batch',
      expected: counts,
      bad: [[-1, RangeError, '`-1` (number)']],
      with: (window) => ({ ...bulk, window }),
    },
  ];

  for (const { part, expected, bad, with: connectionWith } of parts) {
    describe(`the part ${part}, expected to be ${expected},`, () => {
      const [name = ''] = part.split(' ');
      for (const [value, type, got] of bad) {
        it(`should not be ${got}`, () => {
          refuses(
            () => call([good, connectionWith(value)]),
            type,
            `loadBalance: expected \`connections[1].${name}\` to be ${expected}, got ${got}`,
          );
        });
      }
    });
  }

  it('should accept every part of a connection at its limits', () => {
    for (const accepted of [
      good,
      bulk,
      { ...good, window: 0 },
      { ...good, window: Infinity },
      { ...good, window: of(1) },
      { ...good, name: '' },
      { ...good, batch: undefined },
      { ...bulk, send: undefined },
      { ...bulk, batch: { ...batch, size: Infinity, linger: 0 } },
      { ...bulk, batch: { ...batch, linger: 2 ** 31 - 1 } },
      send,
    ]) {
      expect(() => call([accepted])).to.not.throw();
    }
  });

  it('should open nothing and subscribe to nothing before there is a subscription', () => {
    let subscriptions = 0;
    const counting = new Observable<never>(() => {
      subscriptions++;
    });

    const connections = [{ ...good, state$: counting, window: counting }];
    const piped$ = counting.pipe(loadBalance(connections, { closeOn: counting }));
    expect(subscriptions).to.equal(0);

    piped$.subscribe().unsubscribe();
    expect(subscriptions).to.equal(4);
  });
});
