/** A link to a NATS server: who is at its other end, how it is opened, and when it is lost. */
import type { ConnectionOptions as TlsOptions } from 'node:tls';
import { longestDelay } from '../../internal/alarm.js';
import { expectFunction, expectNumber, expectObject, wrongType } from '../../internal/expect.js';
import { Secrets } from '../secrets.js';
import { decoded, hostOf, secretsOf, serverUrl } from '../serverUrl.js';

/**
 * Answers a server's challenge: an authenticator of `@nats-io/transport-node`, as `credsAuthenticator()`,
 * `nkeyAuthenticator()` or `jwtAuthenticator()`.
 */
export type NatsAuthenticator = (nonce?: string) => unknown;

/** How a NATS server is reached. */
export interface NatsLinkOptions {
  /** A token instead of a user in the URL. It is never shown. */
  readonly token?: string;
  /** For keys and JWTs, instead of a user in the URL. */
  readonly authenticator?: NatsAuthenticator;
  /**
   * Options of TLS, as of Node's `tls.connect`: `ca`, `cert`, `key`, `servername`. With it, or with a `tls:` URL, a
   * server without TLS is refused. Default: Node's, which verifies, where the server asks for TLS.
   */
  readonly tls?: TlsOptions;
  /**
   * How often the server is pinged, in milliseconds. One that is frozen, or behind a broken line, is given up when two
   * pings have had no answer and the third is due: with the default of 5,000 after 10 to 15 seconds.
   */
  readonly pingInterval?: number;
}

/** A server, as the client takes it. */
export interface NatsServer {
  /** Host and port. */
  readonly host: string;
  /** Without the brackets of an IPv6 address. */
  readonly hostname: string;
  readonly credentials: { readonly user?: string; readonly pass?: string; readonly token?: string };
  readonly secure: boolean;
}

/** What a link is made of. */
export interface NatsLinkSettings {
  /** What it is called when nobody names it. */
  readonly url: string;
  /** One at least. */
  readonly servers: readonly NatsServer[];
  readonly authenticator: NatsAuthenticator | undefined;
  readonly tls: TlsOptions | undefined;
  readonly pingInterval: number;
  readonly secrets: Secrets;
}

/**
 * Checks where a link leads, and its options.
 * @param who The function that was called with them, for the error.
 * @param url The user's: one server, or those of one cluster.
 * @param options The user's.
 * @returns Them, with the defaults.
 * @throws TypeError or RangeError for the first that is not what it should be.
 */
export function linkSettings(
  who: string,
  url: string | URL | readonly (string | URL)[],
  options: NatsLinkOptions,
): NatsLinkSettings {
  // A hole in a list is no URL either.
  const given = Array.isArray(url) ? Array.from<unknown>(url) : [url];
  if (given.length === 0) {
    throw wrongType(who, 'url', 'a URL, or a list of at least one', url);
  }
  const urls = given.map((one, index) =>
    serverUrl(who, Array.isArray(url) ? `url[${index}]` : 'url', one, ['nats:', 'tls:']),
  );
  const { token, authenticator, tls, pingInterval = 5_000 } = options;
  if (token !== undefined && (typeof (token as unknown) !== 'string' || token === '')) {
    // Not shown: whatever it is, it was meant to be secret.
    throw new TypeError(`${who}: expected \`token\` to be a string that is not empty`);
  }
  if (authenticator !== undefined) {
    expectFunction(who, 'authenticator', authenticator);
  }
  if (tls !== undefined) {
    expectObject(who, 'tls', tls);
  }
  expectNumber(
    who,
    'pingInterval',
    pingInterval,
    `milliseconds from 1 to ${longestDelay}`,
    (time) => time >= 1 && time <= longestDelay,
  );
  return {
    url: urls.map(({ protocol, host }) => `${protocol}//${host}`).join(','),
    servers: urls.map((one) => serverFrom(one, token)),
    authenticator,
    tls,
    pingInterval,
    secrets: new Secrets([...(token === undefined ? [] : [token]), ...urls.flatMap(secretsOf)]),
  };
}

function serverFrom(url: URL, token: string | undefined): NatsServer {
  const { hostname, port, protocol } = url;
  const [user, pass] = [decoded(url.username), decoded(url.password)];
  // As in other clients: a user without a password is a token.
  const own = pass === '' ? user : '';
  const any = token ?? (own === '' ? undefined : own);
  return {
    host: `${hostname}:${port === '' ? '4222' : port}`,
    hostname: hostOf(url),
    credentials: { ...(pass === '' ? {} : { user, pass }), ...(any === undefined ? {} : { token: any }) },
    secure: protocol === 'tls:',
  };
}
