/** Connections over HTTP that take lines. */
import type { BatchConnection, Connection } from 'rxjs-load-balance';
import { httpConnection, type HttpFormat, type HttpHealth } from 'rxjs-load-balance/http';
import type { LogEvent } from './logEvent.js';
import type { ShipSettings } from './options.js';
import type { Target } from './targets.js';

/** How long a batch waits to be filled, in milliseconds: lines are read one after the other. */
const linger = 50;

/**
 * Makes a connection.
 * @param target Where to.
 * @param format How events are written.
 * @param settings Window and batch.
 * @param health What has to answer before it is up.
 */
export function connectionTo<R>(
  { name, url }: Target,
  format: HttpFormat<LogEvent, R>,
  { window, batch: size }: Pick<ShipSettings, 'window' | 'batch'>,
  health?: string | HttpHealth,
): Connection<LogEvent, R> | BatchConnection<LogEvent, R> {
  const options = { name, window, format, ...(health === undefined ? {} : { health }) };
  return size === 1
    ? httpConnection(url, options)
    : httpConnection(url, { ...options, batch: { size, linger } });
}
