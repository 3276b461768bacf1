/** Where requests go: a URL taken apart. */
import { wrongType } from '../../internal/expect.js';

/** The shortest user name that is not shown, in characters. */
const shortestName = 4;

/** The place that an `httpConnection` sends to. */
export class Endpoint {
  /** Scheme, host and port. */
  readonly origin: string;
  /** Origin and path: what it is called when nobody names it. Credentials and query may be secrets. */
  readonly name: string;
  /** Path and query, as in the first line of a request. */
  readonly path: string;
  readonly protocol: string;
  /** Without the brackets of an IPv6 address. */
  readonly hostname: string;
  /** Empty where it is the scheme's own. */
  readonly port: string;
  /** The value of the Authorization header that the URL's user name and password make. */
  readonly authorization: string | undefined;
  /** What of it must not be shown. */
  readonly secrets: readonly string[];

  /**
   * @param who The function that was called, for the error.
   * @param url The user's.
   * @throws TypeError when it is no http: or https: URL.
   */
  constructor(who: string, url: string | URL) {
    const parsed = parse(url);
    if (parsed === undefined) {
      const shown =
        typeof url === 'string' || (url as unknown) instanceof URL ? withoutUser(String(url)) : url;
      throw wrongType(who, 'url', 'an http: or https: URL', shown);
    }
    this.origin = parsed.origin;
    this.name = parsed.origin + parsed.pathname;
    this.path = parsed.pathname + parsed.search;
    this.protocol = parsed.protocol;
    this.hostname = parsed.hostname.replace(/^\[|\]$/g, '');
    this.port = parsed.port;
    const { username, password } = parsed;
    const inQuery = [...parsed.searchParams].flatMap(([name, value]) => (isSecret(name) ? [value] : []));
    if (username === '' && password === '') {
      this.secrets = inQuery;
    } else {
      const [user, word] = [decoded(username), decoded(password)];
      const token = Buffer.from(`${user}:${word}`).toString('base64');
      this.authorization = `Basic ${token}`;
      // A short name is a part of many words, and tells nobody anything.
      const names = [user, username].filter(({ length }) => length >= shortestName);
      this.secrets = [token, `${user}:${word}`, word, password, ...names, ...inQuery];
    }
  }

  /**
   * The path of another resource of this origin.
   * @param path Relative to the endpoint, or absolute.
   * @returns Path and query; `undefined` when it is of another origin, or nowhere.
   */
  pathTo(path: string): string | undefined {
    const url = this.resolve(path);
    return url?.origin === this.origin ? url.pathname + url.search : undefined;
  }

  /**
   * Where a redirect leads: a path, or origin and path when it leads elsewhere.
   * @param location The header of the answer.
   */
  destination(location: string): string {
    const url = this.resolve(location);
    if (url === undefined) {
      return 'an invalid address';
    }
    // Decoded, since there are many ways to encode a secret.
    const path = decoded(url.pathname);
    return url.origin === this.origin ? path : url.origin + path;
  }

  private resolve(relative: string): URL | undefined {
    const base = this.origin + this.path;
    return URL.canParse(relative, base) ? new URL(relative, base) : undefined;
  }
}

function parse(url: unknown): URL | undefined {
  if (!(typeof url === 'string' || url instanceof URL) || !URL.canParse(String(url))) {
    return undefined;
  }
  const parsed = new URL(url);
  return /^https?:$/.test(parsed.protocol) ? parsed : undefined;
}

/**
 * A URL as it may be shown: without a user, and without a query.
 *
 * What stands before the `@` may be a password, and what stands behind the `?` a token, also where the rest is
 * not a URL.
 */
export function withoutUser(url: string): string {
  return url.replace(/^((?:[a-z]+:)?\/+)?.*@/is, '$1…@').replace(/\?.*/s, '?…');
}

/** What can be decoded of a part of a URL. */
function decoded(part: string): string {
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
export function isSecret(name: string): boolean {
  return /auth|cookie|key|passw|secret|signature|token/i.test(name);
}
