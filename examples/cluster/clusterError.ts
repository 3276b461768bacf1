/** What a person has to know, on one line. */

/** It cannot go on. */
export class ClusterError extends Error {
  override readonly name = 'ClusterError';

  /**
   * @param message What is wrong.
   * @param exitCode 2 where something is missing or the command line is wrong.
   */
  constructor(
    message: string,
    readonly exitCode: 1 | 2 = 1,
  ) {
    super(message);
  }
}
