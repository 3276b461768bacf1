/** For mutants: enough runs of each property to notice, the same ones for each mutant, and no long wait for nothing. */
import fc from 'fast-check';

process.env.FC_RUNS ??= '50';
// Nobody reads the counterexample, so it need not be small.
fc.configureGlobal({ seed: 1, endOnFailure: true });

export const mochaHooks = {
  beforeEach() {
    // Stryker's own timeout would cost a new process.
    this.currentTest.timeout(5_000);
  },
};
