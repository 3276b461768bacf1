/** Places at which a function is given an object. */
import type { Kind } from './kinds.js';
import type { Place } from './place.js';

export type Call = (...args: readonly unknown[]) => unknown;

/** Calls a function as somebody without a type checker would. */
export const untyped = (called: unknown): Call => called as Call;

/** Each property of an object in turn, the others as they should be. */
export const propertiesOf = (
  who: string,
  at: string,
  good: object,
  kinds: Readonly<Record<string, Kind>>,
  put: (given: object) => unknown,
): Place[] =>
  Object.entries(kinds).map(([name, takes]) => ({
    who,
    option: `${at}${name}`,
    takes,
    put: (value) => put({ ...good, [name]: value }),
  }));
