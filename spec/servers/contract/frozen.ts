/** A server that answers nothing for a while: sends are cancelled, and the window is full. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { BehaviorSubject, TimeoutError } from 'rxjs';
import { until } from '../../until.js';
import type { Ground } from './ground.js';
import { texts } from './traffic.js';

/** How long to look whether nothing happens, in milliseconds. */
const moment = 100;

/** Cases of a server that is frozen and thawed. */
export function describeFrozen(ground: Ground): void {
  const { site, batch } = ground;

  ground.it('should cancel what takes too long, and deliver it elsewhere', async () => {
    const traffic = ground.ship([ground.one({ window: 2 }), ground.other()], {
      timeout: { connect: 15_000, send: 200 },
    });
    await traffic.be('up');
    await traffic.be('up', 'other');
    site.one.freeze();
    traffic.push(ground.eventsFor(8));
    await traffic.settled();
    for (const outcome of traffic.outcomes) {
      expect(outcome).to.include({ status: 'delivered', connection: 'other' });
    }
    const cancelled = traffic.failedSends.filter(({ connection }) => connection === 'one');
    expect(cancelled).to.have.length.at.least(2);
    for (const { error } of cancelled) {
      expect(error).to.be.instanceOf(TimeoutError);
    }
    site.one.thaw();
    const before = traffic.attemptsOf().length;
    await until('it takes part again', () => {
      traffic.push(1);
      return traffic.attemptsOf().length > before + 5;
    });
    await traffic.expectAllDelivered(site.one, site.other);
  });

  ground.it('should take no late answer for that of another event', async () => {
    const open = await ground.open(ground.one()).up();
    site.one.freeze();
    const cancelled = texts(3).map((event) =>
      (batch === undefined ? open.sending(event) : open.sendingAll([event])).subscribe(),
    );
    await sleep(moment);
    for (const subscription of cancelled) {
      subscription.unsubscribe();
    }
    site.one.thaw();
    await sleep(moment);
    site.one.freeze();
    const [event = '', next = ''] = texts(2);
    let isSettled = false;
    const sent = ground.send(open, event).finally(() => (isSettled = true));
    await sleep(moment);
    expect(isSettled, 'settled by a server that is frozen').to.be.false;
    site.one.thaw();
    await sent;
    await ground.send(open, next);
    expect(await site.one.arrived()).to.include.members([event, next]);
    expect(open.states, 'it stays up').to.deep.equal(['connecting', 'up']);
    expect(open.failure).to.equal(undefined);
  });

  ground.it('should have no more sends in flight than its window', async () => {
    const traffic = ground.ship([ground.one({ window: 4 })]);
    await traffic.be('up');
    site.one.freeze();
    traffic.push(ground.eventsFor(20));
    await sleep(moment);
    expect(traffic.attemptsOf()).to.have.length(4);
    site.one.thaw();
    await traffic.settled();
    expect(traffic.mostInFlight()).to.equal(4);
    await traffic.expectAllDelivered(site.one);
  });

  ground.it('should follow a window that changes', async () => {
    const window$ = new BehaviorSubject(0);
    const traffic = ground.ship([ground.one({ window: window$ })]);
    await traffic.be('up');
    traffic.push(ground.eventsFor(20));
    await sleep(moment);
    expect(traffic.attemptsOf()).to.deep.equal([]);
    site.one.freeze();
    window$.next(2);
    await sleep(moment);
    expect(traffic.attemptsOf()).to.have.length(2);
    site.one.thaw();
    await traffic.settled();
    expect(traffic.mostInFlight()).to.equal(2);
    await traffic.expectAllDelivered(site.one);
  });
}
