/** A stream with three replicas: the server that leads it, or its consumer, dies, and the others go on. */
import { AckPolicy, jetstream } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { expect } from 'chai';
import { natsConnection } from '../../../src/connections/nats.js';
import { LoadBalancer, type Outcome } from '../../../src/index.js';
import { jetStreamBalancer } from '../../../src/jetStream/index.js';
import { until } from '../../until.js';
import { NatsCluster } from '../natsCluster.js';
import { withNats } from '../withNats.js';
import { Destination } from './destination.js';
import { durable, stream } from './jetStreamWorld.js';
import { Worker } from './worker.js';

/** How long it may take until others lead, on a busy machine, in milliseconds. */
const patience = 30_000;

describe('workers of three nats-servers', function () {
  this.timeout(600_000);
  const keep = withNats();

  it('should lose nothing, and store nothing twice, when the server that leads dies', async () => {
    const cluster = await NatsCluster.start(keep);
    const nats = keep(await cluster.connect());
    const jetStream = jetstream(nats);
    // It is asked also while nobody leads.
    const manager = await jetStream.jetstreamManager(false);
    const added = async (): Promise<boolean> =>
      (await manager.streams.add({ name: stream, subjects: ['events'], num_replicas: 3 })).created !== '';
    await until('the stream is there', added, patience);
    await manager.consumers.add(stream, {
      durable_name: durable,
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(2_000),
    });
    const leaders = {
      consumer: async () => (await manager.consumers.info(stream, durable)).cluster?.leader,
      stream: async () => (await manager.streams.info(stream)).cluster?.leader,
    };
    const isWhole = async (): Promise<boolean> =>
      (await manager.streams.info(stream)).cluster?.replicas?.every(({ current }) => current) === true;

    const storing = natsConnection<string>(cluster.urls, {
      subject: 'events',
      jetStream: { expectStream: stream, messageId: String },
      window: 64,
    });
    const publisher = keep(
      new LoadBalancer([storing], { guaranteed: true, reconnectDelay: 50, timeout: { send: 5_000 } }),
    );
    const place = new Destination(16);
    place.deliverAll();
    const consumer = await jetStream.consumers.get(stream, durable);
    const worker = keep(new Worker(jetStreamBalancer({ consumer, connections: [place], resumeDelay: 50 })));

    const stored: Outcome<string>[] = [];
    let published = 0;
    const publish = (): void => {
      const events = Array.from({ length: 2_000 }, () => `event ${published++}`);
      void publisher.publishAll(events).then((outcomes) => stored.push(...outcomes));
    };
    const allArrive = async (): Promise<void> => {
      await until('all are stored', () => stored.length === published, patience);
      await until('all have arrived', () => new Set(worker.delivered).size === published, patience);
    };

    publish();
    await allArrive();
    for (const [led, ends] of [
      ['consumer', 'kill'],
      ['stream', 'kill'],
      ['stream', 'end'],
    ] as const) {
      const leader = cluster.named(await leaders[led]());
      const before = worker.outcomes.length;
      publish();
      await until('they are on their way', () => worker.outcomes.length > before + 100, patience);
      await leader[ends]();
      await allArrive();
      await leader.start();
      await until('all replicas are there', isWhole, patience);
    }
    expect(stored.every(({ status }) => status === 'delivered')).to.equal(true);
    expect((await manager.streams.info(stream)).state.messages).to.equal(published);
    expect(worker.failure).to.equal(undefined);
    expect(worker.outcomes.every(({ settlement }) => settlement === 'ack')).to.equal(true);
  });
});
