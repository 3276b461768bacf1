/** Progress without a terminal: a line every two seconds, and one for whatever happens. */
import { clockText, grouped } from '../ship/quantities.js';
import type { Display } from './display.js';
import type { Snapshot } from './snapshot.js';

/** Milliseconds between two lines. */
const period = 2_000;

/**
 * Writes lines.
 * @param write Takes a text with its line break.
 */
export function plainDisplay(write: (text: string) => void): Display {
  let timer: NodeJS.Timeout | undefined;
  return {
    notice: (text) => {
      write(`${text}\n`);
    },
    begin: (shown) => {
      timer = setInterval(() => {
        write(`${lineOf(shown.snapshot())}\n`);
      }, period);
    },
    end: () => {
      clearInterval(timer);
    },
  };
}

/** How it stands, on one line. */
export function lineOf(snapshot: Snapshot): string {
  const { elapsed, deadLetters, events, published, rate, settled, unacknowledged, waiting } = snapshot;
  return [
    clockText(elapsed).padStart(5),
    `${grouped(published)} of ${grouped(events)} published`,
    `${grouped(waiting)} waiting, ${grouped(unacknowledged)} unacknowledged`,
    `${grouped(settled)} settled, ${grouped(deadLetters)} dead letters`,
    `${grouped(rate)} events/s`,
  ].join(' | ');
}
