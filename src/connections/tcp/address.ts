/** Where a socket leads: a URL taken apart. */
import { wrongType } from '../../internal/expect.js';
import { hostOf, serverUrl, withoutUser } from '../serverUrl.js';

/** The place that a `tcpConnection` sends to. */
export class Address {
  /** What it is called when nobody names it. */
  readonly name: string;
  /** Without the brackets of an IPv6 address. */
  readonly host: string;
  readonly port: number;
  /** Whether TLS is spoken there. */
  readonly isSecure: boolean;

  /**
   * @param who The function that was called, for the error.
   * @param url The user's.
   * @throws TypeError when it is no tcp: or tls: URL, has no port, or has what means nothing here.
   */
  constructor(who: string, url: string | URL) {
    const parsed = serverUrl(who, 'url', url, ['tcp:', 'tls:']);
    const { protocol, host, port, username, password, pathname, search, hash } = parsed;
    const others = username + password + pathname.replace(/^\/$/, '') + search + hash;
    // Of a URL that is not of the web, the host is not made what a name server knows.
    const asWeb = `http://${host}`;
    if (Number(port) === 0 || others !== '' || !URL.canParse(asWeb)) {
      const expected = 'a tcp: or tls: URL of a host and a port, and nothing else';
      throw wrongType(who, 'url', expected, withoutUser(String(url)));
    }
    const web = new URL(asWeb);
    this.name = `${protocol}//${web.hostname}:${port}`;
    this.host = hostOf(web);
    this.port = Number(port);
    this.isSecure = protocol === 'tls:';
  }
}
