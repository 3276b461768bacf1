/** Why a worker ends with an error: what it says then, and that everything that it has gets its outcome first. */
import {
  AckPolicy,
  jetstream,
  type Consumer,
  type ConsumerConfig,
  type ConsumerInfo,
} from '@nats-io/jetstream';
import { expect } from 'chai';
import { jetStreamBalancer } from '../../../src/jetStream/index.js';
import { until } from '../../until.js';
import { withNats } from '../withNats.js';
import { Destination } from './destination.js';
import { durable, JetStreamWorld, stream, type WorldConfig } from './jetStreamWorld.js';

describe('a worker of nats-server ends with an error', function () {
  this.timeout(30_000);
  const keep = withNats();

  const started = (config?: WorldConfig): Promise<JetStreamWorld> => JetStreamWorld.start(keep, config);
  const take = (): Promise<string> => Promise.resolve('taken');
  const options = { resumeDelay: 50 };

  describe('when its consumer is deleted', () => {
    it('while it waits for messages', async () => {
      const world = await started();
      const worker = await world.worker([take], options);
      await until('it waits', async () => (await world.state()).requests === 1);
      await world.manager.consumers.delete(stream, durable);
      expect((await worker.failed()).message).to.equal(
        'jetStreamBalancer: consumer "workers" of stream "EVENTS" is gone: consumer not found',
      );
    });

    for (const [how, window] of [
      ['and waits for more', 3],
      ['and asks for nothing', 2],
    ] as const) {
      it(`while it sends ${how}: those have their outcomes first`, async () => {
        const world = await started();
        await world.publish(2);
        const place = new Destination(window);
        const worker = await world.worker([place], options);
        await place.has(2);
        await world.manager.consumers.delete(stream, durable);
        await new Promise((resolve) => setTimeout(resolve, 300));
        expect(worker.failure).to.be.undefined;
        place.deliver();
        expect((await worker.failed()).message).to.match(/is gone: consumer not found$/);
        expect(worker.delivered).to.deep.equal(['event 1', 'event 2']);
      });
    }
  });

  it('when its stream is deleted', async () => {
    const world = await started();
    const worker = await world.worker([take], options);
    await until('it waits', async () => (await world.state()).requests === 1);
    await world.manager.streams.delete(stream);
    expect((await worker.failed()).message).to.match(
      /^jetStreamBalancer: consumer "workers" of stream "EVENTS" is gone: (stream|consumer) not found$/,
    );
  });

  describe('when its consumer', () => {
    /** Another consumer of the stream. */
    const another = (world: JetStreamWorld, config: Partial<ConsumerConfig>): Promise<ConsumerInfo> =>
      world.manager.consumers.add(stream, { durable_name: 'other', ...config });

    const anotherPulling = async (
      world: JetStreamWorld,
      config: Partial<ConsumerConfig>,
    ): Promise<Consumer> => {
      await another(world, config);
      return jetstream(world.admin).consumers.get(stream, 'other');
    };

    for (const policy of ['none', 'all'] as const) {
      it(`has the ack policy ${policy}`, async () => {
        const world = await started();
        const ackPolicy = { none: AckPolicy.None, all: AckPolicy.All }[policy];
        const consumer = await anotherPulling(world, { ack_policy: ackPolicy });
        const worker = await world.worker([take], { ...options, consumer });
        const error = await worker.failed();
        expect(error).to.be.instanceOf(RangeError);
        expect(error.message).to.equal(
          'jetStreamBalancer: expected consumer "other" of stream "EVENTS" to have the ack policy "explicit", ' +
            `got "${policy}"`,
        );
      });
    }

    it('pushes', async () => {
      const world = await started();
      await another(world, { ack_policy: AckPolicy.Explicit, deliver_subject: 'pushed' });
      const consumers = jetstream(world.admin).consumers;
      const consumer = await consumers.getPushConsumer(stream, 'other');
      expect(() =>
        jetStreamBalancer({ connections: [take], consumer: consumer as unknown as Consumer }),
      ).to.throw(TypeError, 'jetStreamBalancer: expected `consumer.fetch` to be a function, got `undefined`');
    });

    it('pushes now, and did not before', async () => {
      const world = await started();
      const consumer = await world.consumer();
      await world.manager.consumers.delete(stream, durable);
      await world.manager.consumers.add(stream, {
        durable_name: durable,
        ack_policy: AckPolicy.Explicit,
        deliver_subject: 'pushed',
      });
      const worker = await world.worker([take], { ...options, consumer });
      const error = await worker.failed();
      expect(error).to.be.instanceOf(RangeError);
      expect(error.message).to.equal(
        'jetStreamBalancer: expected consumer "workers" of stream "EVENTS" to be a pull consumer, got one that pushes',
      );
    });

    it('has an ack wait of nothing, since nanoseconds were taken for milliseconds', async () => {
      const world = await started();
      const consumer = await anotherPulling(world, { ack_policy: AckPolicy.Explicit, ack_wait: 30_000 });
      const worker = await world.worker([take], { ...options, consumer });
      const error = await worker.failed();
      expect(error).to.be.instanceOf(RangeError);
      expect(error.message).to.match(
        /^jetStreamBalancer: expected consumer "other" of stream "EVENTS" to wait 10 ms .* nanoseconds there\), got 0\.03$/,
      );
    });

    it('lets no request wait for as long as one does', async () => {
      const world = await started();
      const consumer = await anotherPulling(world, {
        ack_policy: AckPolicy.Explicit,
        max_expires: 500e6,
      });
      const worker = await world.worker([take], { ...options, consumer });
      expect((await worker.failed()).message).to.equal(
        'jetStreamBalancer: expected consumer "other" of stream "EVENTS" to let a request wait for 1000 ms ' +
          '(max_expires), got 500',
      );
    });
  });

  describe('when its connection to NATS', () => {
    const closed =
      'jetStreamBalancer: the connection to NATS is closed: to wait for a lost server, connect with ' +
      'maxReconnectAttempts: -1';

    it('is closed while it waits for messages', async () => {
      const world = await started();
      const nats = await world.client();
      const consumer = await jetstream(nats).consumers.get(stream, durable);
      const worker = await world.worker([take], { ...options, consumer });
      await until('it waits', async () => (await world.state()).requests === 1);
      await nats.close();
      expect((await worker.failed()).message).to.equal(closed);
    });

    it('is closed while it sends: the outcomes come first, and its message comes again', async () => {
      const world = await started({ ackWait: 500 });
      await world.publish(1);
      const nats = await world.client();
      const consumer = await jetstream(nats).consumers.get(stream, durable);
      const place = new Destination();
      const worker = await world.worker([place], { ...options, consumer });
      await place.has(1);
      await nats.close();
      place.deliver();
      expect((await worker.failed()).message).to.equal(closed);
      expect(worker.outcomes).to.have.length(1);
      expect(worker.outcomes[0]).to.include({ status: 'delivered', settlement: 'ack' });
      const other = await world.worker([take]);
      expect((await other.has(1))[0]).to.include({ status: 'delivered', attempts: 2 });
    });

    it('is closed while it sends, with ackAck: the outcome says that the server does not know', async () => {
      const world = await started();
      await world.publish(1);
      const nats = await world.client();
      const consumer = await world.consumerOn(nats, 500);
      const place = new Destination();
      const worker = await world.worker([place], { ...options, consumer, ackAck: true });
      await place.has(1);
      await nats.close();
      place.deliver();
      expect((await worker.failed()).message).to.equal(closed);
      expect(worker.outcomes).to.have.length(1);
      expect(worker.outcomes[0]).to.include({ status: 'delivered', settlement: 'ack' });
      expect(worker.outcomes[0]?.settlementError).to.be.an('error');
    });

    it('gives up looking for a lost server', async () => {
      const world = await started();
      const consumer = await world.consumer({ maxReconnectAttempts: 2 });
      const worker = await world.worker([take], { ...options, consumer });
      await until('it waits', async () => (await world.state()).requests === 1);
      await world.server.kill();
      expect((await worker.failed()).message).to.equal(closed);
      await world.server.start();
    });

    it('may not ask', async () => {
      const allowed = ['$JS.API.INFO', '$JS.API.CONSUMER.INFO.>', '$JS.ACK.>'];
      const users = `{ user: "ship-user", password: "open sesame", permissions: { publish: ${JSON.stringify(allowed)} } }`;
      const world = await started({ server: { users } });
      const consumer = await world.consumer({ user: 'ship-user', pass: 'open sesame' });
      const worker = await world.worker([take], { ...options, consumer });
      expect((await worker.failed()).message).to.match(
        /^jetStreamBalancer: consumer "workers" of stream "EVENTS" does not answer requests for messages: /,
      );
    });

    it('may not know its consumer', async () => {
      const allowed = ['$JS.API.INFO', '$JS.API.CONSUMER.MSG.NEXT.>', '$JS.ACK.>'];
      const users = `{ user: "ship-user", password: "open sesame", permissions: { publish: ${JSON.stringify(allowed)} } }`;
      const world = await started({ server: { users } });
      const info = await world.manager.consumers.info(stream, durable);
      const nats = await world.client({ user: 'ship-user', pass: 'open sesame' });
      const consumer = jetstream(nats).consumers.getConsumerFromInfo(info);
      const worker = await world.worker([take], { ...options, consumer });
      expect((await worker.failed()).message).to.match(
        /^jetStreamBalancer: the consumer: Permissions Violation for Publish to "\$JS\.API\.CONSUMER\.INFO\.EVENTS\.workers"$/,
      );
    });

    it('may have no answers', async () => {
      const users =
        '{ user: "ship-user", password: "open sesame", permissions: { subscribe: ["mine.>"], publish: ">" } }';
      const world = await started({ server: { users } });
      const info = await world.manager.consumers.info(stream, durable);
      const nats = await world.client({ user: 'ship-user', pass: 'open sesame' });
      const consumer = jetstream(nats).consumers.getConsumerFromInfo(info);
      const worker = await world.worker([take], { ...options, consumer });
      expect((await worker.failed()).message).to.match(/Permissions Violation for Subscription to "_INBOX\./);
    });
  });
});
