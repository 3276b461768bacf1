/** The options of a TCP connection, checked, with every default in its place. */
import type { ConnectionOptions as TlsOptions } from 'node:tls';
import {
  expectBoolean,
  expectCount,
  expectFunction,
  expectLimit,
  expectObject,
  wrongType,
} from '../../internal/expect.js';
import { encoded, jsonText, type Encode } from '../encoding.js';
import { Secrets } from '../secrets.js';
import {
  connectionSettings,
  type ConnectionOptions as CommonOptions,
  type ConnectionSettings,
} from '../settings.js';
import type { Address } from './address.js';
import { lengths, lines, type Framing } from './framing.js';
import type { Codec } from './sending.js';

/** The options that every TCP connection has. */
export interface TcpBaseOptions<T> extends CommonOptions<T> {
  /** Writes an event. What it throws drops the event, reason `rejected`. Default: as JSON. */
  readonly encode?: Encode<T>;
  /**
   * Options of TLS, as of Node's `tls.connect`: `ca`, `cert`, `key`, `servername`; for a tls: URL alone. Default:
   * Node's, which verifies.
   */
  readonly tls?: TlsOptions;
  /**
   * After how long a silence the system asks whether the peer is still there, in milliseconds, rounded up to whole
   * seconds. It asks ten times, a second apart, so that a machine that is gone is noticed some ten seconds later. It
   * asks while nothing is on its way. What is being written is tried again by the system for about a quarter of an
   * hour: acknowledged sends end by `timeout.send`, unacknowledged ones count as delivered until the system's buffer
   * is full. Default 10,000; `Infinity`: it does not ask.
   */
  readonly keepAlive?: number;
  /** How long connecting may take, TLS included, in milliseconds. Default 10,000; `Infinity`: any time. */
  readonly connectTimeout?: number;
  /**
   * After how long without a byte in either direction the connection counts as broken, and is opened anew, in
   * milliseconds; whether it waits for answers, or there was nothing to send. For networks that forget connections
   * that are not used, and for peers that hang. Default `Infinity`: never.
   */
  readonly idleTimeout?: number;
}

/** Options of {@link tcpConnection} where a frame is a line of text, in both directions. */
export interface TcpLineOptions<T, R> extends TcpBaseOptions<T> {
  /** Default: `'newline'`. An event that has a newline in its text is dropped, reason `rejected`. */
  readonly framing?: 'newline';
  /** Default: the peer answers every event. */
  readonly unacknowledged?: false;
  /**
   * What an answer says: the value of the outcome. What it throws is the error of the event. The line comes
   * without its end (`\n` or `\r\n`). Default: the line.
   */
  readonly read?: (answer: string, event: T) => R;
  /** How long an answer may be, in bytes. A longer one breaks the connection. Default 1,048,576. */
  readonly maxAnswerSize?: number;
}

/** Options of {@link tcpConnection} where a frame has its length before it, in both directions. */
export interface TcpLengthOptions<T, R> extends TcpBaseOptions<T> {
  /** The length is that of the bytes behind it, in four bytes, the highest first. */
  readonly framing: 'length';
  /** Default: the peer answers every event. */
  readonly unacknowledged?: false;
  /** What an answer says: the value of the outcome. What it throws is the error of the event. Default: its text. */
  readonly read?: (answer: Buffer, event: T) => R;
  /** How long an answer may be, in bytes. A longer one breaks the connection. Default 1,048,576. */
  readonly maxAnswerSize?: number;
}

/** Options of {@link tcpConnection} where the peer answers nothing, and events can be lost. */
export interface TcpUnacknowledgedOptions<T> extends TcpBaseOptions<T> {
  /**
   * An event counts as delivered when the system has taken it. What is then still in the buffers of this machine,
   * of the network or of the peer when the connection breaks is lost, and nobody is told. When the
   * connection is closed, a slow peer has half a minute to read the rest, as long as this process lives.
   */
  readonly unacknowledged: true;
  /** Default: `'newline'`. An event that has a newline in its text is dropped, reason `rejected`. */
  readonly framing?: 'newline' | 'length';
}

/** Options of {@link tcpConnection}. */
export type TcpOptions<T, R> = TcpLineOptions<T, R> | TcpLengthOptions<T, R> | TcpUnacknowledgedOptions<T>;

/** What a TCP connection works with. */
export interface TcpSettings<T, R, A> extends ConnectionSettings<T>, Codec<T, R, A> {
  readonly framing: Framing<A>;
  readonly unacknowledged: boolean;
  readonly tls: TlsOptions;
  readonly keepAlive: number;
  readonly connectTimeout: number;
  readonly idleTimeout: number;
  readonly maxAnswerSize: number;
  readonly secrets: Secrets;
}

/** Of what a user passes, everything that there may be. */
interface GivenOptions<T, R, A> extends TcpBaseOptions<T> {
  readonly framing?: unknown;
  readonly unacknowledged?: boolean;
  readonly read?: (answer: A, event: T) => R;
  readonly maxAnswerSize?: number;
}

/**
 * Checks the options.
 * @param who The function that was called with them, for the error.
 * @param address Where the connection sends to.
 * @param options The user's.
 * @returns Them, with the defaults.
 * @throws TypeError or RangeError for the first that is not what it should be.
 */
export function tcpSettings<T, R, A>(
  who: string,
  address: Address,
  options: GivenOptions<T, R, A>,
): TcpSettings<T, R, A> {
  const settings = connectionSettings(who, options, { name: address.name, window: 64 });
  const { encode = jsonText, tls = {}, unacknowledged = false, framing = 'newline' } = options;
  const { keepAlive = 10_000, connectTimeout = 10_000, idleTimeout = Infinity } = options;
  const { maxAnswerSize = 1_048_576 } = options;
  if (framing !== 'newline' && framing !== 'length') {
    throw wrongType(who, 'framing', "'newline' or 'length'", framing);
  }
  expectFunction(who, 'encode', encode);
  expectBoolean(who, 'unacknowledged', unacknowledged);
  const frames = (framing === 'newline' ? lines : lengths) as Framing<unknown> as Framing<A>;
  const { read = unacknowledged ? () => undefined as R : (frames.textOf as (answer: A) => R) } = options;
  expectFunction(who, 'read', read);
  if (unacknowledged && options.read !== undefined) {
    throw wrongType(who, 'read', 'absent beside `unacknowledged`', read);
  }
  expectObject(who, 'tls', tls);
  if (!address.isSecure && options.tls !== undefined) {
    throw wrongType(who, 'tls', 'absent beside a tcp: URL', tls);
  }
  for (const [name, value] of Object.entries({ keepAlive, connectTimeout, idleTimeout })) {
    expectLimit(who, name, value);
  }
  expectCount(who, 'maxAnswerSize', maxAnswerSize, 0);
  const secrets = new Secrets(typeof tls.passphrase === 'string' ? [tls.passphrase] : []);
  return {
    ...settings,
    framing: frames,
    unacknowledged,
    encode: (event) => encoded(encode, event),
    read: (answer, event) => {
      try {
        return read(answer, event);
      } catch (error) {
        throw secrets.thrown(settings.name, error);
      }
    },
    tls,
    keepAlive,
    connectTimeout,
    idleTimeout,
    maxAnswerSize,
    secrets,
  };
}
