/** A server that refuses the credentials of a connection. */
import { inspect } from 'node:util';
import { expect } from 'chai';
import { BehaviorSubject } from 'rxjs';
import { until } from '../../until.js';
import type { Ground } from './ground.js';

/** Cases of wrong credentials; none where the server takes anybody. */
export function describeStrangers(ground: Ground): void {
  const { site } = ground;
  const { connectAsStranger, refusal, secret } = site.subject;
  if (connectAsStranger === undefined || refusal === undefined) {
    return;
  }

  ground.it('should say that its credentials are refused, and leave the events to others', async () => {
    const window$ = new BehaviorSubject(0);
    const stranger = connectAsStranger(site.one, ground.optionsFor({ name: 'one' }));
    const traffic = ground.ship([stranger, ground.other({ window: window$ })]);
    traffic.push(20);
    // It goes on trying.
    await until('it is refused twice', () => traffic.breaksOf().length >= 2);
    window$.next(4);
    await traffic.settled();
    for (const outcome of traffic.outcomes) {
      expect(outcome).to.include({ status: 'delivered', connection: 'other' });
    }
    await traffic.expectAllDelivered(site.one, site.other);

    for (const error of traffic.breaksOf()) {
      expect(error).to.be.instanceOf(Error);
      expect((error as Error).message).to.match(refusal);
    }
    if (secret !== undefined) {
      const told = [traffic.activities, traffic.outcomes, traffic.breaksOf().map(String)];
      const text = inspect(told, { depth: Infinity, showHidden: true, maxArrayLength: Infinity });
      // As it is said, as it stands in a URL, and as a header has it.
      for (const form of [secret, encodeURIComponent(secret), basic(secret)]) {
        expect(text).to.not.include(form);
      }
    }
  });
}

/** The credentials of a stranger, as Basic has them. */
function basic(password: string): string {
  return Buffer.from(`ship-user:${password}`).toString('base64');
}
