/** The command line of the shipper: `ship [FILE|-] [--to URL…]`. */
import { CollectorError } from './ship/collectorProcess.js';
import { commandFrom, help, UsageError, type Command } from './ship/commandLine.js';
import { DeadLetterError } from './ship/deadLetters.js';
import { quiet, type Display } from './ship/display.js';
import { errorText } from './ship/errorText.js';
import { FileError, fileError } from './ship/fileError.js';
import { interruptedBySignals, interruptedCode } from './ship/interruption.js';
import { liveDisplay } from './ship/liveDisplay.js';
import { plainDisplay } from './ship/plainDisplay.js';
import { ship } from './ship/ship.js';
import type { Shipment } from './ship/shipment.js';
import { isComplete, summaryJson, summaryText } from './ship/summary.js';

const { stderr, stdout } = process;

async function run({ options, json, quiet: isQuiet }: Command): Promise<number> {
  const display = isQuiet ? quiet : displayOn(stderr);
  const interruption = interruptedBySignals();
  const shipment = await ship({ ...options, display, interruption });
  const keep = options.keep === true;
  stdout.write(`${json ? summaryJson(shipment, keep) : summaryText(shipment, keep)}\n`);
  return shipment.error === undefined
    ? exitCodeOf(shipment, interruption.stop.aborted)
    : failed(shipment.error);
}

function exitCodeOf(shipment: Shipment, isStopped: boolean): number {
  if (!isComplete(shipment)) {
    return 1;
  }
  return isStopped ? interruptedCode : 0;
}

/** Some terminals cannot move the cursor, and some do not know how wide they are. */
function displayOn(stream: NodeJS.WriteStream): Display {
  return stream.isTTY && stream.columns > 0 && process.env['TERM'] !== 'dumb'
    ? liveDisplay(stream)
    : plainDisplay((text) => stream.write(text));
}

/** Says on one line what is wrong, where somebody can do something about it. */
function failed(error: unknown): number {
  const isExpected = [UsageError, FileError, CollectorError, DeadLetterError].some(
    (kind) => error instanceof kind,
  );
  if (!isExpected) {
    throw error;
  }
  stderr.write(`ship: ${errorText(error)}\n`);
  return error instanceof DeadLetterError ? 1 : 2;
}

/** Somebody who reads no further, as in `ship | head`, misses nothing: the summary comes last. */
function isReaderGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EPIPE';
}

stdout.on('error', (error) => {
  if (!isReaderGone(error)) {
    const code = failed(fileError('write', 'standard output', error));
    process.once('exit', () => {
      process.exitCode = code;
    });
  }
});
// What is under way does not depend on who watches.
stderr.on('error', () => undefined);

try {
  const command = commandFrom(process.argv.slice(2));
  if (command === undefined) {
    stdout.write(help);
  } else {
    process.exitCode = await run(command);
  }
} catch (error) {
  process.exitCode = failed(error);
}
