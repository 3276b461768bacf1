/** Streams and consumers of other kinds. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  AckPolicy,
  jetstream,
  RetentionPolicy,
  StorageType,
  type ConsumerConfig,
  type StreamConfig,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { expect } from 'chai';
import { until } from '../../until.js';
import { withNats } from '../withNats.js';
import { Destination } from './destination.js';
import { JetStreamWorld, stream, type WorldConfig } from './jetStreamWorld.js';

describe('a worker of nats-server', function () {
  this.timeout(30_000);
  const keep = withNats();

  const started = (config?: WorldConfig): Promise<JetStreamWorld> => JetStreamWorld.start(keep, config);
  const take = (): Promise<string> => Promise.resolve('taken');

  const streams: readonly [string, Partial<StreamConfig>, left: number][] = [
    ['in a file', { storage: StorageType.File }, 50],
    ['in memory', { storage: StorageType.Memory }, 50],
    ['that is a work queue', { retention: RetentionPolicy.Workqueue }, 0],
  ];
  for (const [kind, config, left] of streams) {
    it(`should deliver all of a stream ${kind}`, async () => {
      const world = await started({ stream: config });
      const texts = await world.publish(50);
      const worker = await world.worker([take, take]);
      await worker.has(50);
      expect(worker.delivered).to.have.members(texts);
      await until('all are settled', async () => (await world.state()).floor === 50);
      await until(
        `${left} are left`,
        async () => (await world.manager.streams.info(stream)).state.messages === left,
      );
    });
  }

  const consumers: readonly [string, Partial<ConsumerConfig>][] = [
    ['that gives few messages to a request', { max_batch: 2 }],
    ['that has few messages out', { max_ack_pending: 3 }],
    ['that takes one request at a time', { max_waiting: 1 }],
    ['with a backoff', { backoff: [nanos(10_000), nanos(20_000)], max_deliver: 5 }],
    ['with a filter', { filter_subject: 'events.live' }],
  ];
  for (const [kind, config] of consumers) {
    it(`should deliver all of a consumer ${kind}`, async () => {
      const world = await started({ consumer: config });
      const texts = await world.publish(50);
      const place = new Destination(10);
      place.deliverAll();
      const worker = await world.worker([place]);
      await worker.has(50);
      expect(worker.delivered).to.deep.equal(texts);
      await until('all are settled', async () => (await world.state()).floor === 50);
      expect(await world.state()).to.include({ deliveries: 50, unacknowledged: 0 });
    });
  }

  it('should keep a message for longer than the first backoff of its consumer', async () => {
    // Half of the first is long enough for a worker that stands still for a moment.
    const backoff = [nanos(6_000), nanos(12_000)];
    const world = await started({ consumer: { backoff, max_deliver: 5 } });
    await world.publish(1);
    const place = new Destination(2);
    const worker = await world.worker([place]);
    await place.has(1);
    await sleep(7_500);
    expect(await world.state()).to.include({ deliveries: 1, unacknowledged: 1 });
    place.deliver();
    expect((await worker.has(1))[0]).to.include({ status: 'delivered', attempts: 1 });
  });

  it('should deliver all of a consumer without a name', async () => {
    const world = await started();
    const texts = await world.publish(50);
    const { name } = await world.manager.consumers.add(stream, { ack_policy: AckPolicy.Explicit });
    const consumer = await jetstream(await world.client()).consumers.get(stream, name);
    const worker = await world.worker([take], { consumer });
    await worker.has(50);
    expect(worker.delivered).to.deep.equal(texts);
    await until('all are settled', async () => {
      const info = await world.manager.consumers.info(stream, name);
      return info.ack_floor.stream_seq === 50;
    });
  });
});
