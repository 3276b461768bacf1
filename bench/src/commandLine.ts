/** What can be said on the command line. */
import { parseArgs } from 'node:util';

export const usage = `Usage: npm run bench -- [options] [words…]

Measures the cases in whose full name, "scenario / case", each of the words occurs; all cases without words.

  --list           say which cases there are, and measure nothing
  --runs N         so many processes for each case (default 5)
  --quick          one run of one burst with a hundredth of the events, to see that all works
  --json FILE      write what was measured, run by run
  --markdown FILE  write the tables
  --help           say this

npm run bench -- promise 4x1
npm run bench -- --runs 9 burst loadBalance
`;

export interface CommandLine {
  readonly help: boolean;
  readonly list: boolean;
  readonly quick: boolean;
  readonly runs: number;
  readonly json: string | undefined;
  readonly markdown: string | undefined;
  readonly words: readonly string[];
}

/** The command line is not what it should be. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export function parse(args: readonly string[]): CommandLine {
  const { values, positionals } = parsed(args);
  const { help = false, list = false, quick = false, json, markdown } = values;
  const runs = Number(values.runs ?? (quick ? 1 : 5));
  if (!Number.isInteger(runs) || runs < 1) {
    throw new UsageError(`expected --runs to be a positive integer, got ${values.runs}`);
  }
  return { help, list, quick, runs, json, markdown, words: positionals };
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
        runs: { type: 'string' },
        json: { type: 'string' },
        markdown: { type: 'string' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
