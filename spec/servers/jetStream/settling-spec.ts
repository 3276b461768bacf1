/** What the server is told of a message by its outcome, and what it then does with it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { jetstream, type JsMsg } from '@nats-io/jetstream';
import { expect } from 'chai';
import { EMPTY, Subject } from 'rxjs';
import { RejectedError, TemporaryError } from '../../../src/index.js';
import { until } from '../../until.js';
import { LossyPipe } from '../lossyPipe.js';
import { withNats } from '../withNats.js';
import { Destination } from './destination.js';
import { JetStreamWorld, type WorldConfig } from './jetStreamWorld.js';

describe('a message of nats-server', function () {
  this.timeout(30_000);
  const keep = withNats();

  const started = (config?: WorldConfig): Promise<JetStreamWorld> => JetStreamWorld.start(keep, config);
  const take = (): Promise<string> => Promise.resolve('taken');
  const reject = (): Promise<never> => Promise.reject(new RejectedError('not this one'));

  describe('that is delivered', () => {
    it('should be acknowledged', async () => {
      const world = await started();
      const texts = await world.publish(20);
      const worker = await world.worker([take]);
      const outcomes = await worker.has(20);
      expect(worker.delivered).to.deep.equal(texts);
      for (const outcome of outcomes) {
        expect(outcome).to.include({ status: 'delivered', settlement: 'ack', attempts: 1, value: 'taken' });
        expect(outcome).to.not.have.property('settlementError');
      }
      await until('all are settled', async () => (await world.state()).floor === 20);
      expect(await world.state()).to.include({
        pending: 0,
        unacknowledged: 0,
        redelivered: 0,
        deliveries: 20,
      });
    });

    it('should have its outcome when the server knows of its ack, with ackAck', async () => {
      const world = await started();
      await world.publish(3);
      const place = new Destination(3);
      const worker = await world.worker([place], { ackAck: true });
      await place.has(3);
      world.server.freeze();
      place.deliver();
      await sleep(300);
      expect(worker.outcomes).to.deep.equal([]);
      world.server.thaw();
      const outcomes = await worker.has(3);
      expect(await world.state()).to.include({ floor: 3, unacknowledged: 0 });
      for (const outcome of outcomes) {
        expect(outcome).to.include({ status: 'delivered', settlement: 'ack' });
        expect(outcome).to.not.have.property('settlementError');
      }
    });

    it('should show what became of its ack when the server does not answer, with ackAck', async () => {
      const world = await started();
      await world.publish(1);
      const pipe = keep(await LossyPipe.start(world.server.port));
      const consumer = await world.consumer({ servers: `127.0.0.1:${pipe.entrance}` }, 500);
      const place = new Destination();
      const worker = await world.worker([place], { consumer, ackAck: true });
      await place.has(1);
      pipe.swallows = true;
      place.deliver();
      const [outcome] = await worker.has(1);
      expect(outcome).to.include({ status: 'delivered', settlement: 'ack' });
      expect(outcome?.settlementError).to.be.an('error').with.property('name', 'TimeoutError');
      await until('the server knows of it', async () => {
        const { floor, unacknowledged } = await world.state();
        return floor === 1 && unacknowledged === 0;
      });
    });
  });

  describe('that is given up', () => {
    for (const [reason, attempts, send] of [
      ['attempts', 2, () => Promise.reject(new TemporaryError('full', { retryAfter: 0 }))],
      ['rejected', 1, reject],
    ] as const) {
      it(`should not be delivered again, to nobody: ${reason}`, async () => {
        const world = await started({ ackWait: 2_000 });
        const advisories = await world.advisories();
        await world.publish(1);
        const worker = await world.worker([send], { maxAttempts: 2 });
        const other = new Destination();
        const [outcome] = await worker.has(1);
        expect(outcome).to.include({ status: 'dropped', reason, attempts, settlement: 'term' });
        expect(outcome).to.not.have.property('settlementError');
        await world.worker([other]);
        await until('it is terminated', () => advisories.includes('MSG_TERMINATED'));
        await sleep(3_000);
        expect(other.begun).to.deep.equal([]);
        expect(worker.outcomes).to.have.length(1);
        expect(await world.state()).to.include({ deliveries: 1, unacknowledged: 0, pending: 0, floor: 1 });
      });
    }
  });

  describe('that becomes a dead letter', () => {
    it('should be in the other stream, with its data and headers and with what happened to it', async () => {
      const world = await started();
      await world.addDeadLetters();
      await world.publishWith('event 1', { Trace: ['a', 'b'], 'Nats-Msg-Id': ['one'] });
      const full = (): Promise<never> => Promise.reject(new TemporaryError('it is full', { retryAfter: 0 }));
      const deadLetter = { jetStream: jetstream(world.admin), subject: 'dead.all' };
      const worker = await world.worker([full], { maxAttempts: 2, deadLetter });
      const [outcome] = await worker.has(1);
      expect(outcome).to.include({ status: 'dropped', reason: 'attempts', settlement: 'dead-letter' });
      expect(outcome).to.not.have.property('settlementError');
      const letters = await world.deadLetters();
      expect(letters).to.have.length(1);
      const [letter] = letters;
      expect(letter).to.include({ subject: 'dead.all', text: 'event 1' });
      const all = Object.fromEntries(letter?.headers ?? []);
      const failure = { connection: 'full', error: 'it is full' };
      expect(all['Nats-Msg-Id']?.[0]).to.match(/^dead-letter:EVENTS:workers:1:\d{19}$/);
      expect(all).to.deep.include({
        Trace: ['a', 'b'],
        'Original-Nats-Msg-Id': ['one'],
        'Dead-Letter-Reason': ['attempts'],
        'Dead-Letter-Error': ['it is full'],
        'Dead-Letter-Attempts': ['2'],
        'Dead-Letter-Failures': [JSON.stringify([failure, failure])],
        'Dead-Letter-Subject': ['events.live'],
        'Dead-Letter-Stream': ['EVENTS'],
        'Dead-Letter-Consumer': ['workers'],
        'Dead-Letter-Sequence': ['1'],
      });
      await until('it is settled', async () => (await world.state()).floor === 1);
    });

    it('should go to the subject that a function gives', async () => {
      const world = await started();
      await world.addDeadLetters();
      await world.publish(1, 'events.a');
      await world.publish(1, 'events.b');
      const subject = (message: JsMsg): string => message.subject.replace('events', 'dead');
      const worker = await world.worker([reject], {
        deadLetter: { jetStream: jetstream(world.admin), subject },
      });
      await worker.has(2);
      const letters = await world.deadLetters();
      expect(letters.map((letter) => [letter.subject, letter.text])).to.have.deep.members([
        ['dead.a', 'event 1'],
        ['dead.b', 'event 2'],
      ]);
    });

    it('should not be swallowed as a duplicate of itself where both are in one stream', async () => {
      const world = await started({ consumer: { filter_subject: 'events.live' } });
      await world.publishWith('event 1', { 'Nats-Msg-Id': ['one'] });
      const worker = await world.worker([reject], {
        deadLetter: { jetStream: jetstream(world.admin), subject: 'events.dead' },
      });
      const [outcome] = await worker.has(1);
      expect(outcome).to.include({ settlement: 'dead-letter' });
      const letters = await world.deadLetters('EVENTS', 1);
      expect(letters.map((letter) => [letter.subject, letter.text])).to.deep.equal([
        ['events.dead', 'event 1'],
      ]);
    });

    it('should be there once when it was published twice', async () => {
      const world = await started({ ackWait: 500 });
      await world.addDeadLetters();
      await world.publish(1);
      const js = jetstream(world.admin);
      let published = 0;
      const publish: typeof js.publish = async (...args) => {
        const ack = await js.publish(...args);
        published++;
        if (published === 1) {
          throw new Error('the answer is lost');
        }
        return ack;
      };
      const worker = await world.worker([reject], {
        deadLetter: { jetStream: { publish }, subject: 'dead.all' },
      });
      const [first, second] = await worker.has(2);
      expect(first).to.include({ settlement: 'nak' });
      expect(first?.settlementError).to.have.property('message', 'the answer is lost');
      expect(second).to.include({ settlement: 'dead-letter', attempts: 2 });
      expect(published).to.equal(2);
      expect(await world.deadLetters()).to.have.length(1);
    });

    it('should come again, later, when no stream takes it', async () => {
      const world = await started({ ackWait: 3_000 });
      await world.publish(1);
      const times: number[] = [];
      const send = (): Promise<never> => {
        times.push(performance.now());
        return reject();
      };
      const worker = await world.worker([send], {
        deadLetter: { jetStream: jetstream(world.admin), subject: 'dead.all' },
      });
      const [first] = await worker.has(1);
      expect(first).to.include({ status: 'dropped', reason: 'rejected', settlement: 'nak', attempts: 1 });
      expect(first?.settlementError).to.be.an('error').with.property('message', 'jetstream is not enabled');
      await world.addDeadLetters();
      const [, second] = await worker.has(2);
      expect(second).to.include({ settlement: 'dead-letter', attempts: 2 });
      const [before = 0, after = 0] = times;
      expect(after - before).to.be.at.least(2_700);
      const [letter] = await world.deadLetters();
      expect(letter?.headers.get('Dead-Letter-Attempts')).to.equal('2');
      await until('it is settled', async () => (await world.state()).floor === 1);
    });
  });

  describe('that is given back', () => {
    /** Much less than the ack wait, which is that of the server: 30 s. */
    const atOnce = 5_000;

    for (const [how, open] of [
      ['with a request of its worker open', 3],
      ['with none open', 2],
    ] as const) {
      it(`should be with another worker at once when its own is closed, ${how}`, async () => {
        const world = await started();
        const texts = await world.publish(2);
        const [place, other] = [new Destination(open), new Destination(2)];
        const closeOn = new Subject<string>();
        const worker = await world.worker([place], { closeOn });
        await place.has(2);
        closeOn.next('enough');
        await worker.ended();
        for (const outcome of worker.outcomes) {
          expect(outcome).to.include({ status: 'dropped', reason: 'closed', settlement: 'nak', attempts: 1 });
          expect(outcome).to.not.have.property('settlementError');
        }
        expect(worker.outcomes).to.have.length(2);
        const heir = await world.worker([other]);
        await other.has(2, atOnce);
        other.deliver();
        for (const outcome of await heir.has(2)) {
          expect(outcome).to.include({ status: 'delivered', attempts: 2 });
        }
        expect(heir.delivered).to.have.members(texts);
      });
    }

    it('should be with another worker at once when its own is left', async () => {
      const world = await started();
      const texts = await world.publish(2);
      const [place, other] = [new Destination(3), new Destination(2)];
      const worker = await world.worker([place]);
      await place.has(2);
      worker.close();
      await world.worker([other]);
      await other.has(2, atOnce);
      expect(other.texts).to.have.members(texts);
      expect(worker.outcomes).to.deep.equal([]);
    });

    it('should be delivered by another worker when its own has no connection', async () => {
      const world = await started();
      const texts = await world.publish(2);
      const place = new Destination(2);
      const worker = await world.worker([place], { timeout: { wait: 100 } });
      await place.has(2);
      const other = await world.worker([take]);
      place.be('down');
      for (const outcome of await worker.has(2)) {
        expect(outcome).to.include({ status: 'dropped', reason: 'no-connection', settlement: 'nak' });
      }
      for (const outcome of await other.has(2)) {
        expect(outcome).to.include({ status: 'delivered', attempts: 2 });
      }
      expect(other.delivered).to.have.members(texts);
      await until('all are settled', async () => (await world.state()).floor === 2);
      expect(place.begun).to.have.length(2);
    });

    it('should be delivered by another worker when all connections of its own have retired', async () => {
      const world = await started();
      const texts = await world.publish(5);
      const place = new Destination(2);
      const worker = await world.worker([place], { reconnectDelay: () => EMPTY });
      await place.has(2);
      place.fail(new Error('broken'));
      await worker.ended();
      expect(worker.outcomes).to.have.length(2);
      for (const outcome of worker.outcomes) {
        expect(outcome).to.include({
          status: 'dropped',
          reason: 'no-connection',
          settlement: 'nak',
          attempts: 1,
        });
      }
      expect(await world.state()).to.include({ pending: 3, requests: 0 });
      const other = await world.worker([take]);
      await other.has(5);
      expect(other.delivered).to.have.members(texts);
    });
  });

  describe('of a worker that drains', () => {
    for (const [how, drains] of [
      ['by a notifier', () => ({ drainOn: new Subject<string>() })],
      ['by a signal', () => ({ drainOn: new AbortController() })],
    ] as const) {
      it(`should have its outcome, and then nothing is left and nothing more asked for: ${how}`, async () => {
        const world = await started();
        const { drainOn } = drains();
        await world.publish(10);
        const place = new Destination(2);
        const worker = await world.worker([place], {
          drainOn: drainOn instanceof Subject ? drainOn : drainOn.signal,
        });
        await place.has(2);
        place.deliver();
        await place.has(4);
        if (drainOn instanceof Subject) {
          drainOn.next('enough');
        } else {
          drainOn.abort();
        }
        await until('it has no more than it sends', async () => (await world.state()).unacknowledged === 2);
        expect(worker.completed).to.be.false;
        expect(await world.state()).to.include({ pending: 6 });
        place.deliverAll();
        await worker.ended();
        expect(worker.delivered).to.deep.equal(['event 1', 'event 2', 'event 3', 'event 4']);
        await world.publish(1);
        await until('all are settled', async () => (await world.state()).unacknowledged === 0);
        expect(await world.state()).to.include({ pending: 7, floor: 4, deliveries: 4, requests: 0 });
      });
    }
  });
});
