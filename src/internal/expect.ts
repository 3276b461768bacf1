/** Checks of what users pass in: an error says who expected what, and what it got. */
import { longestDelay } from './alarm.js';

/** How much is shown of a value, in characters. */
const mostShown = 200;

function got(value: unknown): string {
  const isArray = attempt(() => Array.isArray(value), false);
  const type = value === null ? 'null' : isArray ? 'array' : typeof value;
  const shown = attempt(() => show(value), typeof value === 'function' ? 'a function' : 'an object');
  return `got \`${shown.length > mostShown ? `${shown.slice(0, mostShown)}…` : shown}\` (${type})`;
}

/** A proxy, or an object of an odd class, may throw whatever is done to it. */
function attempt<V>(look: () => V, otherwise: V): V {
  try {
    return look();
  } catch {
    return otherwise;
  }
}

function show(value: unknown): string {
  if (typeof value === 'string') {
    return JSON.stringify(value);
  }
  if (typeof value === 'function') {
    return value.name === '' ? 'a function' : `function ${value.name}`;
  }
  return String(value);
}

/**
 * An error for a value of the wrong type.
 * @param who The function that was called.
 * @param name The option.
 * @param expected What it should be.
 * @param value What it is.
 * @returns The error, to be thrown.
 */
export function wrongType(who: string, name: string, expected: string, value: unknown): TypeError {
  return new TypeError(`${who}: expected \`${name}\` to be ${expected}, ${got(value)}`);
}

/** As `wrongType`, for a value of the right type that is out of range. */
export function outOfRange(who: string, name: string, expected: string, value: unknown): RangeError {
  return new RangeError(`${who}: expected \`${name}\` to be ${expected}, ${got(value)}`);
}

/** Throws unless the value is a number for which `holds`. */
export function expectNumber(
  who: string,
  name: string,
  value: unknown,
  expected: string,
  holds: (value: number) => boolean,
): asserts value is number {
  if (typeof value !== 'number') {
    throw wrongType(who, name, expected, value);
  }
  if (!holds(value)) {
    throw outOfRange(who, name, expected, value);
  }
}

/** Throws unless the value is a time that a timer can wait. */
export function expectMilliseconds(who: string, name: string, value: unknown): asserts value is number {
  const holds = (time: number): boolean => time >= 0 && time <= longestDelay;
  expectNumber(who, name, value, `milliseconds from 0 to ${String(longestDelay)}`, holds);
}

/** Throws unless the value is a time that a timer can wait, or Infinity. */
export function expectLimit(who: string, name: string, value: unknown): asserts value is number {
  const holds = (time: number): boolean => time === Infinity || (time >= 0 && time <= longestDelay);
  expectNumber(who, name, value, `milliseconds from 0 to ${String(longestDelay)}, or Infinity`, holds);
}

/** Throws unless the value is a function. */
export function expectFunction(who: string, name: string, value: unknown): void {
  if (typeof value !== 'function') {
    throw wrongType(who, name, 'a function', value);
  }
}

/** Throws unless the value is a whole number of at least `least`, or Infinity. */
export function expectCount(
  who: string,
  name: string,
  value: unknown,
  least: 0 | 1,
): asserts value is number {
  const expected = `a ${least === 1 ? 'positive' : 'non-negative'} integer or Infinity`;
  const holds = (count: number): boolean => count >= least && (Number.isInteger(count) || count === Infinity);
  expectNumber(who, name, value, expected, holds);
}

/** Throws unless the value is an object. */
export function expectObject(who: string, name: string, value: unknown): void {
  if (typeof value !== 'object' || value === null) {
    throw wrongType(who, name, 'an object', value);
  }
}

/** Throws unless the value is an object whose `next`, `error` and `complete`, where it has them, are functions. */
export function expectObserver(who: string, name: string, value: unknown): void {
  expectObject(who, name, value);
  const { next, error, complete } = value as Record<string, unknown>;
  for (const [part, heard] of Object.entries({ next, error, complete })) {
    if (heard !== undefined) {
      expectFunction(who, `${name}.${part}`, heard);
    }
  }
}

/** Throws unless the value is a scheduler. */
export function expectScheduler(who: string, name: string, value: unknown): void {
  const { schedule, now } = (value ?? {}) as Record<string, unknown>;
  if (typeof schedule !== 'function' || typeof now !== 'function') {
    throw wrongType(who, name, 'a scheduler', value);
  }
}

/** Throws unless the value is an array. */
export function expectArray(who: string, name: string, value: unknown): void {
  if (!Array.isArray(value)) {
    throw wrongType(who, name, 'an array', value);
  }
}

/** Throws unless the value is a boolean. */
export function expectBoolean(who: string, name: string, value: unknown): void {
  if (typeof value !== 'boolean') {
    throw wrongType(who, name, 'a boolean', value);
  }
}

/** Throws unless the value can be iterated. */
export function expectIterable(who: string, name: string, value: unknown): void {
  const { [Symbol.iterator]: here, [Symbol.asyncIterator]: later } = (value ?? {}) as Record<symbol, unknown>;
  if ((typeof value !== 'object' && typeof value !== 'string') || typeof (later ?? here) !== 'function') {
    throw wrongType(who, name, 'an Iterable or an AsyncIterable', value);
  }
}

/** Throws when there is a `queue` option where nothing queues. */
export function expectNoQueue(who: string, options: object): void {
  if ('queue' in options && options.queue !== undefined) {
    throw wrongType(who, 'queue', 'absent: events are asked for when a connection is ready', options.queue);
  }
}
