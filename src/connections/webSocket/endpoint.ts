/** Where a WebSocket leads. */
import { decoded, secretsOf, serverUrl } from '../serverUrl.js';

/** The place that a `webSocketConnection` sends to. */
export class Endpoint {
  /** Scheme, host, port and path: what it is called when nobody names it. */
  readonly name: string;
  /** All of it. */
  readonly url: string;
  readonly isSecure: boolean;
  /** What of it must not be shown. */
  readonly secrets: readonly string[];
  /** Whether it has a user or a password. */
  readonly hasCredentials: boolean;

  /**
   * @param who The function that was called, for the error.
   * @param url The user's.
   * @throws TypeError when it is no ws: or wss: URL.
   */
  constructor(who: string, url: string | URL) {
    const parsed = serverUrl(who, 'url', url, ['ws:', 'wss:']);
    // There is none in a WebSocket, and some constructors refuse it.
    parsed.hash = '';
    const { origin, pathname, protocol, username, password } = parsed;
    this.name = origin + pathname;
    this.url = parsed.href;
    this.isSecure = protocol === 'wss:';
    this.hasCredentials = username !== '' || password !== '';
    this.secrets = this.hasCredentials
      ? [base64(`${decoded(username)}:${decoded(password)}`), ...secretsOf(parsed)]
      : secretsOf(parsed);
  }
}

/** As in the header Authorization. */
function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}
