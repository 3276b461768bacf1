/** The contract: what every ready-made connection does with a real server, whatever happens to that. */
import { describeClosing } from './closing.js';
import { describeDelivering } from './delivering.js';
import { describeFrozen } from './frozen.js';
import { Ground } from './ground.js';
import { kinds } from './kinds.js';
import { describeLeaving } from './leaving.js';
import { describeOutages } from './outages.js';
import { Site } from './site.js';
import { describeStrangers } from './strangers.js';
import type { ContractServer, ContractSubject } from './subject.js';
import { subjects } from './subjects.js';

/**
 * Puts a connection to the contract, with single events and with batches. The titles are the same for all
 * subjects.
 * @param subject The connection, and its server.
 */
export function describeContract<S extends ContractServer>(subject: ContractSubject<S>): void {
  // What it starts is what it is later given.
  const any = subject as unknown as ContractSubject;
  subjects.push(any);
  if (!('describe' in globalThis)) {
    return;
  }
  describe(subject.name, function () {
    this.timeout(30_000);
    const site = new Site(any);
    before(() => site.open());
    after(() => site.close());

    for (const [kind, batch] of kinds) {
      describe(kind, () => {
        const ground = new Ground(site, batch);
        describeDelivering(ground);
        describeOutages(ground);
        describeFrozen(ground);
        describeStrangers(ground);
        describeClosing(ground);
      });
    }
    describeLeaving(any);
  });
}
