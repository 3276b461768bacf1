/** What can be said on the command line. */
import { parseArgs } from 'node:util';

export const usage = `Usage: npm run faults -- [options] [words…]

Ships events to real collectors while something bad happens to them, and balances the books: of every event, what
was said to have become of it, and what is in the collectors' files. Without words, all that can happen, which takes
five minutes; with words, what has each of them in its name. It needs Linux, where the size of a file can be limited.

  --list       say what can happen, and do nothing
  --quick      shorter days
  --seed N     what chance begins with (default 1)
  --json FILE  write the figures
  --readme     write the tables into README.md: only of a whole run, not a quick one, in which all balances
  --help       say this

Exit code: 1 when something does not balance or never happens, 2 when the command line is wrong, 130 when interrupted. A goal that
is missed is told, and is no failure: it is a matter of the machine.

npm run faults -- killed
npm run faults -- --quick reset
npm run faults -- --seed 7 soak
`;

/** What is asked for. */
export interface CommandLine {
  readonly help: boolean;
  readonly list: boolean;
  readonly quick: boolean;
  readonly seed: number;
  readonly json: string | undefined;
  readonly readme: boolean;
  readonly words: readonly string[];
}

/** The command line is not what it should be. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * Reads the command line.
 * @param args The words.
 * @throws UsageError when something is wrong with them.
 */
export function parse(args: readonly string[]): CommandLine {
  const { values, positionals: words } = parsed(args);
  const { help = false, list = false, quick = false, readme = false, seed = '1', json } = values;
  if (!/^\d{1,9}$/.test(seed)) {
    throw new UsageError(`expected --seed to be a whole number, got '${seed}'`);
  }
  if (readme && (quick || words.length > 0)) {
    throw new UsageError('expected --readme without --quick and without words');
  }
  return { help, list, quick, readme, seed: Number(seed), json, words };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        list: { type: 'boolean' },
        quick: { type: 'boolean' },
        seed: { type: 'string' },
        json: { type: 'string' },
        readme: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
