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

interface Layout {
  /** Columns between two columns. */
  readonly gap: number;
  readonly columns: readonly Column[];
}

/** Names are shortened before columns are dropped, but not below this. */
const shortestName = 14;

const name: Column = { head: 'connection', align: 'left', width: 10, cell: (connection) => connection.name };

const state = stateOf('backoff 0.0s'.length, (milliseconds) =>
  milliseconds < 9_950 ? `${(milliseconds / 1_000).toFixed(1)}s` : wholeSeconds(milliseconds),
);
const shortState = stateOf('backoff 10s'.length, wholeSeconds);
const inFlight = right('in flight', 9, (connection) => grouped(connection.inFlight));
const delivered = right('delivered', 10, (connection) => grouped(connection.delivered));
const retried = right('retried', 7, (connection) => grouped(connection.putBack));
const rate = right('events/s', 8, (connection) => grouped(connection.rate));
const p50 = right('p50', 6, (connection) => latencyText(connection.p50));
const p99 = right('p99', 6, (connection) => latencyText(connection.p99));
const shortP50 = right('p50', 5, (connection) => latencyText(connection.p50).replace(' ', ''));
const shortP99 = right('p99', 5, (connection) => latencyText(connection.p99).replace(' ', ''));
const percent = right('share', 5, ({ share }) => percentText(share));
const bar = shareBar(10);
const shortBar = shareBar(4);

/** From the widest to the narrowest: the first one that fits is taken. */
const layouts: readonly Layout[] = [
  { gap: 2, columns: [name, state, inFlight, delivered, retried, bar, rate, p50, p99] },
  { gap: 2, columns: [name, state, inFlight, delivered, retried, shortBar, rate, p50, p99] },
  // With a name of 11 characters in the 79 columns that a terminal of 80 has for it.
  { gap: 1, columns: [name, shortState, inFlight, delivered, retried, percent, rate, shortP50, shortP99] },
  { gap: 1, columns: [name, shortState, inFlight, delivered, retried, percent, rate, shortP99] },
  { gap: 2, columns: [name, state, inFlight, delivered, bar, rate] },
  { gap: 2, columns: [name, state, delivered, bar, rate] },
  { gap: 2, columns: [name, state, delivered, percent, rate] },
  { gap: 2, columns: [name, state, delivered, percent] },
  { gap: 2, columns: [name, state, percent] },
  { gap: 2, columns: [name, state] },
  { gap: 2, columns: [name] },
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
  for (const { gap, columns } of layouts) {
    const between = ' '.repeat(gap);
    const rows = rowsOf(columns);
    const widths = columns.map((column, index) =>
      Math.max(column.width, column.head.length, ...rows.map((row) => row[index]?.length ?? 0)),
    );
    const [, ...others] = widths;
    const left = width - others.reduce((sum, other) => sum + gap + other, 0);
    if (left < Math.min(longest, shortestName) && columns.length > 1) {
      continue;
    }
    widths[0] = Math.min(longest, left);
    const head = columns.map((column, index) => fitted(column, column.head, widths[index] ?? 0));
    return [
      chalk.dim(head.join(between).trimEnd()),
      ...rows.map((row, at) =>
        columns
          .map((column, index) => {
            const text = fitted(column, row[index] ?? '', widths[index] ?? 0);
            const connection = connections[at];
            return connection === undefined ? text : (column.style?.(chalk, text, connection) ?? text);
          })
          .join(between),
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

function stateOf(width: number, text: (milliseconds: number) => string): Column {
  return {
    head: 'state',
    align: 'left',
    width,
    cell: ({ state, retryIn }) =>
      state === 'backoff' && retryIn !== undefined ? `backoff ${text(retryIn)}` : state,
    style: (chalk, cell, { state }) => {
      switch (state) {
        case 'up':
          return chalk.green(cell);
        case 'backoff':
          return chalk.red(cell);
        case 'removed':
          return chalk.dim(cell);
        default:
          return chalk.yellow(cell);
      }
    },
  };
}

function shareBar(width: number): Column {
  return {
    head: 'share',
    align: 'left',
    width: width + 6,
    cell: ({ share }) => `${barOf(share, width)} ${percentText(share).padStart(5)}`,
    style: (chalk, text) => chalk.cyan(text),
  };
}

/** `12s` */
function wholeSeconds(milliseconds: number): string {
  return `${Math.ceil(milliseconds / 1_000)}s`;
}
