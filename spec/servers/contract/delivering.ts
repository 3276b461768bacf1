/** A connection that works: it comes up, delivers, batches, and rejects what cannot be written. */
import { expect } from 'chai';
import { RejectedError } from '../../../src/index.js';
import { unwritable, type Ground } from './ground.js';
import { texts } from './traffic.js';

/** Cases of a server that is well. */
export function describeDelivering(ground: Ground): void {
  const { site, batch } = ground;

  ground.it('should come up', async () => {
    const open = await ground.open(ground.one()).up();
    expect(open.states).to.deep.equal(['connecting', 'up']);
  });

  ground.it('should deliver every event once', async () => {
    const traffic = ground.ship([ground.one(), ground.other()]);
    await traffic.be('up');
    await traffic.be('up', 'other');
    traffic.push(1_000);
    await traffic.settled();
    expect(traffic.failedSends).to.deep.equal([]);
    await traffic.expectAllDelivered(site.one, site.other);
    for (const name of ['one', 'other']) {
      expect(traffic.statesOf(name).map(({ state }) => state)).to.deep.equal(['connecting', 'up', 'removed']);
    }
  });

  if (batch !== undefined) {
    ground.it('should send as many events at once as its size allows', async () => {
      const traffic = ground.ship([ground.one()]);
      traffic.push(batch.size * 5);
      await traffic.settled();
      const sizes = traffic.attemptsOf().map(({ events }) => events);
      expect(sizes).to.deep.equal([1, 2, 3, 4, 5].map(() => batch.size));
      await traffic.expectAllDelivered(site.one);
    });
  }

  ground.it('should reject what cannot be written, and go on', async () => {
    const traffic = ground.ship([ground.one()]);
    const [before = '', after = ''] = texts(2);
    traffic.push([before, unwritable, after]);
    await traffic.settled();
    const inShort = traffic.outcomes.map(({ event, status }) => [event, status]);
    expect(inShort).to.have.deep.members([
      [before, 'delivered'],
      [unwritable, 'dropped'],
      [after, 'delivered'],
    ]);
    const [drop] = traffic.outcomes.filter(({ status }) => status === 'dropped');
    expect(drop).to.include({ reason: 'rejected', attempts: 1 });
    expect(drop).to.have.property('error').that.is.instanceOf(RejectedError);
    expect(await site.one.arrived()).to.include.members([before, after]);
    expect(traffic.breaksOf()).to.deep.equal([]);
  });
}
