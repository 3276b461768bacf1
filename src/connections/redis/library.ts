/** What a connection needs of the package redis: loaded when the first one is opened. */
import { isIP } from 'node:net';
import { createClient, ErrorReply } from 'redis';
import { longestDelay } from '../../internal/alarm.js';
import type { Endpoint } from './endpoint.js';
import type { RedisSettings } from './options.js';

/** A client that neither connects again, nor keeps commands for later, nor looks at a clock. */
export function clientFor(
  endpoint: Endpoint,
  { tls, pingInterval }: RedisSettings<never>,
  signal: AbortSignal,
) {
  const { host, port, secure, database, username, password } = endpoint;
  const common = {
    host,
    port,
    connectTimeout: 0,
    socketTimeout: pingInterval === Infinity ? 0 : Math.min(2 * pingInterval, longestDelay),
    reconnectStrategy: false,
    signal,
  } as const;
  return createClient({
    socket: secure
      ? { ...(isIP(host) === 0 ? { servername: host } : {}), ...tls, ...common, tls: true }
      : common,
    ...(username === '' ? {} : { username }),
    ...(password === '' ? {} : { password }),
    database,
    commandOptions: { timeout: 0 },
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    RESP: 2,
  });
}

/** Whether an error is what the server replied. */
export function isReply(error: unknown): error is ErrorReply {
  return error instanceof ErrorReply;
}
