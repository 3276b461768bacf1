/** Subjects: where messages are published. */
import { outOfRange, wrongType } from '../../internal/expect.js';

/** Words with a dot between them. Spaces would break the protocol, and nobody publishes to a wildcard. */
const words = /^[^\s\p{Cc}.*>]+(?:\.[^\s\p{Cc}.*>]+)*$/u;

/**
 * Throws unless a value is a subject.
 * @param who The function that was called with it, for the error.
 * @param name What it is called there.
 * @param value What it is.
 */
export function expectSubject(who: string, name: string, value: unknown): asserts value is string {
  const expected = 'a subject: words with dots between them, without spaces and wildcards';
  if (typeof value !== 'string') {
    throw wrongType(who, name, expected, value);
  }
  if (!words.test(value)) {
    throw outOfRange(who, name, expected, value);
  }
}
