/** The end of it, for a person and for a program. */
import { errorText } from './errorText.js';
import { bytesText } from './quantities.js';
import type { Shipment } from './shipment.js';

/** Every event is where it was to go. */
export function isComplete({ read, delivered, collected }: Shipment): boolean {
  return delivered === read && (collected === undefined || collected.lost === 0);
}

/** In a few lines. */
export function summaryText(shipment: Shipment, keep: boolean): string {
  const { read, delivered, dropped, retried, collected, bytes, seconds, eventsPerSecond } = shipment;
  const reasons = Object.entries(shipment.reasons).map(([reason, count]) => `${reason}: ${count}`);
  const drops: [string, number | string] = ['dropped', [dropped, ...reasons].join('  ')];
  const rows: (readonly [string, number | string])[] =
    collected === undefined
      ? [
          ['read', read],
          ['delivered', delivered],
          ['retried', retried],
          drops,
          ['bytes', `${bytes} (${bytesText(bytes)})`],
          ['time', `${seconds} s, ${eventsPerSecond} events/s`],
        ]
      : [
          ['read', read],
          ['arrived', collected.arrived],
          ['duplicated', collected.duplicated],
          ['lost', collected.lost],
          ...(dropped > 0 ? [drops] : []),
          ...(collected.foreign > 0 ? [['foreign', collected.foreign] as const] : []),
        ];
  const files =
    collected !== undefined && keep ? ['files', ...collected.files.map((file) => `  ${file}`)] : [];
  return [...rows.map(([what, value]) => `${what.padEnd(12)}${value}`), ...files].join('\n');
}

/** On one line of JSON. */
export function summaryJson({ error, collected, ...counts }: Shipment, keep: boolean): string {
  const { files, ...arrivals } = collected ?? {};
  return JSON.stringify({
    ...counts,
    ...arrivals,
    ...(keep ? { files } : {}),
    ...(error === undefined ? {} : { error: errorText(error) }),
  });
}
