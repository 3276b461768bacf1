/** Two workers of one consumer: who gets what. */
import type { JsMsg } from '@nats-io/jetstream';
import { expect } from 'chai';
import { BehaviorSubject, timer } from 'rxjs';
import type { Connection, ConnectionState } from '../../../src/index.js';
import { until } from '../../until.js';
import { withNats } from '../withNats.js';
import { Destination } from './destination.js';
import { JetStreamWorld } from './jetStreamWorld.js';
import type { Worker } from './worker.js';

describe('two workers of a consumer of nats-server', function () {
  this.timeout(30_000);
  const keep = withNats();

  const place = (window: number): Connection<JsMsg> => ({
    name: `place of ${window}`,
    state$: new BehaviorSubject<ConnectionState>('up'),
    window,
    send: () => timer(5),
  });

  /** Lets two share so many messages; each is delivered once. */
  const share = async (count: number, windows: readonly [number, number]): Promise<[Worker, Worker]> => {
    const world = await JetStreamWorld.start(keep);
    const workers: [Worker, Worker] = [
      await world.worker([place(windows[0])]),
      await world.worker([place(windows[1])]),
    ];
    await until('both wait', async () => (await world.state()).requests === 2);
    const texts = await world.publish(count);
    const delivered = (): string[] => workers.flatMap((worker) => worker.delivered);
    await until('all are delivered', () => delivered().length >= count);
    await until('all are settled', async () => (await world.state()).floor === count);
    expect(delivered()).to.have.length(count).and.to.have.members(texts);
    expect(await world.state()).to.include({ deliveries: count, redelivered: 0, unacknowledged: 0 });
    return workers;
  };

  it('should have equal shares, roughly, and deliver each message once', async () => {
    const [a, b] = await share(500, [4, 4]);
    expect(a.outcomes.length, 'the first').to.be.above(100);
    expect(b.outcomes.length, 'the second').to.be.above(100);
  });

  it('should have more with a larger window', async () => {
    const [small, large] = await share(500, [1, 8]);
    expect(small.outcomes.length, 'the small one').to.be.above(0);
    expect(large.outcomes.length, 'the large one').to.be.above(2 * small.outcomes.length);
  });

  it('should deliver what the other one leaves', async () => {
    const world = await JetStreamWorld.start(keep);
    const texts = await world.publish(50);
    const slow = new Destination(3);
    const a = await world.worker([slow]);
    await slow.has(3);
    const b = await world.worker([place(3)]);
    await b.has(47);
    slow.deliver();
    expect(a.delivered).to.deep.equal(['event 1', 'event 2', 'event 3']);
    await until('both wait', async () => (await world.state()).requests === 2);
    const more = await world.publish(10);
    await slow.has(4);
    a.close();
    const delivered = (): string[] => [...a.delivered, ...b.delivered];
    await until('all are delivered', () => delivered().length >= 60);
    await until('all are settled', async () => (await world.state()).floor === 60);
    expect(delivered())
      .to.have.length(60)
      .and.to.have.members([...texts, ...more]);
  });
});
