/** R24 in places that are easily forgotten: parts of parts, and values that throw when they are looked into. */
import { expect } from 'chai';
import fc from 'fast-check';
import { TestScheduler } from 'rxjs/testing';
import { bulk, httpConnection, json, jsonArray, ndjson } from '../../src/connections/http.js';
import {
  deadLetter,
  eachOutcomeFrom,
  exponentialBackoff,
  loadBalance,
  LoadBalancer,
  loadBalanceFrom,
  TemporaryError,
  toConnections,
} from '../../src/index.js';
import { asyncConnection, syncConnection } from '../../src/libbeat/index.js';
import { fakeConnection } from '../../src/testing/index.js';
import { balancerPlaces, publishPlaces } from './balancerPlaces.js';
import { aDelay, aFunction, anObject, either, nothing, optional } from './kinds.js';
import { makerPlaces } from './makerPlaces.js';
import { jetStreamPlaces } from './jetStreamPlaces.js';
import { readyPlaces } from './readyPlaces.js';
import { nameOf, type Place } from './place.js';
import { expectClear, refusalOf } from './refusal.js';
import { functions, oddValues, revoked } from './values.js';

type Call = (...args: readonly unknown[]) => unknown;
const untyped = (called: unknown): Call => called as Call;
const publisher = (): { publish: Call; publishAll: Call } =>
  new LoadBalancer([]) as unknown as { publish: Call; publishAll: Call };

const places: readonly Place[] = [
  { who: 'deadLetter', option: 'sink', takes: either(aFunction, anObject), put: untyped(deadLetter) },
  { who: 'toConnections', option: 'make', takes: aFunction, put: untyped(toConnections) },
  {
    who: 'toConnections',
    option: 'key',
    takes: optional(aFunction),
    put: (key) => untyped(toConnections)(() => undefined, key),
  },
  {
    who: 'exponentialBackoff',
    option: 'config',
    takes: optional(anObject),
    put: untyped(exponentialBackoff),
  },
  {
    who: 'exponentialBackoff',
    option: 'scheduler',
    takes: optional(nothing),
    put: (scheduler) => untyped(exponentialBackoff)({ scheduler }),
  },
  {
    who: 'TemporaryError',
    option: 'options',
    takes: optional(anObject),
    put: (options) => new TemporaryError('odd', options as object),
  },
  {
    who: 'TemporaryError',
    option: 'retryAfter',
    takes: optional((value) => typeof value === 'number' && value >= 0),
    put: (retryAfter) => new TemporaryError('odd', { retryAfter } as object),
  },
  ...Object.entries({ json, jsonArray, ndjson }).flatMap(([who, format]) => [
    { who, option: 'options', takes: optional(anObject), put: untyped(format) },
    { who, option: 'read', takes: optional(aFunction), put: (read: unknown) => untyped(format)({ read }) },
  ]),
  { who: 'bulk', option: 'options', takes: optional(anObject), put: untyped(bulk) },
  {
    who: 'httpConnection',
    option: 'batch.linger',
    takes: optional(aDelay),
    put: (linger) => untyped(httpConnection)('http://127.0.0.1:1/', { batch: { size: 1, linger } }),
  },
  {
    who: 'LoadBalancer',
    option: 'options',
    takes: optional(anObject),
    put: (options) => publisher().publish('event', options),
  },
  {
    who: 'LoadBalancer',
    option: 'options',
    takes: optional(anObject),
    put: (options) => publisher().publishAll(['event'], options),
  },
  ...(['next', 'error', 'complete'] as const).map((part) => ({
    who: 'loadBalance',
    option: `monitor.${part}`,
    takes: optional(aFunction),
    put: (value: unknown) => loadBalance([], { monitor: { [part]: value } }),
  })),
  {
    who: 'loadBalanceFrom',
    option: 'source',
    takes: aFunction,
    put: (value) => untyped(loadBalanceFrom)({ [Symbol.iterator]: value }, []),
  },
  {
    who: 'eachOutcomeFrom',
    option: 'source',
    takes: aFunction,
    put: (value) => untyped(eachOutcomeFrom)({ [Symbol.asyncIterator]: value }, []),
  },
  // An AbortSignal in name only.
  {
    who: 'loadBalance',
    option: 'closeOn',
    takes: aFunction,
    put: (addEventListener) => untyped(loadBalance)([], { closeOn: { aborted: false, addEventListener } }),
  },
  {
    who: 'eachOutcomeFrom',
    option: 'signal',
    takes: aFunction,
    put: (addEventListener) =>
      untyped(eachOutcomeFrom)([], [], { signal: { aborted: false, addEventListener } }),
  },
];

