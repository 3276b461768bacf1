/** How many messages a worker has: never more than its connections take, as the server counts them. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { JsMsg } from '@nats-io/jetstream';
import { expect } from 'chai';
import { BehaviorSubject, ignoreElements, timer } from 'rxjs';
import { TemporaryError, type BatchConnection, type ConnectionState } from '../../../src/index.js';
import { until } from '../../until.js';
import { withNats } from '../withNats.js';
import { Destination } from './destination.js';
import { JetStreamWorld, type WorldConfig } from './jetStreamWorld.js';
import { watched } from './watchedConsumer.js';

describe('a worker of nats-server has no more messages than its connections take', function () {
  this.timeout(30_000);
  const keep = withNats();

  const started = (config?: WorldConfig): Promise<JetStreamWorld> => JetStreamWorld.start(keep, config);

  /** Asks the server all the time until something is done: how many messages were at the workers at most. */
  const mostWhile = async (world: JetStreamWorld, done: () => boolean): Promise<number> => {
    let most = 0;
    let samples = 0;
    await until('it is done', async () => {
      most = Math.max(most, (await world.state()).unacknowledged);
      samples++;
      return done();
    });
    expect(samples).to.be.above(20);
    return most;
  };

  /** When the last request is over and the server knows of all acks, nothing more is asked for, and nothing comes. */
  const expectNothingAsked = async (world: JetStreamWorld, unacknowledged: number): Promise<void> => {
    await until(
      `no request is open, and ${unacknowledged} are at the workers`,
      async () => {
        const state = await world.state();
        return state.requests === 0 && state.unacknowledged === unacknowledged;
      },
      5_000,
    );
    const end = performance.now() + 300;
    while (performance.now() < end) {
      expect(await world.state()).to.include({ requests: 0, unacknowledged });
      await sleep(5);
    }
  };

  const slow = (window: number): Destination => {
    const place = new Destination(window, `place of ${window}`);
    Object.defineProperty(place, 'send', { value: () => timer(5) });
    return place;
  };

  const batches = (size: number, window: number, lasts: number): BatchConnection<JsMsg> => ({
    name: 'batches',
    state$: new BehaviorSubject<ConnectionState>('up'),
    window,
    batch: { size, send: () => timer(lasts).pipe(ignoreElements()) },
  });

  it('all workers together, all the time', async () => {
    const world = await started();
    await world.publish(600);
    // The server knows of an ack before it is asked for more.
    const ackAck = true;
    const workers = [
      await world.worker([slow(1), slow(3)], { ackAck }),
      await world.worker([batches(2, 2, 5)], { ackAck }),
    ];
    const outcomes = (): number => workers.reduce((sum, worker) => sum + worker.outcomes.length, 0);
    const most = await mostWhile(world, () => outcomes() === 600);
    expect(most).to.be.at.most(4 + 4);
    expect(most).to.be.at.least(4);
  });

  it('also as it counts them itself, with acks that nobody answers', async () => {
    const world = await started();
    await world.publish(300);
    let arrived = 0;
    let most = 0;
    const consumer = watched(await world.consumer(), () => {
      arrived++;
      most = Math.max(most, arrived - worker.outcomes.length);
    });
    const worker = await world.worker([slow(1), slow(3), batches(2, 2, 5)], { consumer });
    // An ack and the next request are on their way together, and the server may count the request first.
    await worker.has(300);
    expect(arrived).to.equal(300);
    expect(most).to.be.within(5, 8);
  });

  it('those included whose ack is under way', async () => {
    const world = await started();
    await world.publish(4);
    let answer: () => void = () => undefined;
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const consumer = watched(await world.consumer(), (message) => {
      const ackAck = message.ackAck.bind(message);
      message.ackAck = async () => {
        await answered;
        return ackAck();
      };
    });
    const place = new Destination(2);
    const worker = await world.worker([place], { ackAck: true, consumer });
    await place.has(2);
    place.deliver();
    await expectNothingAsked(world, 2);
    expect(place.begun).to.have.length(2);
    expect(worker.outcomes).to.deep.equal([]);
    answer();
    await place.has(4);
    expect(worker.delivered).to.deep.equal(['event 1', 'event 2']);
  });

  it('with batches: the window times the size', async () => {
    const world = await started();
    await world.publish(30);
    await world.worker([batches(3, 2, 20_000)]);
    await until('it is full', async () => (await world.state()).unacknowledged >= 6);
    await expectNothingAsked(world, 6);
  });

  it('and no more than maxUnacknowledged', async () => {
    const world = await started();
    await world.publish(100);
    const worker = await world.worker([slow(5)], { ackAck: true, maxUnacknowledged: 2 });
    expect(await mostWhile(world, () => worker.outcomes.length === 100)).to.equal(2);
  });

  it('and more or fewer as their windows grow and shrink', async () => {
    const world = await started();
    await world.publish(30);
    const window$ = new BehaviorSubject(0);
    const place = new Destination(window$);
    await world.worker([place]);
    await expectNothingAsked(world, 0);
    window$.next(2);
    await place.has(2);
    window$.next(4);
    await place.has(4);
    await expectNothingAsked(world, 4);
    window$.next(1);
    place.deliver();
    await place.has(5);
    await expectNothingAsked(world, 1);
    place.deliver();
    await place.has(6);
    await expectNothingAsked(world, 1);
    window$.next(0);
    place.deliver();
    await until('it is settled', async () => (await world.state()).unacknowledged === 0);
    await expectNothingAsked(world, 0);
    expect(place.begun).to.have.length(6);
  });

  it('and none while none is up', async () => {
    const world = await started();
    await world.publish(5);
    const place = new Destination(2);
    place.be('connecting');
    const worker = await world.worker([place]);
    await expectNothingAsked(world, 0);
    place.be('up');
    place.deliverAll();
    await worker.has(5);
  });

  it('and asks for none when the last goes down, also when it has asked already', async () => {
    const world = await started();
    const place = new Destination(2);
    const worker = await world.worker([place]);
    await until('it has asked', async () => (await world.state()).requests === 1);
    place.be('down');
    await expectNothingAsked(world, 0);
    await world.publish(3);
    await expectNothingAsked(world, 0);
    place.be('up');
    place.deliverAll();
    await worker.has(3);
  });

  it('and asks for none while a connection pauses', async () => {
    const world = await started();
    await world.publish(1);
    const place = new Destination(2);
    const worker = await world.worker([place]);
    await place.has(1);
    place.fail(new TemporaryError('it is full', { retryAfter: 6_000 }));
    place.deliverAll();
    await expectNothingAsked(world, 1);
    await world.publish(3);
    expect(await world.state()).to.include({ pending: 3, unacknowledged: 1 });
    await worker.has(4);
  });

  it('and gives back what has come to none', async () => {
    const world = await started({ ackWait: 12_000 });
    const texts = await world.publish(3);
    const place = new Destination(3);
    const consumer = watched(await world.consumer(), () => {
      place.be('down');
    });
    await world.worker([place], { consumer });
    await until('it has them', async () => (await world.state()).deliveries >= 3);
    const other = new Destination(3);
    await world.worker([other]);
    // When the request is over, long before the ack wait is.
    await other.has(3, 5_000);
    expect(other.texts).to.have.members(texts);
    expect(place.begun).to.deep.equal([]);
  });
});
