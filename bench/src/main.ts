/** The command: measures what it is asked to, and prints the tables. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse, usage, UsageError, type CommandLine } from './commandLine.js';
import { expectOneCopy, machine, versions } from './machine.js';
import { Progress } from './progress.js';
import { report } from './report.js';
import { errorsOf, type Results, type ScenarioResult } from './results.js';
import { runScenario } from './runner.js';
import { fullName, type Scenario } from './scenario.js';
import { scenarios } from './scenarios.js';
import { howToInstall, pathOf } from './servers/program.js';

/** The program of a server that was asked for is not installed. */
class MissingProgramError extends Error {}

/** Ctrl-C, and its like. */
const interrupted = new AbortController();
const signals = { SIGINT: 130, SIGTERM: 143 };
for (const [signal, code] of Object.entries(signals)) {
  process.once(signal, () => {
    process.exitCode = code;
    interrupted.abort();
  });
}

try {
  const asked = parse(process.argv.slice(2));
  if (asked.help) {
    process.stdout.write(usage);
  } else if (asked.list) {
    list(chosen(asked.words));
  } else {
    await bench(asked);
  }
} catch (error) {
  if (!interrupted.signal.aborted) {
    const isUsage = error instanceof UsageError;
    const isMissing = error instanceof MissingProgramError;
    const hint = '\nnpm run bench -- --help says what is possible';
    console.error(isUsage ? error.message + hint : isMissing ? error.message : error);
    process.exitCode = isUsage ? 2 : 1;
  }
}

/** The scenarios with those cases that have every word in their name. */
function chosen(words: readonly string[]): Scenario[] {
  const found = scenarios
    .map((scenario) => ({
      ...scenario,
      cases: scenario.cases.filter((one) => words.every((word) => fullName(scenario, one).includes(word))),
    }))
    .filter(({ cases }) => cases.length > 0);
  if (found.length === 0) {
    throw new UsageError(`no case has all of these words in its name: ${words.join(' ')}`);
  }
  return found;
}

/**
 * Those that can be run here. Those whose program is missing are left out, with a word about it; when they were asked
 * for, that is an error.
 */
function possible(found: readonly Scenario[], wereAskedFor: boolean): Scenario[] {
  const needed = new Set(found.flatMap(({ needs }) => (needs === undefined ? [] : [needs])));
  const missing = [...needed].filter((program) => pathOf(program) === undefined);
  for (const program of missing) {
    const names = found.filter(({ needs }) => needs === program).map(({ name }) => name);
    const leftOut = `${howToInstall(program)} for ${names.join('; ')}`;
    if (wereAskedFor) {
      throw new MissingProgramError(leftOut);
    }
    console.error(`Left out: ${leftOut}`);
  }
  return found.filter(({ needs }) => needs === undefined || !missing.includes(needs));
}

function list(found: readonly Scenario[]): void {
  for (const scenario of found) {
    for (const one of scenario.cases) {
      console.log(fullName(scenario, one));
    }
  }
}

async function bench({ words, runs, quick, json, markdown }: CommandLine): Promise<void> {
  expectOneCopy();
  const found = possible(chosen(words), words.length > 0);
  const results: Results & { readonly scenarios: ScenarioResult[] } = {
    date: new Date().toISOString(),
    machine: machine(),
    versions: versions(),
    options: { runs, quick, words: words.join(' ') },
    scenarios: [],
  };
  // After every scenario, so that nothing is lost by an interruption; and at once, lest a path be wrong.
  const keep = () => {
    write(markdown, report(results));
    write(json, JSON.stringify(results, null, 2));
  };
  keep();
  const progress = new Progress(process.stderr, runs);
  try {
    for (const scenario of found) {
      const plan = { runs, quick, signal: interrupted.signal, progress: progress.tell.bind(progress) };
      results.scenarios.push(await runScenario(scenario, plan));
      keep();
    }
  } catch (error) {
    progress.end('stopped');
    throw error;
  }
  progress.end('done');
  console.log(report(results));
  if (results.scenarios.some(({ cases }) => cases.some((one) => errorsOf(one).length > 0))) {
    process.exitCode = 1;
  }
}

/** Writes a file, whose path is meant from where npm was called, and not from here, where it runs scripts. */
function write(file: string | undefined, text: string): void {
  if (file !== undefined) {
    const path = resolve(process.env.INIT_CWD ?? '', file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${text}\n`);
  }
}
