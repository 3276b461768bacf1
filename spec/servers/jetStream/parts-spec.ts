/** The parts of which a worker of nats-server is made, put together by hand. */
import { setTimeout as sleep } from 'node:timers/promises';
import { jetstream, type JsMsg } from '@nats-io/jetstream';
import { expect } from 'chai';
import { Subject, tap } from 'rxjs';
import { eachOutcomeFrom, loadBalanceFrom, RejectedError } from '../../../src/index.js';
import { jetStreamMessages, settleMessages } from '../../../src/jetStream/index.js';
import { until } from '../../until.js';
import { withNats } from '../withNats.js';
import { Destination } from './destination.js';
import { JetStreamWorld, type WorldConfig } from './jetStreamWorld.js';
import { Worker } from './worker.js';

describe('by hand, messages of nats-server', function () {
  this.timeout(30_000);
  const keep = withNats();

  const started = (config?: WorldConfig): Promise<JetStreamWorld> => JetStreamWorld.start(keep, config);

  it('should be balanced by loadBalanceFrom and settled by settleMessages', async () => {
    const world = await started();
    await world.addDeadLetters();
    const texts = await world.publish(10);
    const send = (message: JsMsg): Promise<string> =>
      message.string() === 'event 7'
        ? Promise.reject(new RejectedError('not this one'))
        : Promise.resolve('taken');
    const drainOn = new Subject<string>();
    const messages = jetStreamMessages(await world.consumer(), { drainOn });
    const seen: string[] = [];
    const outcomes$ = loadBalanceFrom(messages, [send]).pipe(
      tap(({ event }) => seen.push(event.string())),
      settleMessages(messages, {
        ackAck: true,
        deadLetter: { jetStream: jetstream(world.admin), subject: 'dead.all' },
      }),
    );
    const worker = keep(new Worker(outcomes$));
    await worker.has(10);
    expect(seen).to.deep.equal(texts);
    expect(worker.delivered).to.have.members(texts.filter((text) => text !== 'event 7'));
    const settlements = worker.outcomes.map(({ event, settlement }) => [event.string(), settlement]);
    expect(settlements).to.have.deep.members(
      texts.map((text) => [text, text === 'event 7' ? 'dead-letter' : 'ack']),
    );
    expect((await world.deadLetters()).map(({ text }) => text)).to.deep.equal(['event 7']);
    await until('all are settled', async () => (await world.state()).floor === 10);
    drainOn.next('enough');
    await worker.ended();
  });

  it('should wait for a reader of eachOutcomeFrom that is slow', async () => {
    const world = await started();
    const texts = await world.publish(30);
    const messages = jetStreamMessages(await world.consumer());
    const send = (): Promise<string> => Promise.resolve('taken');
    const read: string[] = [];
    let most = 0;
    for await (const { event } of eachOutcomeFrom(messages, [send], { highWaterMark: 3 })) {
      await sleep(10);
      most = Math.max(most, (await world.state()).unacknowledged);
      // The server knows of it before it is asked for more.
      messages.settle(event, (latest) => latest.ackAck());
      read.push(event.string());
      if (read.length === 20) {
        break;
      }
    }
    expect(read).to.deep.equal(texts.slice(0, 20));
    // What is read, what waits to be read, and what is in a send.
    expect(most).to.be.at.most(1 + 3 + 1);
    const { unacknowledged, pending } = await world.state();
    expect(pending).to.be.at.least(10 - 5);
    expect(unacknowledged).to.be.at.most(5);
  });

  it('should be settled in a loop', async () => {
    const world = await started();
    const texts = await world.publish(20);
    const drainOn = new Subject<string>();
    const messages = jetStreamMessages(await world.consumer(), { drainOn, maxUnacknowledged: 5 });
    const read: string[] = [];
    let most = 0;
    for await (const message of messages) {
      most = Math.max(most, (await world.state()).unacknowledged);
      // The server knows of it before it is asked for more.
      messages.settle(message, (latest) => latest.ackAck());
      read.push(message.string());
      if (read.length === 20) {
        drainOn.next('enough');
      }
    }
    expect(read).to.deep.equal(texts);
    expect(most).to.be.within(2, 5);
    await until('all are settled', async () => (await world.state()).floor === 20);
  });

  it('should not come again while a loop takes its time', async () => {
    const world = await started({ ackWait: 6_000 });
    await world.publish(1);
    const messages = jetStreamMessages(await world.consumer());
    for await (const message of messages) {
      const other = new Destination();
      await world.worker([other]);
      await sleep(7_500);
      expect(await world.state()).to.include({ deliveries: 1, unacknowledged: 1 });
      expect(other.begun).to.deep.equal([]);
      messages.settle(message, (latest) => {
        latest.ack();
      });
      break;
    }
    await until('it is settled', async () => (await world.state()).floor === 1);
  });

  it('should come to others when a loop is left', async () => {
    const world = await started();
    await world.publish(3);
    const messages = jetStreamMessages(await world.consumer(), { maxUnacknowledged: 3 });
    for await (const message of messages) {
      await until('all are here', async () => (await world.state()).unacknowledged === 3);
      messages.settle(message, (latest) => {
        latest.ack();
      });
      break;
    }
    const other = new Destination(3);
    await world.worker([other]);
    // Much less than the ack wait.
    await other.has(2, 5_000);
    expect(other.texts).to.have.members(['event 2', 'event 3']);
  });
});
