/** What is told of the days: a table of the books, one of the goals, and what does not balance. */
import { cpus, totalmem, type } from 'node:os';
import { format } from 'prettier';
import type { Account, Case, Goal } from './case.js';

/** A day that is over. */
export interface Told {
  readonly day: Pick<Case, 'name' | 'what'>;
  readonly account: Account;
}

/** The machine on which it was. */
export function machine(): string {
  const processors = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${processors[0]?.model.trim() ?? 'unknown'}, ${processors.length} cores, ${memory} GiB, ${type()}, Node.js ${process.versions.node}`;
}

/**
 * Both tables, in Markdown.
 * @param days What was.
 * @returns A text that is formatted as this repository wants it.
 */
export function tables(days: readonly Told[]): Promise<string> {
  return format([books(days), goals(days)].filter((text) => text !== '').join('\n\n'), {
    parser: 'markdown',
  });
}

/** What must not be, a line each. */
export function problems(days: readonly Told[]): string[] {
  return days.flatMap(({ day, account: { statement, problems, goals } }) =>
    [
      ...statement.problems,
      ...problems,
      ...goals.filter(({ measured }) => Number.isNaN(measured)).map(({ what }) => `${what}: never`),
    ].map((problem) => `${day.name}: ${problem}`),
  );
}

function books(days: readonly Told[]): string {
  const head =
    '| what happens | sent | delivered | dropped | in a file | twice | no answer | median | p99 | longest | moved away | share back |';
  const ruler = '| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |';
  return [head, ruler, ...days.map(row)].join('\n');
}

function row({ day, account }: Told): string {
  const { statement, latency, movedAway, shareBack } = account;
  const { sent, delivered, dropped, arrived, duplicates, lost, droppedButArrived } = statement;
  const inFile = droppedButArrived === 0 ? '' : ` (${figure(droppedButArrived)} in a file)`;
  const cells = [
    `**${day.name}**: ${day.what}`,
    ...[sent, delivered].map(figure),
    `${
      Object.entries(dropped)
        .map(([reason, many]) => `${figure(many)} ${reason}`)
        .join(', ') || '0'
    }${inFile}`,
    ...[arrived, duplicates, lost, latency.median, latency.p99, latency.longest].map(figure),
    ...[movedAway, shareBack].map((time) => (time === undefined ? '' : figure(time))),
  ];
  return `| ${cells.join(' | ')} |`;
}

function goals(days: readonly Told[]): string {
  const all = days.flatMap(({ day, account }) => account.goals.map((goal) => ({ ...goal, day })));
  if (all.length === 0) {
    return '';
  }
  const kinds = new Set(all.map(({ what }) => what));
  const rows = [...kinds].map((kind) => {
    const alike = all.filter(({ what }) => what === kind);
    const missed = alike.filter(({ reached }) => !reached);
    const verdict = missed.length === 0 ? 'yes' : `not ${missed.map(({ day }) => day.name).join(', ')}`;
    return `| ${kind} | ${alike[0]?.asked ?? ''} | ${span(alike)} | ${verdict} |`;
  });
  return ['| goal | asked | measured | reached |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

/** From the lowest to the highest; and whether one never was. */
function span(goals: readonly Goal[]): string {
  const { unit = '' } = goals[0] ?? {};
  const figures = goals.map(({ measured }) => measured).filter((measured) => !Number.isNaN(measured));
  const [low = '', high = ''] =
    figures.length === 0 ? [] : [Math.min(...figures), Math.max(...figures)].map(figure);
  const measured = `${low === high ? low : `${low} to ${high}`} ${unit}`.trim();
  return figures.length === 0
    ? 'never'
    : figures.length === goals.length
      ? measured
      : `${measured}, or never`;
}

/** Three digits, or all of a whole number. */
function figure(value: number): string {
  if (Number.isNaN(value)) {
    return 'never';
  }
  const short = Number.isInteger(value) || value >= 100 ? Math.round(value) : Number(value.toPrecision(3));
  return short.toLocaleString('en', { maximumFractionDigits: 2 });
}
