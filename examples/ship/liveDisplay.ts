/** The live view on a terminal: the same lines, redrawn about ten times a second. */
import { stripVTControlCharacters } from 'node:util';
import { Chalk, supportsColorStderr, type ChalkInstance, type ColorSupportLevel } from 'chalk';
import { createLogUpdate } from 'log-update';
import type { Display } from './display.js';
import type { Progress } from './progress.js';
import type { Snapshot } from './snapshot.js';
import { viewOf } from './view.js';

/** What is needed of a terminal. */
export type Terminal = Pick<NodeJS.WriteStream, 'write' | 'on' | 'off' | 'columns' | 'rows'>;

/** Milliseconds between two frames. */
const period = 100;

const escape = '\u001b[';
const hideCursor = `${escape}?25l`;
const showCursor = `${escape}?25h`;

/**
 * Draws on a terminal.
 * @param terminal Where.
 * @param chalk Its colours. Default: what the terminal can do, and none when NO_COLOR is set.
 */
export function liveDisplay(terminal: Terminal, chalk: ChalkInstance = colours()): Display {
  // It writes what has changed, in one go. The cursor is ours: it would show and hide that of stderr alone.
  const frame = createLogUpdate(terminal as NodeJS.WriteStream, { showCursor: true });
  let progress: Progress | undefined;
  let timer: NodeJS.Timeout | undefined;
  let drawn: { lines: readonly string[]; width: number } | undefined;

  const draw = (snapshot: Snapshot): void => {
    // A line that is as wide as the terminal is broken by some of them.
    const width = Math.max(1, terminal.columns - 1);
    // The last line of a frame is an empty one.
    const height = terminal.rows - 1;
    const text = viewOf(snapshot, { width, height }, chalk);
    drawn = { lines: stripVTControlCharacters(text).split('\n'), width };
    frame(text);
  };
  const redraw = (): void => {
    if (progress !== undefined) {
      draw(progress.snapshot());
    }
  };
  const resized = (): void => {
    if (drawn !== undefined && terminal.columns - 1 < drawn.width) {
      // Terminals break lines that no longer fit, and so there are more of them to wipe than were drawn.
      const { columns } = terminal;
      const rows = drawn.lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / columns)), 0);
      frame.done();
      terminal.write(`${escape}${Math.min(rows, terminal.rows - 1)}A\r${escape}J`);
    }
    redraw();
  };
  const letGo = (): void => {
    terminal.write(showCursor);
  };

  return {
    notice: () => undefined,
    begin: (what) => {
      progress = what;
      terminal.write(hideCursor);
      terminal.on('resize', resized);
      // However this process ends, the cursor has to come back.
      process.once('exit', letGo);
      redraw();
      timer = setInterval(redraw, period);
    },
    end: () => {
      if (timer === undefined || progress === undefined) {
        return;
      }
      clearInterval(timer);
      timer = undefined;
      terminal.off('resize', resized);
      draw(progress.summary());
      frame.done();
      process.off('exit', letGo);
      letGo();
    },
  };
}

/**
 * Colours for standard error, as https://no-color.org asks for.
 * @param noColor The variable NO_COLOR.
 * @param level How many the terminal has: 0 to 3.
 */
export function colours(
  noColor = process.env['NO_COLOR'],
  level: ColorSupportLevel = supportsColorStderr === false ? 0 : supportsColorStderr.level,
): ChalkInstance {
  return new Chalk({ level: noColor === undefined || noColor === '' ? level : 0 });
}
