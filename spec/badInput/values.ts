/** Values that a program without a type checker could pass in: of every type, at every limit, and some with a will of their own. */

/** One of them. */
export interface OddValue {
  /** What it is called in the name of a test. */
  readonly what: string;
  /** Makes it, a new one each time. */
  readonly make: () => unknown;
}

/** What a value throws that is looked into. */
export class OwnError extends Error {}

const refuse = (): never => {
  throw new OwnError('leave me alone');
};

/** Values that can be looked at without harm. */
export const oddValues: readonly OddValue[] = [
  { what: 'undefined', make: () => undefined },
  { what: 'null', make: () => null },
  { what: 'true', make: () => true },
  { what: 'false', make: () => false },
  { what: 'NaN', make: () => NaN },
  { what: '0', make: () => 0 },
  { what: '-0', make: () => -0 },
  { what: '-1', make: () => -1 },
  { what: '0.5', make: () => 0.5 },
  { what: '1', make: () => 1 },
  { what: '2 ** 31 - 1', make: () => 2 ** 31 - 1 },
  { what: '2 ** 31', make: () => 2 ** 31 },
  { what: '1e99', make: () => 1e99 },
  { what: 'Infinity', make: () => Infinity },
  { what: '-Infinity', make: () => -Infinity },
  { what: 'a bigint', make: () => 1n },
  { what: 'a symbol', make: () => Symbol('odd') },
  { what: 'an empty string', make: () => '' },
  { what: 'a number in a string', make: () => '1' },
  { what: 'a word', make: () => 'soon' },
  { what: 'an object', make: () => ({}) },
  { what: 'an object without a prototype', make: () => Object.create(null) as unknown },
  { what: 'a frozen object', make: () => Object.freeze({ odd: true }) },
  { what: 'an empty array', make: () => [] },
  { what: 'an array of undefined', make: () => [undefined] },
  { what: 'an array of numbers', make: () => [1, 2] },
  { what: 'a sparse array', make: () => new Array<unknown>(3) },
  {
    what: 'an array that contains itself',
    make: () => ((array) => array.concat([array]))([[]] as unknown[]),
  },
  { what: 'bytes', make: () => new Uint8Array(2) },
  { what: 'an empty Set', make: () => new Set() },
  { what: 'a Date', make: () => new Date(0) },
  { what: 'an invalid Date', make: () => new Date(NaN) },
  { what: 'a RegExp', make: () => /odd/ },
  { what: 'an Error', make: () => new Error('odd') },
  { what: 'a boxed number', make: () => Object(1) as unknown },
  { what: 'a boxed string', make: () => Object('odd') as unknown },
  { what: 'a promise', make: () => Promise.resolve([]) },
  { what: 'an object that is no text', make: () => ({ toString: () => ({}), valueOf: () => ({}) }) },
  { what: 'an object whose toString throws', make: () => ({ toString: refuse }) },
  { what: 'an object whose conversion throws', make: () => ({ [Symbol.toPrimitive]: refuse }) },
  { what: 'an array whose toString throws', make: () => Object.assign([1], { toString: refuse }) },
];

/** Objects that throw when a property is read. What they throw is theirs, and may be passed on. */
export const closedObjects: readonly OddValue[] = [
  { what: 'an object whose getters throw', make: () => new Proxy({}, { get: refuse }) },
  { what: 'an array whose getters throw', make: () => new Proxy([1], { get: refuse }) },
  { what: 'an object that throws whatever is asked', make: () => new Proxy({}, throwingTraps()) },
];

/** Functions, and what looks like one. */
export const functions: readonly OddValue[] = [
  { what: 'a function', make: () => () => undefined },
  { what: 'a class', make: () => class extends Array<unknown> {} },
  { what: 'a generator function', make: () => oddly },
];

function* oddly(): Generator<number> {
  yield 1;
}

/** A Proxy that is good for nothing any more. */
export function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

function throwingTraps(): ProxyHandler<object> {
  return {
    get: refuse,
    has: refuse,
    ownKeys: refuse,
    getPrototypeOf: refuse,
    getOwnPropertyDescriptor: refuse,
  };
}
