/** The options of a WebSocket connection, checked, with every default in its place. */
import { expectFunction, expectObject, wrongType } from '../../internal/expect.js';
import { Redaction } from '../redaction.js';
import { secretsIn } from '../serverUrl.js';
import { connectionSettings, type ConnectionOptions, type ConnectionSettings } from '../settings.js';
import type { WebSocketAnswer } from './answer.js';
import type { Endpoint } from './endpoint.js';
import { jsonAnswer, jsonEvent, jsonEvents } from './messages.js';
import { isNode, type WebSocketConstructor } from './socket.js';

/** Options of {@link webSocketConnection}. */
export interface WebSocketOptions<T, R> extends ConnectionOptions<T> {
  /**
   * Writes a message: one event, or with `batch` up to `batch.size` of them. The answer must have the same id. It
   * gets the id, and so is not the function of an event that other connections have. What it throws drops the event,
   * reason `rejected`; of a batch, those for which it also throws when it gets them alone. Where it throws only for
   * several together, they are sent as two messages, or more.
   *
   * Default: `{"id":1,"event":…}`, with `batch` `{"id":1,"events":[…]}`.
   */
  readonly encode?: (id: number, events: readonly T[]) => string | Uint8Array;
  /**
   * Reads a message: an answer, or `undefined` for one that is none, which is ignored. It is called for every
   * message of the server, before it is known which event that is about. What it throws breaks the connection.
   *
   * Default: of JSON, an object whose `id` is a number.
   */
  readonly decode?: (message: string | ArrayBuffer) => WebSocketAnswer<R> | undefined;
  /** The subprotocol, or several of which the server takes one. Default: none. */
  readonly protocol?: string | readonly string[];
  /** Headers of the request that opens the socket: only in Node, with ws. Default: none. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Options of TLS, as of Node's `tls.connect`: `ca`, `cert`, `key`, `servername`; only in Node, with ws, and for a
   * wss: URL. Default: Node's, which verifies.
   */
  readonly tls?: object;
  /** What makes WebSockets. Default: the platform's `WebSocket`; in Node, that of ws where it is installed. */
  readonly WebSocketCtor?: WebSocketConstructor;
}

/** What a WebSocket connection works with. */
export interface WebSocketSettings<T, R>
  extends ConnectionSettings<T>, Required<Pick<WebSocketOptions<T, R>, 'encode' | 'decode'>> {
  readonly protocol: string | string[] | undefined;
  readonly WebSocketCtor: WebSocketConstructor | undefined;
  /** For the constructor of ws. */
  readonly wsOptions: object;
  /** Whether no other constructor will do. */
  readonly needsWs: boolean;
  readonly redaction: Redaction;
}

/**
 * Checks the options.
 * @param who The function that was called with them, for the error.
 * @param endpoint Where the connection sends to.
 * @param options The user's.
 * @returns Them, with the defaults.
 * @throws TypeError or RangeError for the first that is not what it should be.
 */
export function webSocketSettings<T, R>(
  who: string,
  endpoint: Endpoint,
  options: WebSocketOptions<T, R>,
): WebSocketSettings<T, R> {
  const settings = connectionSettings(who, options, { name: endpoint.name, window: 64 });
  const { batch, protocol, headers, tls, WebSocketCtor, decode = jsonAnswer<R> } = options;
  const { encode = batch === undefined ? jsonEvent : jsonEvents } = options;
  expectFunction(who, 'encode', encode);
  expectFunction(who, 'decode', decode);
  if (protocol !== undefined && ![protocol].flat().every((name: unknown) => typeof name === 'string')) {
    throw wrongType(who, 'protocol', 'a string, or an array of strings', protocol);
  }
  if (WebSocketCtor !== undefined) {
    expectFunction(who, 'WebSocketCtor', WebSocketCtor);
  }
  if (headers !== undefined) {
    expectHeaders(who, headers);
  }
  if (tls !== undefined) {
    expectObject(who, 'tls', tls);
    if (!endpoint.isSecure) {
      throw wrongType(who, 'tls', 'absent beside a ws: URL', tls);
    }
  }
  for (const [name, value] of Object.entries({ headers, tls })) {
    if (value !== undefined && (WebSocketCtor !== undefined || !isNode())) {
      const where = WebSocketCtor === undefined ? 'where there is no ws' : 'beside `WebSocketCtor`';
      throw new TypeError(`${who}: expected \`${name}\` to be absent ${where}: it would not be used`);
    }
  }
  const { passphrase } = (tls ?? {}) as { readonly passphrase?: unknown };
  return {
    ...settings,
    encode,
    decode,
    protocol: typeof protocol === 'object' ? [...protocol] : protocol,
    WebSocketCtor,
    wsOptions: { ...tls, headers: { ...headers } },
    needsWs: headers !== undefined || tls !== undefined || (endpoint.hasCredentials && isNode()),
    redaction: new Redaction([
      ...endpoint.secrets,
      ...secretsIn(headers ?? {}),
      ...(typeof passphrase === 'string' ? [passphrase] : []),
    ]),
  };
}

/** Throws unless all can be sent; a value is not shown, for it may be a secret. */
function expectHeaders(who: string, headers: Readonly<Record<string, string>>): void {
  expectObject(who, 'headers', headers);
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) {
      throw new TypeError(
        `${who}: expected \`headers[${JSON.stringify(name)}]\` to have the name of a header`,
      );
    }
    if (typeof (value as unknown) !== 'string' || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
      const header = `\`headers[${JSON.stringify(name)}]\``;
      throw new TypeError(`${who}: expected ${header} to be a string of characters that a header may have`);
    }
  }
}
