/** Where a Redis connection leads: a URL taken apart. */
import { outOfRange } from '../../internal/expect.js';
import { decoded, hostOf, secretsOf, serverUrl, withoutUser } from '../serverUrl.js';

/** A database of a server. */
export class Endpoint {
  readonly host: string;
  readonly port: number;
  /** Whether it is reached by TLS. */
  readonly secure: boolean;
  readonly database: number;
  /** Empty where there is none. */
  readonly username: string;
  readonly password: string;
  /** Scheme, host, port, and the database unless it is the first. */
  readonly name: string;
  /** What of it must not be shown. */
  readonly secrets: readonly string[];

  /**
   * @param who The function that was called, for the error.
   * @param url The user's.
   * @throws TypeError when it is no redis: or rediss: URL; RangeError when it says more or less than
   * `redis://user:password@host:port/database`.
   */
  constructor(who: string, url: string | URL) {
    const parsed = serverUrl(who, 'url', url, ['redis:', 'rediss:']);
    const { protocol, hostname, host, port, username, password, pathname, search, hash } = parsed;
    const [, database = '0'] = /^\/(\d{1,9})$/.exec(pathname) ?? [];
    const isBare = pathname === '' || pathname === '/';
    if (hostname === '' || search !== '' || hash !== '' || (!isBare && pathname !== `/${database}`)) {
      const expected = 'like redis://user:password@host:port/database';
      throw outOfRange(who, 'url', expected, withoutUser(String(url)));
    }
    this.host = hostOf(parsed);
    this.port = port === '' ? 6379 : Number(port);
    this.secure = protocol === 'rediss:';
    this.database = Number(database);
    this.username = decoded(username);
    this.password = decoded(password);
    this.name = `${protocol}//${host}${this.database === 0 ? '' : `/${this.database}`}`;
    this.secrets = secretsOf(parsed);
  }
}
