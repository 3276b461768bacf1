/** Messages that come again: what it takes, what it does not take, and how often they are sent then. */
import { setTimeout as sleep } from 'node:timers/promises';
import { jetstream } from '@nats-io/jetstream';
import type { Msg } from '@nats-io/transport-node';
import { expect } from 'chai';
import { BehaviorSubject, Subject } from 'rxjs';
import { RejectedError } from '../../../src/index.js';
import { until } from '../../until.js';
import { withNats } from '../withNats.js';
import { Destination } from './destination.js';
import { JetStreamWorld, type WorldConfig } from './jetStreamWorld.js';
import { watched } from './watchedConsumer.js';
import type { Worker } from './worker.js';
import { WorkerProcess } from './workerProcess.js';

describe('a message of nats-server comes again', function () {
  this.timeout(30_000);
  const keep = withNats();

  const started = (config?: WorldConfig): Promise<JetStreamWorld> => JetStreamWorld.start(keep, config);
  const take = (): Promise<string> => Promise.resolve('taken');
  const reject = (): Promise<never> => Promise.reject(new RejectedError('not this one'));

  const processed = async (world: JetStreamWorld, lasts: number | 'never'): Promise<WorkerProcess> => {
    const worker = await WorkerProcess.start(world.server, lasts);
    keep({ close: () => worker.stop() });
    return worker;
  };

  describe('when its worker', () => {
    it('is killed between delivery and ack: a duplicate, and nothing is lost', async () => {
      const world = await started({ ackWait: 3_000 });
      const texts = await world.publish(5);
      const worker = await processed(world, 'never');
      await until('two are delivered', () => worker.delivered.length === 2);
      await worker.kill();
      const other = await world.worker([take]);
      const outcomes = await other.has(5);
      expect(worker.delivered).to.deep.equal(['event 1', 'event 2']);
      expect(worker.outcomes).to.deep.equal([]);
      expect(other.delivered).to.have.members(texts);
      const attempts = new Map(outcomes.map((outcome) => [outcome.event.string(), outcome.attempts]));
      expect([...attempts].sort()).to.deep.equal([
        ['event 1', 2],
        ['event 2', 2],
        ['event 3', 1],
        ['event 4', 1],
        ['event 5', 1],
      ]);
      await until('all are settled', async () => (await world.state()).floor === 5);
      expect(await world.state()).to.include({ unacknowledged: 0, pending: 0 });
    });

    it('is killed, and counts that where it becomes a dead letter', async () => {
      const world = await started({ ackWait: 1_000 });
      await world.addDeadLetters();
      await world.publish(1);
      const worker = await processed(world, 'never');
      await until('it is delivered', () => worker.delivered.length === 1);
      await worker.kill();
      const deadLetter = { jetStream: jetstream(world.admin), subject: 'dead.all' };
      const other = await world.worker([reject], { deadLetter });
      const [outcome] = await other.has(1);
      expect(outcome).to.include({ reason: 'rejected', settlement: 'dead-letter' });
      // A request of the killed one may have taken it once more.
      expect(outcome?.attempts).to.be.at.least(2);
      const [letter] = await world.deadLetters();
      expect(letter?.headers.get('Dead-Letter-Attempts')).to.equal(String(outcome?.attempts));
    });

    it('is frozen, and tells the server nothing', async () => {
      const world = await started({ ackWait: 6_000 });
      await world.publish(2);
      const worker = await processed(world, 'never');
      // It asks for no more: what comes again comes to the other one.
      await until('both are delivered', () => worker.delivered.length === 2);
      const other = await world.worker([take]);
      await sleep(7_500);
      expect(other.outcomes, 'while it is not frozen').to.deep.equal([]);
      worker.freeze();
      for (const outcome of await other.has(2)) {
        expect(outcome).to.include({ status: 'delivered', attempts: 2 });
      }
    });
  });

  it('not, when its send takes longer than the ack wait', async () => {
    const world = await started({ ackWait: 6_000 });
    await world.publish(2);
    const [place, other] = [new Destination(3), new Destination(3)];
    const worker = await world.worker([place]);
    await place.has(2);
    await world.worker([other]);
    await sleep(7_500);
    expect(await world.state()).to.include({ deliveries: 2, redelivered: 0, unacknowledged: 2 });
    place.deliver();
    for (const outcome of await worker.has(2)) {
      expect(outcome).to.include({ status: 'delivered', attempts: 1 });
    }
    await until('all are settled', async () => (await world.state()).floor === 2);
    expect(place.begun).to.have.length(2);
    expect(other.begun).to.deep.equal([]);
  });

  describe('to a worker that has it already', () => {
    /** A worker that counts what comes to it. */
    const counting = async (
      world: JetStreamWorld,
      place: Destination,
    ): Promise<{ worker: Worker; hasCome: (count: number) => Promise<void> }> => {
      let came = 0;
      const consumer = watched(await world.consumer(), () => {
        came++;
      });
      const worker = await world.worker([place], { consumer });
      return { worker, hasCome: (count) => until(`${count} have come`, () => came >= count) };
    };

    it('and is sent once, and settled by its latest delivery', async () => {
      const world = await started();
      await world.publish(1);
      const place = new Destination(2);
      const { worker, hasCome } = await counting(world, place);
      const [message] = await place.has(1);
      // Somebody takes the message away from it, by hand.
      const { reply = '' } = message as unknown as Msg;
      world.admin.publish(reply, '-NAK');
      await hasCome(2);
      place.deliver();
      const [outcome] = await worker.has(1);
      expect(outcome).to.include({ status: 'delivered', settlement: 'ack', attempts: 2 });
      await until('it is settled', async () => (await world.state()).floor === 1);
      expect(place.texts).to.deep.equal(['event 1']);
      expect(worker.outcomes).to.have.length(1);
    });

    it('and is sent once, also when it did nothing for longer than the ack wait', async () => {
      const world = await started({ ackWait: 500 });
      await world.publish(1);
      const window$ = new BehaviorSubject(2);
      const place = new Destination(window$);
      const { worker, hasCome } = await counting(world, place);
      await place.has(1);
      // A computation that takes the whole process.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_500);
      await hasCome(2);
      // What the server has sent meanwhile, perhaps more than once, is to find it here.
      await sleep(1_000);
      // No further one is to be on its way when it is settled.
      window$.next(0);
      await until('no request is open', async () => (await world.state()).requests === 0);
      await sleep(100);
      expect(await world.state()).to.include({ requests: 0, unacknowledged: 1 });
      place.deliver();
      const [outcome] = await worker.has(1);
      expect(outcome).to.include({ status: 'delivered', settlement: 'ack' });
      expect(outcome?.attempts).to.be.at.least(2);
      await until('it is settled', async () => (await world.state()).floor === 1);
      expect(place.texts).to.deep.equal(['event 1']);
      expect(worker.outcomes).to.have.length(1);
    });
  });

  describe('as often as max_deliver says', () => {
    /** Delivers it to workers that are closed; gives what the last of them said. */
    const spend = async (
      world: JetStreamWorld,
      options: Parameters<JetStreamWorld['worker']>[1] = {},
    ): Promise<unknown[]> => {
      const said: unknown[] = [];
      for (let delivery = 1; delivery <= 2; delivery++) {
        const place = new Destination();
        const closeOn = new Subject<string>();
        const worker = await world.worker([place], { ...options, closeOn });
        await place.has(1);
        closeOn.next('enough');
        await worker.ended();
        said.push(...worker.outcomes);
      }
      return said;
    };

    it('and then never, without dead letters; the server tells of it', async () => {
      const world = await started({ consumer: { max_deliver: 2 }, ackWait: 500 });
      const advisories = await world.advisories();
      await world.publish(1);
      const [first, second] = await spend(world);
      expect(first).to.include({ reason: 'closed', settlement: 'nak', attempts: 1 });
      expect(second).to.include({ reason: 'closed', settlement: 'nak', attempts: 2 });
      const third = new Destination();
      await world.worker([third]);
      await until('the server tells of it', () => advisories.includes('MAX_DELIVERIES'));
      await sleep(700);
      expect(third.begun).to.deep.equal([]);
    });

    it('and is a dead letter at the last time', async () => {
      const world = await started({ consumer: { max_deliver: 2 } });
      await world.addDeadLetters();
      const advisories = await world.advisories();
      await world.publish(1);
      const deadLetter = { jetStream: jetstream(world.admin), subject: 'dead.all' };
      const [first, second] = await spend(world, { deadLetter });
      expect(first).to.include({ reason: 'closed', settlement: 'nak', attempts: 1 });
      expect(second).to.include({ reason: 'closed', settlement: 'dead-letter', attempts: 2 });
      const letters = await world.deadLetters();
      expect(letters.map(({ text }) => text)).to.deep.equal(['event 1']);
      expect(letters[0]?.headers.get('Dead-Letter-Reason')).to.equal('closed');
      await until('it is settled', async () => (await world.state()).floor === 1);
      expect(advisories).to.not.include('MAX_DELIVERIES');
    });

    it('and waits at the last time for a connection; it is a dead letter when its worker ends before', async () => {
      const world = await started({ consumer: { max_deliver: 1 }, ackWait: 2_500 });
      await world.addDeadLetters();
      const texts = await world.publish(3);
      const place = new Destination(3);
      const consumer = watched(await world.consumer(), () => {
        place.be('down');
      });
      const deadLetter = { jetStream: jetstream(world.admin), subject: 'dead.all' };
      const closeOn = new Subject<string>();
      const worker = await world.worker([place], { closeOn, consumer, deadLetter });
      await until('they are here', async () => (await world.state()).unacknowledged === 3);
      await sleep(5_500);
      expect(await world.state()).to.include({ deliveries: 3, unacknowledged: 3, floor: 0 });
      closeOn.next('enough');
      await worker.ended();
      const letters = await world.deadLetters();
      expect(letters.map(({ text }) => text)).to.have.members(texts);
      expect(letters[0]?.headers.get('Dead-Letter-Reason')).to.equal('closed');
      expect(letters[0]?.headers.get('Dead-Letter-Attempts')).to.equal('0');
      await until('all are settled', async () => (await world.state()).floor === 3);
      expect(place.begun).to.deep.equal([]);
    });

    it('and is a dead letter as soon as a stream takes it', async () => {
      const world = await started({ consumer: { max_deliver: 1 }, ackWait: 2_500 });
      await world.publish(1);
      const deadLetter = { jetStream: jetstream(world.admin), subject: 'dead.all' };
      const worker = await world.worker([reject], { deadLetter });
      await until('it is tried', async () => (await world.state()).deliveries === 1);
      await sleep(300);
      expect(worker.outcomes).to.deep.equal([]);
      await world.addDeadLetters();
      const [outcome] = await worker.has(1);
      expect(outcome).to.include({ reason: 'rejected', settlement: 'dead-letter', attempts: 1 });
      expect((await world.deadLetters()).map(({ text }) => text)).to.deep.equal(['event 1']);
      await until('it is settled', async () => (await world.state()).floor === 1);
    });
  });
});
