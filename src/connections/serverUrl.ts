/** URLs of servers: read, and shown without what is secret in them; and what is secret in the headers of requests. */
import { wrongType } from '../internal/expect.js';

/** The shortest user name that is not shown, in characters. */
const shortestName = 4;

/**
 * Reads the URL of a server.
 * @param who The function that was called with it, for the error.
 * @param name The argument, for the error.
 * @param url The user's.
 * @param protocols The schemes that it may have, each with its colon.
 * @returns The URL; a new one each time.
 * @throws TypeError when it is none, or of another scheme; what may be secret in it is not shown.
 */
export function serverUrl(who: string, name: string, url: unknown, protocols: readonly string[]): URL {
  const isText = typeof url === 'string' || url instanceof URL;
  if (isText && URL.canParse(String(url))) {
    const parsed = new URL(url);
    if (protocols.includes(parsed.protocol)) {
      return parsed;
    }
  }
  const [first = '', ...others] = protocols;
  const expected = `${/^[aeiouh]/.test(first) ? 'an' : 'a'} ${[first, ...others].join(' or ')} URL`;
  throw wrongType(who, name, expected, isText ? withoutUser(String(url)) : url);
}

/** Host and port, without brackets around an IPv6 address. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}

/**
 * What must not be shown of a URL: its password, its user when that tells something, and parameters of the query
 * that are called a key, a token or the like; encoded and decoded.
 */
export function secretsOf({ username, password, search }: URL): string[] {
  const inQuery = search.slice(1).split('&').flatMap(secretsOfParameter);
  if (username === '' && password === '') {
    return inQuery;
  }
  const [user, word] = [decoded(username), decoded(password)];
  // A short name is a part of many words, and tells nobody anything.
  const names = [user, username].filter(({ length }) => length >= shortestName);
  return [`${user}:${word}`, word, password, ...names, ...inQuery];
}

/** What must not be shown of a parameter: its value as it was written, and as a server may read it. */
function secretsOfParameter(parameter: string): string[] {
  const value = parameter.replace(/^[^=]*=?/, '');
  return [...new URLSearchParams(parameter)].flatMap(([name, read]) =>
    isSecret(name) ? [value, decoded(value), decoded(value.replaceAll('+', ' ')), read] : [],
  );
}

/**
 * A URL as it may be shown: without a user, and without a query or a fragment.
 *
 * What stands before the `@` may be a password, and what stands behind the `?` or the `#` a token, also where the rest
 * is not a URL.
 */
export function withoutUser(url: string): string {
  return url.replace(/^((?:[a-z]+:)?\/+)?.*@/is, '$1…@').replace(/([?#]).*/s, '$1…');
}

/** What can be decoded of a part of a URL. */
export function decoded(part: string): string {
  return part.replace(/(%[0-9a-f]{2})+/gi, (bytes) => {
    try {
      return decodeURIComponent(bytes);
    } catch {
      return bytes;
    }
  });
}

/**
 * Whether a header or a parameter of this name is for those who are allowed something.
 * @param name Its name.
 */
function isSecret(name: string): boolean {
  return /auth|cookie|key|passw|secret|signature|token/i.test(name);
}

/** The values of headers that must not be shown; of `Bearer abc`, also the second word by itself. */
export function secretsIn(headers: Readonly<Record<string, string>>): string[] {
  return Object.entries(headers).flatMap(([name, value]) =>
    isSecret(name) ? [value, ...value.split(' ').slice(1)] : [],
  );
}
