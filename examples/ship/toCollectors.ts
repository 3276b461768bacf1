/** Ships to three collectors of our own, kills one of them midway, and counts what has arrived. */
import {
  catchError,
  connect,
  EMPTY,
  endWith,
  filter,
  ignoreElements,
  lastValueFrom,
  merge,
  take,
  takeUntil,
} from 'rxjs';
import { exponentialBackoff } from 'rxjs-load-balance';
import { killAndRestart } from './accident.js';
import { withCollectors } from './collectors.js';
import { DeadLetters } from './deadLetters.js';
import { errorText } from './errorText.js';
import { records } from './formats.js';
import { connectionTo } from './httpConnections.js';
import { Ledger } from './ledger.js';
import type { ShipSettings } from './options.js';
import { Progress } from './progress.js';
import { shipmentOf, type Shipment } from './shipment.js';
import { outcomesOf } from './shipping.js';
import { sourceOf } from './source.js';

/** The end of a stream cannot be foreseen: so many events stand for the half of it. */
const halfOfTheUnknown = 1_000;

/** Milliseconds. */
const connectTimeout = 2_000;
const health = { path: '/health', interval: 250, timeout: 2_000 };

/**
 * Ships it all. The collectors end with it.
 * @param settings What, and how.
 * @throws FileError when the input cannot be read, or the file of dead letters not be written.
 */
export async function shipToCollectors(settings: ShipSettings): Promise<Shipment> {
  const { display, deadLetter, keep, outage } = settings;
  const source = await sourceOf(settings.input, settings.events);
  const deadLetters = deadLetter === undefined ? undefined : new DeadLetters(deadLetter, source.file);
  return withCollectors(keep, display.notice, async (collectors) => {
    const ledger = new Ledger();
    const names = collectors.map(({ name }) => name);
    const progress = new Progress(names, source.size, display.notice);
    for (const { name, url, pid, file } of collectors) {
      progress.notice(`${name}: ${url}, process ${pid ?? ''}${keep ? `, ${file}` : ''}`);
    }
    const connections = collectors.map(({ name, url }) =>
      connectionTo({ name, url: new URL('/events', url) }, records, settings, health),
    );
    let error: unknown;
    const outcome$ = outcomesOf(
      {
        source,
        connections,
        progress,
        enter: (bytes) => {
          ledger.enter(bytes);
          return progress.enter(bytes);
        },
        maxAttempts: settings.maxAttempts,
        timeout: { connect: connectTimeout, send: settings.timeout },
        reconnectDelay: exponentialBackoff({ initialDelay: 100, maxDelay: 500 }),
        rate: settings.rate,
        interruption: settings.interruption,
        deadLetters,
      },
      (thrown) => {
        error = thrown;
      },
    );
    const isHalf = (): boolean => (progress.done() ?? progress.delivered / (2 * halfOfTheUnknown)) >= 0.5;
    const notice = (text: string): void => {
      progress.notice(text);
    };
    const shipping$ = outcome$.pipe(
      connect((shared$) => {
        const end$ = shared$.pipe(ignoreElements(), endWith('end'));
        const accident$ = shared$.pipe(
          filter(isHalf),
          take(1),
          killAndRestart(collectors[0], outage, notice),
          // The others go on without it.
          catchError((thrown: unknown) => {
            notice(errorText(thrown));
            return EMPTY;
          }),
        );
        return merge(shared$, accident$).pipe(takeUntil(end$));
      }),
    );
    display.begin(progress);
    try {
      await lastValueFrom(shipping$, { defaultValue: undefined });
    } finally {
      display.end();
      deadLetters?.close();
    }
    const shipment = shipmentOf(progress, error);

    const restarts = collectors.reduce((sum, { starts }) => sum + starts - 1, 0);
    // What still runs could still write.
    await Promise.all(collectors.map((collector) => collector.kill()));
    const files = collectors.map(({ file }) => file);
    return { ...shipment, collected: { ...(await ledger.reconcile(files)), restarts, files } };
  });
}
