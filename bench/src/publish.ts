/** The command that publishes what was measured: a chart and a table in README.md, the goals in bench/README.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { chart } from './chart.js';
import { goalsOf } from './goals.js';
import { machineInWords } from './machine.js';
import { goalsTable, scenarioTable } from './report.js';
import { errorsOf, type Results } from './results.js';

const headline = 'promise 4x1';
const [begin, end] = ['<!-- benchmark:start -->', '<!-- benchmark:end -->'];
const root = new URL('../../', import.meta.url);

const results = JSON.parse(readFileSync(new URL('bench/results.json', root), 'utf8')) as Results;
const scenario = results.scenarios.find(({ name }) => name === headline);
const failed = results.scenarios.some(({ cases }) => cases.some((one) => errorsOf(one).length > 0));
if (scenario === undefined || results.options.quick || results.options.words !== '' || failed) {
  throw new Error(
    'expected bench/results.json to be of a run of everything, not a quick one, and without failures',
  );
}

const { date, machine, options } = results;
const measured = `Medians of ${options.runs} runs; ${machineInWords(machine)}; ${date.slice(0, 10)}.`;
writeFileSync(new URL('docs/benchmark.svg', root), `${await chart(results, scenario)}\n`);
replace('README.md', [
  '![What it costs to send an event: this package, and what else does the work](docs/benchmark.svg)',
  `${scenario.about} ${measured}`,
  scenarioTable(scenario),
]);
replace('bench/README.md', [measured, goalsTable(goalsOf(results))]);

/** Puts paragraphs between the two markers of a file. */
function replace(file: string, paragraphs: readonly string[]): void {
  const path = new URL(file, root);
  const text = readFileSync(path, 'utf8');
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) {
    throw new Error(`expected ${file} to have the lines ${begin} and ${end}`);
  }
  const between = ['', ...paragraphs, ''].join('\n\n');
  writeFileSync(path, text.slice(0, from + begin.length) + between + text.slice(to));
}
