/** The live view on a terminal. */
import { Chalk, supportsColorStderr, type ChalkInstance, type ColorSupportLevel } from 'chalk';
import type { Display } from './display.js';
import { redrawn, type Terminal } from './redrawn.js';
import { viewOf } from './view.js';

export type { Terminal } from './redrawn.js';

/**
 * Draws on a terminal.
 * @param terminal Where.
 * @param chalk Its colours. Default: what the terminal can do, and none when NO_COLOR is set.
 */
export function liveDisplay(terminal: Terminal, chalk: ChalkInstance = colours()): Display {
  return redrawn(terminal, (snapshot, room) => viewOf(snapshot, room, chalk));
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
