/** The command line of the shipper: `ship [FILE|-]`. */
import { parseArgs } from 'node:util';
import { ship, type ShipOptions, type Shipment } from './ship/ship.js';
import { InputError } from './ship/source.js';

const help = `Ships lines to three HTTP collectors, kills one of them midway, and counts what has arrived.

Usage: ship [options] [FILE|-]

  FILE          ship the lines of a file
  -             ship the lines of standard input
                without either: ship a made-up access log

  --events N    how many events to make up (default 20000)
  --window N    requests in flight on each connection (default 8)
  --keep        leave the collectors' files, and say where they are
  --quiet       print the result only
  --help        print this

One collector is killed with SIGKILL when half is delivered (of standard input: 1000 lines), and started
again a second later. Ctrl-C stops reading and ships what has been read, for at most five seconds;
a second one stops at once.

Exit code: 0 when everything has arrived, 1 when something was lost or dropped, 2 when the command line is
wrong or the input cannot be read, 130 when it was stopped by Ctrl-C with nothing lost.
`;

/** The command line is wrong. */
class UsageError extends Error {}

/** What the command line asks for; `undefined` for help. */
function optionsFrom(args: string[]): ShipOptions | undefined {
  const { values, positionals } = parse(args);
  if (values.help === true) {
    return undefined;
  }
  const [input, ...more] = positionals;
  if (more.length > 0) {
    throw new UsageError(`expected one FILE, got ${positionals.length}`);
  }
  if (input !== undefined && values.events !== undefined) {
    throw new UsageError('expected either FILE or --events, got both');
  }
  return {
    input,
    events: count('--events', 0, values.events),
    window: count('--window', 1, values.window),
    keep: values.keep,
    print: values.quiet === true ? undefined : print,
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        events: { type: 'string' },
        window: { type: 'string' },
        keep: { type: 'boolean' },
        quiet: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function count(flag: string, least: number, text: string | undefined): number | undefined {
  if (text === undefined) {
    return undefined;
  }
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least) {
    throw new UsageError(`expected ${flag} to be a whole number, ${least} or more, got '${text}'`);
  }
  return value;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** The end of it in a few words. */
function summaryOf(shipment: Shipment, keep: boolean): string {
  const { sent, arrived, duplicated, foreign, lost, dropped, files } = shipment;
  return [
    `sent        ${sent}`,
    `arrived     ${arrived}`,
    `duplicated  ${duplicated}`,
    `lost        ${lost}`,
    ...(dropped > 0 ? [`dropped     ${dropped}`] : []),
    ...(foreign > 0 ? [`foreign     ${foreign}`] : []),
    ...(keep ? ['files', ...files.map((file) => `  ${file}`)] : []),
  ].join('\n');
}

/** A signal stops it, the next one ends it. */
function stopOnSignals(): AbortSignal {
  const stop = new AbortController();
  const onSignal = (): void => {
    if (stop.signal.aborted) {
      process.exit(130);
    }
    stop.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, onSignal);
  }
  return stop.signal;
}

async function main(): Promise<number> {
  const options = optionsFrom(process.argv.slice(2));
  if (options === undefined) {
    process.stdout.write(help);
    return 0;
  }
  const stop = stopOnSignals();
  const shipment = await ship({ ...options, stop });
  print(summaryOf(shipment, options.keep === true));
  if (shipment.lost > 0 || shipment.dropped > 0) {
    return 1;
  }
  return stop.aborted ? 130 : 0;
}

// Somebody who reads no further, as in `ship | head`, wants no more.
process.stdout.on('error', () => {
  process.exit(1);
});

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof UsageError || error instanceof InputError)) {
    throw error;
  }
  process.stderr.write(`ship: ${error.message.replace(/\s+/g, ' ')}\n`);
  process.exitCode = 2;
}
