/** Whether a function answered with a promise. */

/** Whether something comes later. */
export function isPromiseLike<V>(value: V | PromiseLike<V>): value is PromiseLike<V> {
  return typeof (value as Partial<PromiseLike<V>> | null | undefined)?.then === 'function';
}
