/** A server that is killed, frozen, or not there: workers wait for it, and nothing is lost. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { JsMsg } from '@nats-io/jetstream';
import { expect } from 'chai';
import { timer, type Observable } from 'rxjs';
import { until } from '../../until.js';
import { LossyPipe } from '../lossyPipe.js';
import { withNats } from '../withNats.js';
import { Destination } from './destination.js';
import { JetStreamWorld, type WorldConfig } from './jetStreamWorld.js';
import type { Worker } from './worker.js';

describe('workers of a nats-server', function () {
  this.timeout(60_000);
  const keep = withNats();

  const started = (config?: WorldConfig): Promise<JetStreamWorld> => JetStreamWorld.start(keep, config);
  const resumeDelay = 50;

  /** Two workers with four slow sends each, and what they have sent. */
  const busy = async (world: JetStreamWorld): Promise<{ workers: Worker[]; sent: string[] }> => {
    const sent: string[] = [];
    const send = (message: JsMsg): Observable<unknown> => {
      sent.push(message.string());
      return timer(5);
    };
    const places = ['a', 'b', 'c', 'd'].map((name) =>
      Object.defineProperty((message: JsMsg) => send(message), 'name', { value: name }),
    );
    const workers = [
      await world.worker(places, { resumeDelay }),
      await world.worker(places, { resumeDelay }),
    ];
    return { workers, sent };
  };

  const countOf = (workers: readonly Worker[]): number =>
    workers.reduce((sum, { outcomes }) => sum + outcomes.length, 0);

  /** Nothing is lost, and every outcome is a delivery. */
  const expectAll = async (
    world: JetStreamWorld,
    texts: readonly string[],
    workers: readonly Worker[],
  ): Promise<void> => {
    const delivered = (): Set<string> => new Set(workers.flatMap((worker) => worker.delivered));
    await until('all are delivered', () => delivered().size >= texts.length, 40_000);
    expect([...delivered()]).to.have.members(texts);
    await until('all are settled', async () => (await world.state()).floor === texts.length, 40_000);
    for (const { outcomes, completed, failure } of workers) {
      expect(outcomes.filter(({ status }) => status !== 'delivered')).to.deep.equal([]);
      expect({ completed, failure }).to.deep.equal({ completed: false, failure: undefined });
    }
  };

  it('should go on when it was killed and comes back', async () => {
    const world = await started({ ackWait: 1_000 });
    const texts = await world.publish(600);
    const { workers, sent } = await busy(world);
    for (const count of [100, 300]) {
      await until('some are delivered', () => countOf(workers) >= count);
      await world.server.kill();
      await sleep(300);
      await world.server.start();
    }
    await expectAll(world, texts, workers);
    // What was in a send when the server was killed may come again, and little else.
    expect(sent.length).to.be.at.least(600);
    const more = await world.publish(20);
    await expectAll(world, [...texts, ...more], workers);
  });

  it('should go on when it was frozen', async () => {
    const world = await started({ ackWait: 1_000 });
    const texts = await world.publish(400);
    const { workers } = await busy(world);
    await until('some are delivered', () => countOf(workers) >= 100);
    world.server.freeze();
    await sleep(5_000);
    expect(countOf(workers)).to.be.below(400);
    world.server.thaw();
    await expectAll(world, texts, workers);
  });

  it('should begin when it comes', async () => {
    const world = await started();
    const texts = await world.publish(20);
    const consumer = await world.consumer({}, 1_000);
    await world.server.kill();
    const worker = await world.worker([() => timer(1)], { consumer, resumeDelay });
    await sleep(500);
    expect(worker.failure).to.be.undefined;
    expect(worker.outcomes).to.deep.equal([]);
    await world.server.start();
    await expectAll(world, texts, [worker]);
  });

  it('should send nothing twice when their link is silent for longer than the ack wait, and breaks', async () => {
    const world = await started({ ackWait: 6_000 });
    const pipe = keep(await LossyPipe.start(world.server.port));
    const consumer = await world.consumer({ servers: `127.0.0.1:${pipe.entrance}` }, 1_000);
    const texts = await world.publish(2);
    const place = new Destination(5);
    const worker = await world.worker([place], { consumer, resumeDelay });
    await place.has(2);
    await until('it asks for more', async () => (await world.state()).requests === 1);
    pipe.swallows = true;
    texts.push(...(await world.publish(10)));
    await until('some are swallowed', async () => (await world.state()).deliveries > 2);
    await sleep(7_500);
    expect(place.begun).to.have.length(2);
    pipe.break();
    await place.has(5);
    place.deliverAll();
    await expectAll(world, texts, [worker]);
    expect(place.texts).to.have.length(texts.length).and.to.have.members(texts);
  });

  it('should end at once while it is away, when they are closed or left', async () => {
    const world = await started();
    const consumer = await world.consumer();
    const closing = new AbortController();
    const draining = new AbortController();
    const options = { consumer, resumeDelay };
    const closed = await world.worker([() => timer(1)], { ...options, closeOn: closing.signal });
    const drained = await world.worker([() => timer(1)], { ...options, drainOn: draining.signal });
    await until('they wait for messages', async () => (await world.state()).requests === 2);
    await world.server.kill();
    await sleep(1_500);
    closing.abort();
    draining.abort();
    await Promise.all([closed.ended(), drained.ended()]);
    expect(countOf([closed, drained])).to.equal(0);
    await world.server.start();
  });
});
