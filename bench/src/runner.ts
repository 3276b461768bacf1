/** Runs the cases, each run in a process of its own, and those of a scenario in turns. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { CaseResult, Run, ScenarioResult } from './results.js';
import type { Case, Scenario } from './scenario.js';

export interface Plan {
  readonly runs: number;
  readonly quick: boolean;
  /** Told before each run. */
  readonly progress: (scenario: Scenario, one: Case, run: number) => void;
  /** When it is aborted, the process at work is ended. */
  readonly signal: AbortSignal;
}

/** No run takes longer, unless something hangs. Milliseconds. */
const longest = 120_000;

const program = fileURLToPath(new URL('child.js', import.meta.url));

/**
 * Measures a scenario. Its cases take turns, forward and then backward, so that a machine that becomes slower or
 * faster in the meantime does the same to all of them.
 */
export async function runScenario(scenario: Scenario, plan: Plan): Promise<ScenarioResult> {
  const runs = new Map<Case, Run[]>(scenario.cases.map((one) => [one, []]));
  for (let run = 0; run < plan.runs; run++) {
    for (const one of run % 2 === 0 ? scenario.cases : [...scenario.cases].reverse()) {
      plan.progress(scenario, one, run);
      runs.get(one)?.push(await runOnce(scenario, one, plan));
    }
  }
  const { name, about } = scenario;
  const cases = [...runs].map(([one, its]): CaseResult => {
    const { does = '', reference = false } = one;
    return { name: one.name, does, reference, runs: its };
  });
  return { name, about, cases };
}

function runOnce(scenario: Scenario, one: Case, { quick, signal }: Plan): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = fork(program, [scenario.name, one.name, quick ? 'quick' : 'full'], {
      execArgv: ['--expose-gc'],
      timeout: longest,
      killSignal: 'SIGKILL',
      signal,
    });
    let result: Run | undefined;
    child.on('message', (message) => {
      result = message as Run;
    });
    child.on('error', reject);
    child.on('exit', (code, killedBy) => {
      const how = killedBy === null ? `with the code ${code}` : `by ${killedBy}`;
      resolve(result ?? { kind: 'failed', error: `its process ended ${how}, without a result` });
    });
  });
}