describe('R24:', () => {
  for (const place of places) {
    it(`${nameOf(place)} should be refused by a clear error when it is called`, async () => {
      for (const { what, make } of [...oddValues, ...functions].filter((odd) => !place.takes(odd.make()))) {
        const error = await refusalOf(() => place.put(make()));
        expect(error, `${what} was taken`).to.not.equal(undefined);
        expectClear(error, place);
      }
    });
  }

  /** Where an object may stand, it is looked into, and what it throws then is its own. */
  const isLookedInto = ({ option }: Place): boolean =>
    /^(|options|timeout|closeOn|drainOn|signal|events|messages|monitor|scheduler|queue|connections(\[1\])?|consumer|source|config\.?|client|batch|url(\[1\])?|health|format|(deadLetter\.)?jetStream|deadLetter|tls|protocol|(.*\.)?(state\$|window))$/.test(
      option,
    );

  for (const place of [
    ...balancerPlaces,
    ...publishPlaces,
    ...makerPlaces,
    ...readyPlaces,
    ...jetStreamPlaces,
  ].filter((each) => !isLookedInto(each))) {
    it(`${nameOf(place)} should refuse a revoked Proxy as it refuses anything else`, async () => {
      const error = await refusalOf(() => place.put(revoked()));
      // Where any object will do, nobody looks.
      if (error !== undefined) {
        expectClear(error, place);
      }
    });
  }

  it('fakeConnection should refuse by a clear error states and configs that are none', () => {
    new TestScheduler(() => undefined).run(() => {
      for (const states of [undefined, null, 7, {}]) {
        expect(() => untyped(fakeConnection)(states, '(r|)')).to.throw(/^fakeConnection: expected /);
      }
      for (const config of [null, 7, 'odd']) {
        expect(() => untyped(fakeConnection)('u', '(r|)', config)).to.throw(/^fakeConnection: expected /);
      }
      for (const send of [undefined, null, 7, {}]) {
        expect(() => untyped(fakeConnection)('u', send)).to.throw(/^fakeConnection: expected /);
      }
    });
  });

  it('an error should not grow with what it got', () => {
    const long: unknown[] = [
      'x'.repeat(1_000_000),
      Array.from({ length: 1_000_000 }, () => 'abc'),
      10n ** 100_000n,
    ];
    for (const value of long) {
      expect(() => untyped(loadBalance)([], { maxAttempts: value }))
        .to.throw(TypeError)
        .with.property('message')
        .that.has.length.below(1_000);
    }
  });

  it('an error should say what it got also of a function whose name is no text', () => {
    const odd = Object.defineProperty(() => undefined, 'name', { value: Symbol('odd') });
    expect(() => untyped(loadBalance)([], { maxAttempts: odd })).to.throw(
      TypeError,
      /^loadBalance: expected `maxAttempts`/,
    );
  });

  it('batch should be read as it was checked, also where size and linger are getters', () => {
    class Batching {
      readonly #size = 2;

      get size(): number {
        return this.#size;
      }
    }
    const call = (): undefined => undefined;
    const client = { connect: call, close: call, publish: call, publishAll: call };
    expect(syncConnection(client, { batch: new Batching() }).batch.size).to.equal(2);
    expect(asyncConnection(client, { batch: new Batching() }).batch.size).to.equal(2);
    expect(httpConnection('http://127.0.0.1:1/', { batch: new Batching() }).batch.size).to.equal(2);
  });

  it('no part of a URL or path that is refused should show a token', () => {
    for (const call of [
      () => httpConnection('htp://host/in?token=hunter2'),
      () => httpConnection('http://host:x/in?api_key=hunter2'),
      () => httpConnection('http://host/', { health: 'http://other/h?token=hunter2' }),
    ]) {
      expect(call)
        .to.throw(/^httpConnection: expected /)
        .with.property('message')
        .that.not.includes('hunter2');
    }
  });

  it('any options at all should be refused or work, Sets and Maps included', () => {
    const call = (): undefined => undefined;
    const client = { connect: call, close: call, publish: call, publishAll: call };
    fc.assert(
      fc.property(fc.oneof(fc.anything({ withSet: true, withMap: true })), (batch) => {
        try {
          untyped(syncConnection)(client, { batch });
        } catch (error) {
          expect((error as Error).message).to.match(/^syncConnection: expected /);
        }
      }),
      { numRuns: 2_000, examples: [[new Set([1])]] },
    );
  });
});
