/** Of which class an error is. */

/**
 * As `instanceof`, also of something that cannot be looked into: a proxy throws what it likes.
 * @param kind The class.
 * @param error Anything that was thrown.
 */
export function isA<E extends Error>(kind: new (...args: never[]) => E, error: unknown): error is E {
  try {
    return error instanceof kind;
  } catch {
    return false;
  }
}
