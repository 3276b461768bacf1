/** What is wrong with a file that somebody named. */
import { errorText } from './errorText.js';

/** A file, or standard input or output, cannot be read or written. */
export class FileError extends Error {
  override readonly name = 'FileError';
}

/**
 * Makes the error.
 * @param deed What cannot be done.
 * @param name The file.
 * @param error Why.
 */
export function fileError(deed: 'read' | 'write', name: string, error: unknown): FileError {
  return new FileError(`cannot ${deed} ${name}: ${errorText(error)}`, { cause: error });
}
