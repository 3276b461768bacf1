/** What a balancer promises in every world, whatever its sources, connections, options and consumers do. */
import fc from 'fast-check';
import { expect } from 'chai';
import { play, type Promised } from './play.js';
import { runs } from './runs.js';
import { worlds } from './world.js';

describe('In any world', function () {
  this.timeout(0);

  const promises: Record<Promised, string> = {
    'one outcome': 'gives every event exactly one outcome, unless the subscriber leaves (R17)',
    attempts: 'counts the attempts of every event, and starts none beyond the limit (R5, R6, R16)',
    window: 'has no more in flight than the window, and one on probation (R1, R13)',
    'only when up':
      'sends nothing on a connection that is not up, was removed, or after the end (R1, R9, R20, R21)',
    order: 'starts new events in the order in which they came (R2)',
    'true deliveries': 'calls an event delivered or rejected only when a send of it said so (R12, R16)',
    'no leftovers': 'leaves no timer, no subscription and no open connection behind (R20)',
    'in time': 'keeps every deadline, and ends when it is told to (R7, R10, R19)',
    capacity: 'lets no more new events wait than the queue has room for (R22)',
    'no idling': 'leaves no connection idle while events wait, and ends after the last outcome (R1, R18)',
  };

  for (const [promised, what] of Object.entries(promises) as [Promised, string][]) {
    it(what, () =>
      fc.assert(
        fc.asyncProperty(worlds, async (world) => {
          const { broken } = await play(world);
          expect(broken.get(promised) ?? []).to.deep.equal([]);
        }),
        { numRuns: runs },
      ),
    );
  }
});
