/** The command: has the bad days that it is asked for, and prints what became of them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { cases } from './cases.js';
import type { Case } from './case.js';
import { parse, usage, UsageError, type CommandLine } from './commandLine.js';
import { machine, problems, tables, type Told } from './report.js';

/** The tables stand between them. */
const [start, end] = ['<!-- faults:start -->', '<!-- faults:end -->'] as const;

/** Paths are meant from where npm was called. */
const here = process.env['INIT_CWD'] ?? '';

// What the days have started ends with this process.
for (const [signal, code] of Object.entries({ SIGINT: 130, SIGTERM: 143 })) {
  process.once(signal, () => process.exit(code));
}

try {
  const asked = parse(process.argv.slice(2));
  if (asked.help) {
    process.stdout.write(usage);
  } else if (asked.list) {
    for (const { name, what } of chosen(asked.words)) {
      console.log(`${name}: ${what}`);
    }
  } else {
    await run(asked);
  }
} catch (error) {
  const isUsage = error instanceof UsageError;
  console.error(isUsage ? `${error.message}\nnpm run faults -- --help says what is possible` : error);
  // What a day has started would keep this process alive.
  process.exit(isUsage ? 2 : 1);
}

function chosen(words: readonly string[]): readonly Case[] {
  const found = cases.filter(({ name }) => words.every((word) => name.includes(word)));
  if (found.length === 0) {
    throw new UsageError(`nothing has all of these words in its name: ${words.join(' ')}`);
  }
  return found;
}

async function run({ words, quick, seed, json, readme }: CommandLine): Promise<void> {
  const days: Told[] = [];
  const asked = chosen(words);
  for (const [index, day] of asked.entries()) {
    console.error(`${index + 1}/${asked.length} ${day.name}: ${day.what}`);
    days.push({ day, account: await day.run({ quick, seed }) });
  }
  const text = await tables(days);
  console.log(`${machine()}, seed ${seed}${quick ? ', quick' : ''}\n\n${text}`);
  if (json !== undefined) {
    const results = { date: new Date().toISOString(), machine: machine(), seed, quick, days };
    writeFileSync(resolve(here, json), `${JSON.stringify(results, null, 2)}\n`);
  }
  const wrong = problems(days);
  if (wrong.length > 0) {
    console.error(`\nThe books do not balance:\n${wrong.join('\n')}`);
    process.exitCode = 1;
  } else if (readme) {
    publish(`${start}\n\n${machine()}; ${new Date().toISOString().slice(0, 10)}.\n\n${text}\n${end}`);
  }
}

function publish(text: string): void {
  const file = resolve(here, 'README.md');
  const whole = readFileSync(file, 'utf8');
  const [from, to] = [whole.indexOf(start), whole.indexOf(end)];
  if (from < 0 || to < from) {
    throw new Error(`${file}: expected ${start} and ${end}`);
  }
  writeFileSync(file, whole.slice(0, from) + text + whole.slice(to + end.length));
}
