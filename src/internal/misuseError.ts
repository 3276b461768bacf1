/** The error of a program that uses a connection wrongly: trying again would not help. */

/** Not retried: it becomes the error of the output. */
export class MisuseError extends Error {}

/**
 * The error of a second subscription to a connection that has one client.
 * @param name The connection's.
 */
export function alreadyInUse(name: string): MisuseError {
  return new MisuseError(
    `connection "${name}" serves one subscription at a time: give loadBalance a function that makes its connections`,
  );
}
