/** Says on standard error what is being measured, for those who wait. */
import type { Case, Scenario } from './scenario.js';

/** One line that changes on a terminal; elsewhere one for each scenario and run. */
export class Progress {
  private readonly began = Date.now();
  private last = '';

  constructor(
    private readonly output: NodeJS.WriteStream,
    /** How many runs each case has. */
    private readonly runs: number,
  ) {}

  tell(scenario: Scenario, { name }: Case, run: number): void {
    const where = `${this.elapsed()} ${scenario.name}, run ${run + 1}/${this.runs}`;
    if (this.output.isTTY) {
      this.output.write(`\r\x1b[K${where}: ${name}`);
    } else if (scenario.name + String(run) !== this.last) {
      this.last = scenario.name + String(run);
      this.output.write(`${where}\n`);
    }
  }

  end(how: 'done' | 'stopped'): void {
    this.output.write(`${this.output.isTTY ? '\r\x1b[K' : ''}${this.elapsed()} ${how}\n`);
  }

  private elapsed(): string {
    const seconds = Math.round((Date.now() - this.began) / 1_000);
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  }
}
