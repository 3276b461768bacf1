/** The live view on a terminal. */
import type { ChalkInstance } from 'chalk';
import { colours } from '../ship/liveDisplay.js';
import { redrawn, type Terminal } from '../ship/redrawn.js';
import type { Display } from './display.js';
import { viewOf } from './view.js';

/**
 * Draws on a terminal.
 * @param terminal Where.
 * @param chalk Its colours. Default: what the terminal can do, and none when NO_COLOR is set.
 */
export function liveDisplay(terminal: Terminal, chalk: ChalkInstance = colours()): Display {
  return redrawn(terminal, (snapshot, room) => viewOf(snapshot, room, chalk));
}
