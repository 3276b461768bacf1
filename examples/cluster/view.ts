/** The live view: a pure function from how it stands, and how much room there is, to text. */
import type { ChalkInstance } from 'chalk';
import { clockText, grouped, percentText } from '../ship/quantities.js';
import { barOf, shortened } from '../ship/table.js';
import type { Room } from '../ship/view.js';
import type { ProcessSnapshot, Snapshot, WorkerSnapshot } from './snapshot.js';

/** Columns of the bars. */
const longestBar = 40;
const shareBar = 10;

/** Drawn so far that colours have their place: they have no width. */
interface Line {
  readonly text: string;
  readonly colour?: (chalk: ChalkInstance, text: string) => string;
}

/**
 * Draws it. No line is wider than the room, and there are no more of them than it has rows: notices are left out
 * first, and then what stands further down.
 * @param snapshot What to show.
 * @param room The room there is.
 * @param chalk Its colours, or none.
 */
export function viewOf(snapshot: Snapshot, { width, height = Infinity }: Room, chalk: ChalkInstance): string {
  const { collectors, notices, server, step, workers } = snapshot;
  const lines: Line[] = [
    { text: step, colour: ({ bold }, text) => bold(text) },
    ...barsOf(snapshot, width),
    { text: sumsOf(snapshot) },
    { text: [server, ...collectors].map(processText).join('   '), colour: colourOf(server, ...collectors) },
    ...workers.map((worker) => ({ text: workerText(worker), colour: colourOf(worker) })),
  ];
  const left = Math.max(0, Math.min(notices.length, height - lines.length));
  return [
    ...lines.slice(0, height),
    ...notices.slice(notices.length - left).map((text) => ({ text, colour: dimmed })),
  ]
    .map(({ text, colour }: Line) => {
      const short = shortened(text, width);
      return colour?.(chalk, short) ?? short;
    })
    .join('\n');
}

/** What is published, and what of it is settled. */
function barsOf({ events, published, settled }: Snapshot, width: number): Line[] {
  const bar = (what: string, count: number): Line => {
    const part = count / events;
    const text = ` ${percentText(part).padStart(5)} ${what} ${grouped(count)}`;
    const room = Math.min(longestBar, width - text.length);
    return room < 4
      ? { text: text.trim() }
      : { text: `${barOf(part, room)}${text}`, colour: ({ cyan }, line) => cyan(line) };
  };
  return [bar('published', published), bar('settled', settled)];
}

function sumsOf({ deadLetters, elapsed, rate, unacknowledged, waiting }: Snapshot): string {
  return [
    `${grouped(rate)} events/s`,
    `${grouped(waiting)} waiting`,
    `${grouped(unacknowledged)} unacknowledged`,
    `${grouped(deadLetters)} dead letters`,
    clockText(elapsed),
  ].join('   ');
}

/** `collector-1 killed (2)` */
function processText({ name, state, kills }: ProcessSnapshot): string {
  return `${name} ${state}${kills === 0 ? '' : ` (${kills})`}`;
}

function workerText(worker: WorkerSnapshot): string {
  const { delivered, rate, share } = worker;
  return [
    processText(worker).padEnd(19),
    grouped(delivered).padStart(9),
    `${grouped(rate)}/s`.padStart(9),
    `${barOf(share, shareBar)} ${percentText(share).padStart(5)}`,
  ].join('  ');
}

function colourOf(...processes: readonly ProcessSnapshot[]): NonNullable<Line['colour']> {
  const isWhole = processes.every(({ state }) => state === 'up');
  return ({ green, red }, text) => (isWhole ? green(text) : red(text));
}

function dimmed({ dim }: ChalkInstance, text: string): string {
  return dim(text);
}
