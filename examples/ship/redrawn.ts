/** The same lines on a terminal, redrawn about ten times a second. */
import { stripVTControlCharacters } from 'node:util';
import { createLogUpdate } from 'log-update';
import type { Room } from './view.js';

/** What is needed of a terminal. */
export type Terminal = Pick<NodeJS.WriteStream, 'write' | 'on' | 'off' | 'columns' | 'rows'>;

/** What is drawn: how it stands now, and how it ended. */
export interface Drawn<S> {
  snapshot(): S;
  summary(): S;
}

/** Milliseconds between two frames. */
const period = 100;

const escape = '\u001b[';
const hideCursor = `${escape}?25l`;
const showCursor = `${escape}?25h`;

/**
 * Makes a display that redraws.
 * @param terminal Where.
 * @param view From how it stands, and the room there is, to text.
 */
export function redrawn<S>(terminal: Terminal, view: (snapshot: S, room: Required<Room>) => string) {
  // It writes what has changed, in one go. The cursor is ours: it would show and hide that of stderr alone.
  const frame = createLogUpdate(terminal as NodeJS.WriteStream, { showCursor: true });
  let progress: Drawn<S> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let drawn: { lines: readonly string[]; width: number } | undefined;

  const draw = (snapshot: S): void => {
    // A line that is as wide as the terminal is broken by some of them.
    const width = Math.max(1, terminal.columns - 1);
    // The last line of a frame is an empty one.
    const height = terminal.rows - 1;
    const text = view(snapshot, { width, height });
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
    notice: (): void => undefined,
    begin: (what: Drawn<S>): void => {
      progress = what;
      terminal.write(hideCursor);
      terminal.on('resize', resized);
      // However this process ends, the cursor has to come back.
      process.once('exit', letGo);
      redraw();
      timer = setInterval(redraw, period);
    },
    end: (): void => {
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
