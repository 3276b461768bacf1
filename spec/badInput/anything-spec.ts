/** Any value at all as connections, options, clients and configs: it works, or is refused at the call by a clear error (R24). */
import { expect } from 'chai';
import fc from 'fast-check';
import { EMPTY, from, NEVER, of, type Observable, type OperatorFunction } from 'rxjs';
import { bulk, httpConnection } from '../../src/connections/http.js';
import {
  connection,
  eachOutcomeFrom,
  exponentialBackoff,
  loadBalance,
  LoadBalancer,
  loadBalanceFrom,
} from '../../src/index.js';
import { asyncConnection, failover, syncConnection } from '../../src/libbeat/index.js';
import { runs } from '../properties/runs.js';
import { end } from './place.js';

type Call = (...args: readonly unknown[]) => unknown;

const untyped = (called: unknown): Call => called as Call;

/** Any value. */
const anything = fc.oneof(
  fc.anything({
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withNullPrototype: true,
    withObjectString: true,
    withSparseArray: true,
    withTypedArray: true,
    maxDepth: 2,
  }),
  fc.constantFrom<unknown>(Symbol('odd'), () => undefined, EMPTY, NaN, -1, 2 ** 31, Infinity),
);

/** An object of any of these properties, each of them likely good. */
const recordOf = (good: Readonly<Record<string, readonly unknown[]>>): fc.Arbitrary<unknown> =>
  fc.record(
    Object.fromEntries(
      Object.entries(good).map(([name, values]) => [
        name,
        fc.oneof({ arbitrary: fc.constantFrom(...values), weight: 8 }, { arbitrary: anything, weight: 1 }),
      ]),
    ),
    { requiredKeys: [] },
  );

/** The same, and sometimes anything else. */
const objectOf = (good: Readonly<Record<string, readonly unknown[]>>): fc.Arbitrary<unknown> =>
  fc.oneof({ arbitrary: anything, weight: 1 }, { arbitrary: recordOf(good), weight: 9 });

const send = (): Observable<never> => EMPTY;
const counts = [undefined, 1, 2, Infinity];
const times = [undefined, 0, 1, 1_000];
const batching = { size: counts, linger: times };

const options = objectOf({
  maxAttempts: counts,
  guaranteed: [undefined, true, false, () => true],
  timeout: [undefined, 5, Infinity, {}, { send: 5 }],
  reconnectDelay: [undefined, 0, 5, () => NEVER],
  queue: [undefined, {}, { capacity: 1 }],
  closeOn: [undefined, NEVER, EMPTY, [1]],
  drainTimeout: times,
  monitor: [undefined, {}],
  highWaterMark: counts,
});

const input = objectOf({
  name: ['place'],
  state$: [NEVER, EMPTY, of('up')],
  window: [undefined, 0, 1, of(1)],
  classify: [undefined, () => 'temporary'],
  send: [send],
  batch: [undefined, undefined, { size: 1, send }],
});

const connections = fc.oneof(
  anything,
  fc.array(fc.oneof(input, fc.constant(send)), { maxLength: 3 }),
  fc.array(input, { maxLength: 2 }).map((list) => of(list)),
  fc.array(input, { maxLength: 2 }).map((list) => () => list),
);

const client = objectOf({ connect: [send], close: [send], publish: [send], publishAll: [send] });

const clientConfig = objectOf({
  name: [undefined, 'place'],
  timeout: times,
  window: counts,
  batch: [undefined, batching],
});

const ownConfig = objectOf({
  name: ['place'],
  open: [() => 'client'],
  lost: [undefined, () => NEVER],
  close: [undefined, send],
  send: [send],
  batch: [undefined, { size: 1, send }],
});

/** Each function, with arguments for it, and what is done with what it gives. */
const calls: Readonly<Record<string, readonly [called: Call, ...args: readonly fc.Arbitrary<unknown>[]]>> = {
  loadBalance: [
    (...args) =>
      from(['a', 'b'])
        .pipe(untyped(loadBalance)(...args) as OperatorFunction<string, unknown>)
        .subscribe({ error: () => undefined }),
    connections,
    options,
  ],
  loadBalanceFrom: [
    (...args) =>
      (untyped(loadBalanceFrom)(...args) as Observable<unknown>).subscribe({ error: () => undefined }),
    fc.oneof(anything, fc.constant(['a', 'b'])),
    connections,
    options,
  ],
  eachOutcomeFrom: [untyped(eachOutcomeFrom), fc.oneof(anything, fc.constant(['a'])), connections, options],
  LoadBalancer: [
    (...args) => new LoadBalancer(...(args as unknown as [readonly [], object])),
    connections,
    options,
  ],
  connection: [untyped(connection), ownConfig],
  syncConnection: [untyped(syncConnection), client, clientConfig],
  asyncConnection: [untyped(asyncConnection), client, clientConfig],
  failover: [untyped(failover), fc.oneof(anything, fc.array(input, { maxLength: 3 })), clientConfig],
  httpConnection: [
    untyped(httpConnection),
    fc.oneof(anything, fc.webUrl(), fc.string()),
    objectOf({
      name: [undefined, 'place'],
      window: counts,
      maxResponseSize: counts,
      health: [undefined, '/', { path: '/' }],
      headers: [undefined, {}, { 'x-a': 'b' }],
      tls: [undefined, {}],
      batch: [undefined, { size: 1 }],
    }),
  ],
  bulk: [
    untyped(bulk),
    recordOf({
      action: [undefined, 'index', 'create'],
      index: [undefined, 'logs'],
      id: [undefined, String],
      routing: [undefined, String],
      document: [undefined, String],
    }),
  ],
  exponentialBackoff: [
    untyped(exponentialBackoff),
    recordOf({
      initialDelay: times,
      maxDelay: times,
      factor: [undefined, 1, 2],
      jitter: [undefined, 0, 0.5, 1],
      random: [undefined, () => 0.5],
    }),
  ],
};

describe('R24: anything at all', function () {
  this.timeout(0);

  for (const [who, [called, ...args]] of Object.entries(calls)) {
    it(`should work or be refused by ${who}`, () => {
      let refused = 0;
      let taken = 0;
      return fc
        .assert(
          fc.asyncProperty(fc.tuple(...args), async (given) => {
            try {
              await end(called(...given));
              taken++;
            } catch (error) {
              refused++;
              expect(error instanceof TypeError || error instanceof RangeError, String(error)).to.equal(true);
              const { message } = error as Error;
              expect(message.startsWith(`${who}: expected `), message).to.equal(true);
            }
          }),
          { numRuns: runs },
        )
        .then(() => {
          // A property that only ever sees the one or the other proves nothing.
          expect([refused, taken].map((count) => count > 0)).to.deep.equal([true, true]);
        });
    });
  }
});
