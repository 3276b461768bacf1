/** The error of a program that uses a connection wrongly: trying again would not help. */

/** Not retried: it becomes the error of the output. */
export class MisuseError extends Error {}
