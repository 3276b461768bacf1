/** The command line of the cluster: `npm run cluster -- [options]`. */
import { runCluster } from './cluster/cluster.js';
import { ClusterError } from './cluster/clusterError.js';
import { commandFrom, help, type Command } from './cluster/commandLine.js';
import { quiet, type Display } from './cluster/display.js';
import { isGood } from './cluster/ledger.js';
import { liveDisplay } from './cluster/liveDisplay.js';
import { plainDisplay } from './cluster/plainDisplay.js';
import { summaryJson, summaryText } from './cluster/summary.js';
import { CollectorError } from './ship/collectorProcess.js';
import { errorText } from './ship/errorText.js';
import { interruptedBySignals, interruptedCode } from './ship/interruption.js';

const { stderr, stdout } = process;

async function run({ settings, json, quiet: isQuiet }: Command): Promise<number> {
  const display = isQuiet ? quiet : displayOn(stderr);
  const { stop } = interruptedBySignals();
  try {
    const ledger = await runCluster(settings, display, stop);
    stdout.write(`${json ? summaryJson(ledger) : summaryText(ledger)}\n`);
    return isGood(ledger) ? 0 : 1;
  } catch (error) {
    if (stop.aborted) {
      return interruptedCode;
    }
    throw error;
  }
}

/** Some terminals cannot move the cursor, and some do not know how wide they are. */
function displayOn(stream: NodeJS.WriteStream): Display {
  return stream.isTTY && stream.columns > 0 && process.env['TERM'] !== 'dumb'
    ? liveDisplay(stream)
    : plainDisplay((text) => stream.write(text));
}

/** Says on one line what is wrong, where somebody can do something about it. */
function failed(error: unknown): number {
  if (!(error instanceof ClusterError) && !(error instanceof CollectorError)) {
    throw error;
  }
  stderr.write(`cluster: ${errorText(error)}\n`);
  return error instanceof ClusterError ? error.exitCode : 1;
}

// What is under way does not depend on who watches.
stdout.on('error', () => undefined);
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
