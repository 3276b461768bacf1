/** The command line of the cluster. */
import { parseArgs } from 'node:util';
import { ClusterError } from './clusterError.js';
import { defaults, type ClusterSettings } from './settings.js';

/** What `--help` prints. */
export const help = `A cluster on this machine: events in a JetStream server, and 1, 2, then 4 workers that balance them
over three collectors, while workers and collectors are killed (SIGKILL), and the server is restarted.

Usage: npm run cluster -- [options]
       cluster [options]

  --events N     publish N events (default 200000)
  --million      publish 1000000
  --seed N       another course of chance: who is killed, and when (default 1)
  --poison P     which part of the events no collector takes, from 0 to 1 (default 0.0005)
  --quick        shorter storms
  --batch N      events in a request at most (default 500)
  --window N     requests that a worker has in flight to each collector (default 2)
  --latency MS   let each request take MS milliseconds longer, as if the collectors were far away (default 0)

  --json         the ledger as one line of JSON
  --quiet        the ledger only
  --help         print this

Each phase begins calm: its events are published, and then its workers take them; that is measured. Then comes a
storm: more events are published while workers and collectors are killed, and others started in their places. In the
last one the server is restarted, too.

The ledger goes to standard output; it is taken from the collectors' files and the stream of dead letters. Progress
goes to standard error: a live view on a terminal (without colours when NO_COLOR is set), or else lines.

nats-server has to be installed: \`apt-get install nats-server\` (Debian, Ubuntu), \`brew install nats-server\` (macOS).
It is looked for on the PATH, and in /usr/sbin; NATS_SERVER=FILE says where it is.
All that is started listens on 127.0.0.1, writes to a temporary folder, and ends with this; so does Ctrl-C.

Exit code: 0 when nothing was lost and everything is accounted for; 1 when not; 2 when the command line is wrong or
nats-server is missing; 130 when it was stopped.
`;

/** What the command line asks for. */
export interface Command {
  readonly settings: ClusterSettings;
  readonly json: boolean;
  readonly quiet: boolean;
}

const million = 1_000_000;
/** What is counted has to fit. */
const mostEvents = 100 * million;

/**
 * Reads the command line.
 * @param args The words.
 * @returns What it asks for; `undefined` for help.
 * @throws ClusterError when something is wrong with it.
 */
export function commandFrom(args: string[]): Command | undefined {
  const values = parsed(args);
  if (values.help === true) {
    return undefined;
  }
  if (values.million === true && values.events !== undefined) {
    throw new ClusterError('expected either --events or --million, got both', 2);
  }
  return {
    json: values.json === true,
    quiet: values.quiet === true,
    settings: {
      events:
        values.million === true ? million : count('--events', 1, mostEvents, values.events, defaults.events),
      seed: count('--seed', 0, 2 ** 32 - 1, values.seed, defaults.seed),
      poison: part('--poison', values.poison, defaults.poison),
      quick: values.quick === true,
      batch: count('--batch', 1, 1_000, values.batch, defaults.batch),
      window: count('--window', 1, 100, values.window, defaults.window),
      latency: count('--latency', 0, 5_000, values.latency, defaults.latency),
    },
  };
}

function parsed(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        events: { type: 'string' },
        million: { type: 'boolean' },
        seed: { type: 'string' },
        poison: { type: 'string' },
        quick: { type: 'boolean' },
        batch: { type: 'string' },
        window: { type: 'string' },
        latency: { type: 'string' },
        json: { type: 'boolean' },
        quiet: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    throw new ClusterError(error instanceof Error ? error.message : String(error), 2);
  }
}

function count(
  flag: string,
  least: number,
  most: number,
  text: string | undefined,
  otherwise: number,
): number {
  const value = Number(text ?? otherwise);
  if ((text !== undefined && !/^\d+$/.test(text)) || value < least || value > most) {
    throw new ClusterError(
      `expected ${flag} to be a whole number from ${least} to ${most}, got '${text ?? ''}'`,
      2,
    );
  }
  return value;
}

function part(flag: string, text: string | undefined, otherwise: number): number {
  const value = Number(text ?? otherwise);
  if (text?.trim() === '' || !(value >= 0 && value <= 1)) {
    throw new ClusterError(`expected ${flag} to be a number from 0 to 1, got '${text ?? ''}'`, 2);
  }
  return value;
}
