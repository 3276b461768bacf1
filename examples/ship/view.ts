/** The live view: a pure function from how it stands, and how much room there is, to text. */
import type { ChalkInstance } from 'chalk';
import { bytesText, clockText, grouped, percentText } from './quantities.js';
import type { ConnectionSnapshot, Snapshot } from './snapshot.js';
import { barOf, shortened, tableOf } from './table.js';

/** The room there is. */
export interface Room {
  /** Columns. */
  readonly width: number;
  /** Rows. Default: as many as are needed. */
  readonly height?: number;
}

const longestBar = 40;
/** Where there are more connections than rows, so many rows are theirs before anything else gets one. */
const tableRows = 9;
const between = '   ';

/**
 * Draws it. No line is wider than the room, and there are no more of them than it has rows: notices are left out
 * first, then the sums and the bar, and connections last.
 * @param snapshot What to show.
 * @param room The room there is.
 * @param chalk Its colours, or none.
 */
export function viewOf(snapshot: Snapshot, { width, height = Infinity }: Room, chalk: ChalkInstance): string {
  const { connections, notices } = snapshot;
  const whole = connections.length + 1;
  // Some of very many tell little more than some fewer: the sums and notices tell more.
  const room = Math.max(0, height - (whole <= height ? whole : tableRows));
  const sums = [...progressOf(snapshot, width, chalk), ...totalsOf(snapshot, width, chalk)].slice(0, room);
  const left = Math.min(notices.length, room - sums.length);
  const latest = notices.slice(notices.length - left);
  return [
    ...connectionsOf(connections, { width, height: height - sums.length - left }, chalk),
    ...sums,
    ...latest.map((notice) => chalk.dim(shortened(measurable(notice), width))),
  ].join('\n');
}

/** The table, with as many connections as there are rows for; it has no head where a connection needs its row. */
function connectionsOf(
  connections: readonly ConnectionSnapshot[],
  { width, height }: Required<Room>,
  chalk: ChalkInstance,
): string[] {
  const heads = height < Math.min(3, connections.length + 1) ? 0 : 1;
  const rows = Math.max(1, height - heads);
  const shown = connections.length <= rows ? connections : connections.slice(0, Math.max(1, rows - 1));
  const rest = connections.length - shown.length;
  const named = shown.map((connection) => ({ ...connection, name: measurable(connection.name) }));
  return [
    ...tableOf(named, width, chalk).slice(1 - heads),
    ...(rest === 0 || rows === 1 ? [] : [shortened(`and ${rest} more`, width)]),
  ];
}

/** How much of it is done, and how long the rest will take, where that can be told. */
function progressOf({ done, elapsed }: Snapshot, width: number, chalk: ChalkInstance): string[] {
  if (done === undefined) {
    return [];
  }
  const left = done > 0 && done < 1 ? `  ETA ${clockText((elapsed * (1 - done)) / done)}` : '';
  const text = ` ${percentText(done).padStart(5)}${left}`;
  const barWidth = Math.min(longestBar, width - text.length);
  return barWidth < 4 ? [shortened(text.trim(), width)] : [`${chalk.cyan(barOf(done, barWidth))}${text}`];
}

/** The sums, on as few lines as they fit on. */
function totalsOf(snapshot: Snapshot, width: number, chalk: ChalkInstance): string[] {
  const { rate, byteRate, waiting, delivered, dropped, elapsed } = snapshot;
  const pieces = [
    `${grouped(delivered)} delivered`,
    `${grouped(rate)} events/s`,
    `${bytesText(byteRate)}/s`,
    `${grouped(waiting)} waiting`,
    `${grouped(dropped)} dropped`,
    `${clockText(elapsed)} elapsed`,
  ].map((piece) => shortened(piece, width));
  const lines: string[] = [];
  for (const piece of pieces) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + between.length + piece.length <= width) {
      lines[lines.length - 1] = line + between + piece;
    } else {
      lines.push(piece);
    }
  }
  // Coloured afterwards: colours have no width.
  return dropped === 0
    ? lines
    : lines.map((line) => line.replace(/[\d,]+ dropped/, (text) => chalk.red(text)));
}

/** Other characters could be two columns wide, or none, or steer the terminal. */
function measurable(text: string): string {
  return text.replace(/[^\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff…]/gu, '?');
}
