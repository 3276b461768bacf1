/** Which values are legal where, written from the documentation and not from the code that checks. */

/** Tells whether a value is legal. */
export type Kind = (value: unknown) => boolean;

const longest = 2 ** 31 - 1;

/** An object of any sort; functions are none. */
export const anObject: Kind = (value) => typeof value === 'object' && value !== null;

export const aFunction: Kind = (value) => typeof value === 'function';

export const aString: Kind = (value) => typeof value === 'string';

export const aBoolean: Kind = (value) => typeof value === 'boolean';

/** Milliseconds that a timer can wait. */
export const aDelay: Kind = (value) => typeof value === 'number' && value >= 0 && value <= longest;

/** The same, or without limit. */
export const aLimit: Kind = (value) => value === Infinity || aDelay(value);

/** A whole number or Infinity, with a least one. */
export const aCount =
  (least: number): Kind =>
  (value) =>
    typeof value === 'number' && value >= least && (value % 1 === 0 || value === Infinity);

/** A number in a range. */
export const aNumber =
  (least: number, most: number): Kind =>
  (value) =>
    typeof value === 'number' && value >= least && value <= most;

export const either =
  (...kinds: readonly Kind[]): Kind =>
  (value) =>
    kinds.some((kind) => kind(value));

/** What may be left out. */
export const optional = (kind: Kind): Kind => either((value) => value === undefined, kind);

export const nothing: Kind = () => false;

/** What `for await` would take, functions aside. */
export const anIterable: Kind = (value) =>
  typeof value === 'string' ||
  (typeof value === 'object' &&
    value !== null &&
    (Symbol.iterator in value || Symbol.asyncIterator in value));

/** What RxJS's `from` takes. */
export const anObservableInput: Kind = (value) =>
  anIterable(value) ||
  value instanceof Promise ||
  (typeof value === 'object' && value !== null && 'subscribe' in value);

/** A list of functions. */
export const aListOfFunctions: Kind = (value) =>
  Array.isArray(value) && Array.from(value as unknown[]).every(aFunction);
