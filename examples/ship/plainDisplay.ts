/** Progress without a terminal: a line a second, and one for whatever happens. */
import type { Display } from './display.js';
import type { Progress } from './progress.js';
import { bytesText, clockText, grouped, percentText } from './quantities.js';
import type { Snapshot } from './snapshot.js';

/** Milliseconds between two lines. */
const period = 1_000;

/**
 * Writes lines.
 * @param write Takes a text with its line break.
 */
export function plainDisplay(write: (text: string) => void): Display {
  let progress: Progress | undefined;
  let timer: NodeJS.Timeout | undefined;
  return {
    notice: (text) => {
      write(`${text}\n`);
    },
    begin: (what) => {
      progress = what;
      timer = setInterval(() => {
        write(`${lineOf(what.snapshot())}\n`);
      }, period);
    },
    end: () => {
      clearInterval(timer);
      timer = undefined;
      if (progress !== undefined) {
        write(`${lineOf(progress.summary())}\n`);
        progress = undefined;
      }
    },
  };
}

/** How it stands, on one line. */
export function lineOf(snapshot: Snapshot): string {
  const { elapsed, done, delivered, rate, byteRate, waiting, dropped, connections } = snapshot;
  return [
    clockText(elapsed).padStart(5),
    ...(done === undefined ? [] : [percentText(done).padStart(5)]),
    `${grouped(delivered)} delivered, ${grouped(waiting)} waiting, ${grouped(dropped)} dropped`,
    `${grouped(rate)} events/s, ${bytesText(byteRate)}/s`,
    ...connections.map(({ name, state, share }) => `${name} ${state} ${percentText(share)}`),
  ].join(' | ');
}
