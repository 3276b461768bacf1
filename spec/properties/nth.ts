/** Plans are short lists that are gone through over and over again. */

/**
 * The n-th of a list, from 0, which begins again at its end.
 * @param list The list.
 * @param n Which one.
 * @returns It.
 * @throws RangeError for an empty list.
 */
export function nth<V>(list: readonly V[], n: number): V {
  for (const item of list.slice(n % list.length)) {
    return item;
  }
  throw new RangeError('expected a list that is not empty');
}
