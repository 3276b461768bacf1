/** The endpoints to ship to, as they are written on a command line. */
import type { FormatName } from './formats.js';

/** One endpoint. */
export interface Target {
  /** Unique among the targets, and without what is secret in the URL. */
  readonly name: string;
  readonly url: URL;
}

/** Whether a word of the command line is meant to be a URL, and not a file. */
export function looksLikeUrl(word: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(word);
}

/**
 * Reads the URLs.
 * @param words What was written.
 * @param format A URL without a path gets the one that its format expects.
 * @throws TypeError when one is malformed, without its user name and password.
 */
export function targetsOf(words: readonly string[], format: FormatName): Target[] {
  const names = new Map<string, number>();
  return words.map((word) => {
    const url = urlOf(word);
    if (format === 'bulk' && url.pathname === '/') {
      url.pathname = '/_bulk';
    }
    const name = `${url.origin}${url.pathname}`;
    const count = (names.get(name) ?? 0) + 1;
    names.set(name, count);
    return { name: count === 1 ? name : `${name} #${count}`, url };
  });
}

function urlOf(word: string): URL {
  // A URL without a scheme can parse, too: the scheme of `localhost:8080` is `localhost`.
  if (/^https?:\/\//i.test(word) && URL.canParse(word)) {
    return new URL(word);
  }
  throw notAUrl(word);
}

/**
 * Whether a word may be meant to be a URL that has no scheme: with a user name and password, or a host and a port.
 * @param word What was written; a file can have such a name, too.
 */
export function looksLikeHost(word: string): boolean {
  return /:.*@/s.test(word) || /^(?:[\w.-]+|\[[\da-f:.]+\]):\d+(?:[/?#]|$)/i.test(word);
}

/**
 * What is wrong with a word that is no URL, or not one of ours.
 * @param word What was written; its user name and password are not shown.
 */
export function notAUrl(word: string): TypeError {
  return new TypeError(`expected a URL with http:// or https://, got '${withoutCredentials(word)}'`);
}

/**
 * A word as it may be shown: what stands before the last @ could be somebody's password.
 * @param word What was written, a URL or not.
 */
export function withoutCredentials(word: string): string {
  return word.replace(/^([a-z][a-z0-9+.-]*:\/+)?.*@/is, '$1…@');
}
