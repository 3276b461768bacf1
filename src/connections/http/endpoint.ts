/** Where requests go: a URL taken apart. */
import { decoded, hostOf, secretsOf, serverUrl } from '../serverUrl.js';

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
    const parsed = serverUrl(who, 'url', url, ['http:', 'https:']);
    this.origin = parsed.origin;
    this.name = parsed.origin + parsed.pathname;
    this.path = parsed.pathname + parsed.search;
    this.protocol = parsed.protocol;
    this.hostname = hostOf(parsed);
    this.port = parsed.port;
    const { username, password } = parsed;
    if (username === '' && password === '') {
      this.secrets = secretsOf(parsed);
    } else {
      const token = Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64');
      this.authorization = `Basic ${token}`;
      this.secrets = [token, ...secretsOf(parsed)];
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
