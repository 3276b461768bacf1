/** A server that goes and comes back: killed or ended, idle or at work. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { TimeoutError } from 'rxjs';
import { until } from '../../until.js';
import type { Ground } from './ground.js';
import { texts, type Traffic } from './traffic.js';

/** Cases of a server that goes. */
export function describeOutages(ground: Ground): void {
  const { site } = ground;

  ground.it('should go down when its server is killed, without traffic', async () => {
    const traffic = ground.ship([ground.one()]);
    traffic.push(10);
    await traffic.settled();
    await site.kill();
    await traffic.be('backoff');
    expectErrors(traffic.breaksOf());
    expect(traffic.failedSends).to.deep.equal([]);
  });

  ground.it('should come back with its server', async () => {
    const traffic = ground.ship([ground.one()]);
    traffic.push(10);
    await traffic.settled();
    await site.kill();
    await traffic.be('backoff');
    // They wait for it.
    traffic.push(10);
    await site.restart();
    await traffic.settled();
    await traffic.be('up');
    traffic.push(100);
    await traffic.expectAllDelivered(site.one);
  });

  ground.it('should fail what is in flight when its server is killed, and deliver it later', async () => {
    const traffic = ground.ship([ground.one({ window: 4 })]);
    await traffic.be('up');
    site.one.freeze();
    traffic.push(ground.eventsFor(10));
    await until('sends are in flight', () => traffic.mostInFlight() === 4);
    await site.kill();
    await until('sends have failed', () => traffic.failedSends.length >= 4);
    expectErrors(traffic.failedSends.map(({ error }) => error));
    expectErrors(traffic.breaksOf());
    await site.restart();
    await traffic.settled();
    await traffic.expectAllDelivered(site.one);
  });

  ground.it('should settle every send that its server does not live to answer', async () => {
    const open = await ground.open(ground.one()).up();
    site.one.freeze();
    let settled = 0;
    const errors: unknown[] = [];
    for (const event of texts(3)) {
      ground
        .send(open, event)
        .catch((error: unknown) => errors.push(error))
        .finally(() => settled++);
    }
    await sleep(20);
    expect(settled).to.equal(0);
    await site.kill();
    await open.lost();
    await until('all are settled', () => settled === 3);
    expect(errors).to.have.length(3);
    expectErrors(errors);
  });

  ground.it('should lose nothing when its server ends while it sends', async () => {
    const server = await site.subject.startServer();
    let stopped: Promise<void> | undefined;
    try {
      const traffic = ground.ship([ground.to(server, { name: 'one' }), ground.other()]);
      await traffic.be('up');
      await traffic.be('up', 'other');
      await until('it is down', () => {
        if (traffic.sent.length - traffic.outcomes.length < 500) {
          traffic.push(50);
        }
        if (traffic.outcomes.length > 200) {
          stopped ??= server.stop();
        }
        return traffic.breaksOf().length > 0;
      });
      await traffic.settled();
      expectErrors(traffic.breaksOf());
      for (const { error } of traffic.failedSends) {
        expectErrors([error]);
      }
      await expectBooks(traffic, ground);
    } finally {
      await (stopped ?? server.stop());
    }
  });
}

/** What has arrived at a server that has ended, nobody can tell: what the other one has is there. */
async function expectBooks(traffic: Traffic, { site }: Ground): Promise<void> {
  const arrived = new Set(await site.other.arrived());
  const outcomes = traffic.outcomes.filter(
    (outcome) =>
      (outcome.status === 'delivered' && outcome.connection === 'one') || arrived.has(outcome.event),
  );
  expect(outcomes.map(({ event }) => event)).to.have.members(traffic.sent);
}

/** There are some, they say something, and a send that could not end was not left to its timeout. */
function expectErrors(errors: readonly unknown[]): void {
  expect(errors).to.not.be.empty;
  for (const error of errors) {
    expect(error).to.be.instanceOf(Error).and.not.instanceOf(TimeoutError);
    expect((error as Error).message).to.match(/\w/);
  }
}
