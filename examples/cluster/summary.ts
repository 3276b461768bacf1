/** The end of it, for a person and for a program. */
import { grouped, percentText } from '../ship/quantities.js';
import type { Balance } from './books.js';
import { isGood, type ClusterLedger } from './ledger.js';
import type { PhaseResult } from './phaseRun.js';

/** The rows of the books, in their order. */
const rows: readonly (readonly [keyof Balance, string])[] = [
  ['published', 'the stream has said that it has them'],
  ['stored', 'in the stream'],
  ['delivered', "in the collectors' files, each counted once"],
  ['duplicates', 'further copies'],
  ['deadLetters', 'no collector takes them'],
  ['lost', 'published, and nowhere'],
];

/** These are shown where there are any. */
const oddities: typeof rows = [
  ['both', 'delivered, and a dead letter'],
  ['unknown', 'in a file, and not published like that'],
];

/** In a few tables. */
export function summaryText(ledger: ClusterLedger): string {
  const { phases, collectors, problem } = ledger;
  return [
    ...[...rows, ...oddities.filter(([key]) => ledger[key] > 0)].map(
      ([key, what]) => `${wordOf(key).padEnd(14)}${grouped(ledger[key]).padStart(11)}  ${what}`,
    ),
    '',
    'workers   calm: events/s   of events   in s   storm: events   in s   killed   shares',
    ...phases.map(phaseRow),
    '',
    `killed (SIGKILL), and started again: ${killsText(phases)}`,
    `delivered at a second attempt or later: ${grouped(phases.reduce((sum, { retried }) => sum + retried, 0))}`,
    `collectors: ${collectors.map(({ name, records }) => `${name} ${grouped(records)}`).join(', ')}`,
    `${grouped(ledger.seconds)} s in all`,
    ...(problem === undefined ? [] : [`it did not come to its end: ${problem}`]),
    isGood(ledger) ? 'everything is accounted for' : 'the books do not balance',
  ].join('\n');
}

/** On one line of JSON. */
export function summaryJson(ledger: ClusterLedger): string {
  return JSON.stringify({ ...ledger, ok: isGood(ledger) });
}

/** `dead letters` */
function wordOf(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function phaseRow({ workers, calm, storm, kills, shares }: PhaseResult): string {
  return [
    String(workers).padStart(7),
    (calm === undefined ? '-' : grouped(calm.eventsPerSecond)).padStart(17),
    (calm === undefined ? '-' : grouped(calm.events)).padStart(12),
    (calm === undefined ? '-' : calm.seconds.toFixed(1)).padStart(7),
    grouped(storm.events).padStart(16),
    storm.seconds.toFixed(1).padStart(7),
    String(kills.worker + kills.collector + kills.server).padStart(9),
    `   ${shares.map(({ share }) => percentText(share)).join(', ')}`,
  ].join('');
}

/** `workers 8, collectors 4; restarted: nats-server 1` */
function killsText(phases: readonly PhaseResult[]): string {
  const sum = (what: keyof PhaseResult['kills']): number =>
    phases.reduce((total, { kills }) => total + kills[what], 0);
  return `workers ${sum('worker')}, collectors ${sum('collector')}; restarted: nats-server ${sum('server')}`;
}
