/** The tables: one a scenario, and the goals. */
import { goalsOf, type Goal } from './goals.js';
import { machineInWords } from './machine.js';
import { short, table, type Column } from './markdown.js';
import {
  errorsOf,
  figuresOf,
  nsPerEvent,
  peakMemory,
  processorNs,
  type CaseResult,
  type Results,
  type ScenarioResult,
  type Spread,
} from './results.js';

const left = (head: string): Column => ({ head, align: 'left' });
const right = (head: string): Column => ({ head, align: 'right' });

/** The whole report. */
export function report(results: Results): string {
  const { date, machine, options, scenarios, versions } = results;
  const runs = `${options.runs} ${options.runs === 1 ? 'run' : 'runs'}`;
  return [
    `Measured on ${date.slice(0, 10)}: ${machineInWords(machine)}. Medians of ${runs}.`,
    ...(options.quick ? ['A quick run, to see that everything works: its figures mean nothing.'] : []),
    ...scenarios.map((scenario) => `## ${scenario.name}\n\n${scenario.about}\n\n${scenarioTable(scenario)}`),
    ...goalsSection(results),
    `Versions: ${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}.`,
  ].join('\n\n');
}

/** What was measured of a scenario, case by case. */
export function scenarioTable(scenario: ScenarioResult): string {
  const figured = scenario.cases.some(({ runs }) => runs.some(({ kind }) => kind === 'figured'));
  const failures = scenario.cases.flatMap((one) =>
    errorsOf(one).map((error) => `**${one.name} failed:** ${error}`),
  );
  return [figured ? figuresTable(scenario) : timesTable(scenario), ...failures].join('\n\n');
}

function timesTable({ cases }: ScenarioResult): string {
  const references = cases.flatMap((one) => {
    const ns = one.reference ? nsPerEvent(one)?.median : undefined;
    return ns === undefined ? [] : [{ name: one.name, ns }];
  });
  const does = cases.some((one) => one.does !== '');
  const processor = cases.some((one) => processorNs(one) !== undefined);
  const columns = [
    left('case'),
    ...['ns per event', 'min', 'max', 'events per second'].map(right),
    ...references.map(({ name }) => right(`× ${name}`)),
    ...(processor ? [right('processor ns per event')] : []),
    right('peak MB'),
    ...(does ? [left('does')] : []),
  ];
  const row = (one: CaseResult): string[] => {
    const ns = nsPerEvent(one);
    const times =
      ns === undefined
        ? ['failed', '', '', '', ...references.map(() => '')]
        : [
            short(ns.median),
            short(ns.min),
            short(ns.max),
            (Math.round(1e6 / ns.median) * 1e3).toLocaleString('en'),
            ...references.map((reference) => short(ns.median / reference.ns)),
          ];
    const spent = processorNs(one)?.median;
    return [
      one.name,
      ...times,
      ...(processor ? [spent === undefined ? '' : short(spent)] : []),
      megabytes(peakMemory(one)),
      ...(does ? [one.does] : []),
    ];
  };
  return table(columns, cases.map(row));
}

function figuresTable({ cases }: ScenarioResult): string {
  const rows = cases.flatMap((one) =>
    [...figuresOf(one)].map(([what, { median, min, max }]) => [
      one.name,
      what,
      short(median),
      short(min),
      short(max),
    ]),
  );
  return table([left('case'), left('what'), right('median'), right('min'), right('max')], rows);
}

/** Nothing, when no goal was measured, or none can be judged. */
function goalsSection(results: Results): string[] {
  const goals = goalsOf(results);
  return goals.length === 0 || results.options.quick ? [] : [`## Goals\n\n${goalsTable(goals)}`];
}

export function goalsTable(goals: readonly Goal[]): string {
  const rows = goals.map(({ what, limit, measured, reached }) => [
    what,
    limit,
    measured,
    reached === undefined ? 'in part measured' : reached ? 'yes' : '**no**',
  ]);
  return table(['goal', 'limit', 'measured', 'reached'].map(left), rows);
}

function megabytes(bytes: Spread | undefined): string {
  return bytes === undefined ? '' : short(bytes.median / 1e6);
}
