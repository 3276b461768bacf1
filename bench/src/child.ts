/** The process of one case: measures it once, tells its parent, and ends. */
import { full, quick } from './measure.js';
import type { Run } from './results.js';
import { scenarios } from './scenarios.js';

const [scenarioName, caseName, effort] = process.argv.slice(2);

async function run(): Promise<Run> {
  const scenario = scenarios.find(({ name }) => name === scenarioName);
  const found = scenario?.cases.find(({ name }) => name === caseName);
  if (found === undefined) {
    throw new Error(
      `expected the names of a scenario and of one of its cases, got ${scenarioName} and ${caseName}`,
    );
  }
  const measured = await found.run(effort === 'quick' ? quick : full);
  return { ...measured, peakMemory: process.resourceUsage().maxRSS * 1024 };
}

// Without its parent it has nobody to work for.
process.on('disconnect', () => process.exit(1));

const result = await run().catch((error: unknown): Run => ({ kind: 'failed', error: String(error) }));
// A case may have left connections open.
process.send?.(result, () => process.exit(0));
