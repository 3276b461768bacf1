/**
 * What a balancer promises in every small world, whatever happens in whatever order, as far as one can look.
 *
 * A world of a few events and two connections begins, and then anything happens that may: an answer, a state, a
 * timer, a close. Every order is tried, up to a number of steps; then everything goes well, so that it ends.
 * `EXHAUSTION_SECONDS=60` goes on for so long in each world, and says how far it came.
 */
import { expect } from 'chai';
import { explore } from './explore.js';
import { plans } from './plans.js';
import { SmallWorld } from './smallWorld.js';

const seconds = Number(process.env['EXHAUSTION_SECONDS'] ?? 0);

describe('In every small world', function () {
  this.timeout(0);

  for (const plan of plans) {
    it(`the balancer keeps what it promises: ${plan.name}`, async () => {
      const begun = performance.now();
      const { failure, depth, paths, exhausted } = await explore(
        (path, steps, inDetail) => new SmallWorld(plan, path, inDetail).run(steps),
        (steps) => steps <= plan.depth || performance.now() - begun < seconds * 1_000,
      );
      expect(failure?.join('\n')).to.equal(undefined);
      if (seconds > 0) {
        const took = ((performance.now() - begun) / 1_000).toFixed(1);
        console.log(`      ${depth} steps${exhausted ? ', which is all' : ''}: ${paths} ways in ${took} s`);
      }
    });
  }
});
