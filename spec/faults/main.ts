/** The command: has the bad days that it is asked for, and prints what became of them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { root } from '../readme/blocks.js';
import { cases } from './cases.js';
import type { Case } from './case.js';
import { parse, usage, UsageError, type CommandLine } from './commandLine.js';
import { machine, problems, tables, type Told } from './report.js';

/** The tables stand between them. */
const [start, end] = ['<!-- faults:start -->', '<!-- faults:end -->'] as const;

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
  const exact = cases.filter(({ name }) => name === words.join(' '));
  const found =
    exact.length > 0 ? exact : cases.filter(({ name }) => words.every((word) => name.includes(word)));
  if (found.length === 0) {
    throw new UsageError(`nothing has all of these words in its name: ${words.join(' ')}`);
  }
  return found;
}

async function run({ words, quick, seed, json, readme }: CommandLine): Promise<void> {
  const days: Told[] = [];
  const asked = chosen(words);
  if (json !== undefined) {
    // At once, lest the path be wrong.
    writeJson(json, '');
  }
  const failures: string[] = [];
  for (const [index, day] of asked.entries()) {
    console.error(`${index + 1}/${asked.length} ${day.name}: ${day.what}`);
    try {
      days.push({ day, account: await day.run({ quick, seed }) });
    } catch (error) {
      failures.push(`${day.name}: ${String(error)}`);
    }
  }
  const text = await tables(days);
  console.log(`${machine()}, seed ${seed}${quick ? ', quick' : ''}\n\n${text}`);
  if (json !== undefined) {
    const results = { date: new Date().toISOString(), machine: machine(), seed, quick, days };
    writeJson(json, `${JSON.stringify(results, null, 2)}\n`);
  }
  const wrong = [...failures, ...problems(days)];
  if (wrong.length > 0) {
    console.error(`\nThis must not be:\n${wrong.join('\n')}`);
    process.exitCode = 1;
  } else if (readme) {
    publish(`${start}\n\n${machine()}; ${new Date().toISOString().slice(0, 10)}.\n\n${text}\n${end}`);
  }
}

function writeJson(file: string, text: string): void {
  try {
    // A path is meant from where npm was called.
    writeFileSync(resolve(process.env['INIT_CWD'] ?? '', file), text);
  } catch (error) {
    throw new UsageError(`cannot write ${file}: ${String(error)}`);
  }
}

function publish(text: string): void {
  const file = join(root, 'README.md');
  const whole = readFileSync(file, 'utf8');
  const [from, to] = [whole.indexOf(start), whole.indexOf(end)];
  if (from < 0 || to < from) {
    throw new Error(`${file}: expected ${start} and ${end}`);
  }
  writeFileSync(file, whole.slice(0, from) + text + whole.slice(to + end.length));
}
