/** Ships to endpoints that somebody else runs. */
import { ignoreElements, lastValueFrom } from 'rxjs';
import { exponentialBackoff } from 'rxjs-load-balance';
import { DeadLetters } from './deadLetters.js';
import { formatOf } from './formats.js';
import { connectionTo } from './httpConnections.js';
import type { ShipSettings } from './options.js';
import { Progress } from './progress.js';
import { shipmentOf, type Shipment } from './shipment.js';
import { outcomesOf } from './shipping.js';
import { sourceOf } from './source.js';
import type { Target } from './targets.js';

/** Milliseconds. */
const connectTimeout = 10_000;

/**
 * Ships it all, and counts outcomes.
 * @param targets Where to.
 * @param settings What, and how.
 * @throws FileError when the input cannot be read, or the file of dead letters not be written.
 * @throws TypeError or RangeError when an option is not what it should be.
 */
export async function shipToTargets(targets: readonly Target[], settings: ShipSettings): Promise<Shipment> {
  const { display, health, deadLetter } = settings;
  const source = await sourceOf(settings.input, settings.events);
  const format = formatOf(settings.format);
  const connections = targets.map((target) => connectionTo(target, format, settings, health));
  const deadLetters = deadLetter === undefined ? undefined : new DeadLetters(deadLetter, source.file);
  const names = targets.map(({ name }) => name);
  const progress = new Progress(names, source.size, display.notice);
  let error: unknown;
  const outcome$ = outcomesOf(
    {
      source,
      connections,
      progress,
      enter: (bytes) => progress.enter(bytes),
      maxAttempts: settings.maxAttempts,
      timeout: { connect: connectTimeout, send: settings.timeout },
      reconnectDelay: exponentialBackoff({ initialDelay: 250, maxDelay: 10_000 }),
      rate: settings.rate,
      interruption: settings.interruption,
      deadLetters,
    },
    (thrown) => {
      error = thrown;
    },
  );
  display.begin(progress);
  try {
    await lastValueFrom(outcome$.pipe(ignoreElements()), { defaultValue: undefined });
  } finally {
    display.end();
    deadLetters?.close();
  }
  return shipmentOf(progress, error);
}
