/** The connections as a table that fits a width: a pure function. */
import type { ChalkInstance } from 'chalk';
import { grouped, latencyText, percentText } from './quantities.js';
import type { ConnectionSnapshot } from './snapshot.js';

interface Column {
  readonly head: string;
  readonly align: 'left' | 'right';
  /** So wide at least, so that the table does not move with every number. */
  readonly width: number;
  readonly cell: (connection: ConnectionSnapshot) => string;
  readonly style?: (chalk: ChalkInstance, text: string, connection: ConnectionSnapshot) => string;
}

const gap = '  ';
const barWidth = 10;
/** Names are shortened before columns are dropped, but not below this. */
const shortestName = 14;

const name: Column = { head: 'connection', align: 'left', width: 10, cell: (connection) => connection.name };

const state: Column = {
  head: 'state',
  align: 'left',
  width: 'backoff 0.0s'.length,
  cell: ({ state, retryIn }) =>
    state === 'backoff' && retryIn !== undefined ? `backoff ${secondsText(retryIn)}` : state,
  style: (chalk, text, { state }) => {
    switch (state) {
      case 'up':
        return chalk.green(text);
      case 'backoff':
        return chalk.red(text);
      case 'removed':
        return chalk.dim(text);
      default:
        return chalk.yellow(text);
    }
  },
};

const inFlight = right('in flight', 9, (connection) => grouped(connection.inFlight));
const delivered = right('delivered', 10, (connection) => grouped(connection.delivered));
const retried = right('retried', 7, (connection) => grouped(connection.retried));
const rate = right('events/s', 8, (connection) => grouped(connection.rate));
const p50 = right('p50', 6, (connection) => latencyText(connection.p50));
const p99 = right('p99', 6, (connection) => latencyText(connection.p99));
const percent = right('share', 5, ({ share }) => percentText(share));
const bar: Column = {
  head: 'share',
  align: 'left',
  width: barWidth + 6,
  cell: ({ share }) => `${barOf(share, barWidth)} ${percentText(share).padStart(5)}`,
  style: (chalk, text) => chalk.cyan(text),
};

/** From the widest to the narrowest: the first one that fits is taken. */
const layouts: readonly (readonly Column[])[] = [
  [name, state, inFlight, delivered, retried, bar, rate, p50, p99],
  [name, state, inFlight, delivered, retried, bar, rate, p99],
  [name, state, inFlight, delivered, bar, rate, p99],
  [name, state, inFlight, delivered, bar, rate],
  [name, state, delivered, bar, rate],
  [name, state, delivered, percent, rate],
  [name, state, delivered, percent],
  [name, state, percent],
  [name, state],
  [name],
];

/**
 * Lays out a head and a row for each connection.
 * @param connections What to show.
 * @param width How wide a line may be.
 * @param chalk Its colours, or none.
 */
export function tableOf(
  connections: readonly ConnectionSnapshot[],
  width: number,
  chalk: ChalkInstance,
): string[] {
  const rowsOf = (columns: readonly Column[]): string[][] =>
    connections.map((connection) => columns.map(({ cell }) => cell(connection)));
  const longest = Math.max(...connections.map((connection) => connection.name.length), name.width);
  for (const columns of layouts) {
    const rows = rowsOf(columns);
    const widths = columns.map((column, index) =>
      Math.max(column.width, column.head.length, ...rows.map((row) => row[index]?.length ?? 0)),
    );
    const [, ...others] = widths;
    const left = width - others.reduce((sum, other) => sum + gap.length + other, 0);
    if (left < Math.min(longest, shortestName) && columns.length > 1) {
      continue;
    }
    widths[0] = Math.min(longest, left);
    const head = columns.map((column, index) => fitted(column, column.head, widths[index] ?? 0));
    return [
      chalk.dim(head.join(gap).trimEnd()),
      ...rows.map((row, at) =>
        columns
          .map((column, index) => {
            const text = fitted(column, row[index] ?? '', widths[index] ?? 0);
            const connection = connections[at];
            return connection === undefined ? text : (column.style?.(chalk, text, connection) ?? text);
          })
          .join(gap),
      ),
    ];
  }
  return [];
}

/** `█████░░░░░` for a half; it is full only when nothing is missing. */
export function barOf(part: number, width: number): string {
  const full = part < 1 ? Math.min(width - 1, Math.round(part * width)) : width;
  return '█'.repeat(full) + '░'.repeat(width - full);
}

/** What tells URLs from each other is not their scheme. */
function shortName(text: string, width: number): string {
  return shortened(text.length <= width ? text : text.replace(/^https?:\/\//, ''), width);
}

/** Cuts a text that is too long in its middle: URLs differ at both ends. */
export function shortened(text: string, width: number): string {
  if (text.length <= width) {
    return text;
  }
  const end = Math.floor((width - 1) / 2);
  return width < 1 ? '' : `${text.slice(0, width - 1 - end)}…${text.slice(text.length - end)}`;
}

function right(head: string, width: number, cell: (connection: ConnectionSnapshot) => string): Column {
  return { head, align: 'right', width, cell };
}

function fitted(column: Column, text: string, width: number): string {
  const { align } = column;
  const short = column === name ? shortName(text, width) : shortened(text, width);
  return align === 'left' ? short.padEnd(width) : short.padStart(width);
}

/** `0.3s`, `12s` */
function secondsText(milliseconds: number): string {
  const seconds = milliseconds / 1_000;
  return seconds < 9.95 ? `${seconds.toFixed(1)}s` : `${seconds.toFixed(0)}s`;
}
