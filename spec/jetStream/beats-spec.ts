/** When the server hears that a message is worked on: at every half of the ack wait, and not once it is settled. */
import { expect } from 'chai';
import { NEVER } from 'rxjs';
import { batchPlace, Place } from './place.js';
import { ScriptedConsumer } from './scriptedConsumer.js';
import { messages, ScriptedMessage } from './scriptedMessage.js';
import { timeOf, Worker } from './worker.js';

describe('A message', () => {
  let worker: Worker;
  const time = timeOf(() => worker);

  const ack_wait = 10e9;

  it('in a send has a beat exactly at half of the ack wait, and at every half again', async () => {
    const place = new Place('a');
    worker = new Worker({ consumer: new ScriptedConsumer({ ack_wait }), connections: [place] });
    await time.pass(0);
    const one = new ScriptedMessage(1);
    worker.consumer.give(one);
    await time.pass(4_999);
    expect(one.told).to.deep.equal([]);
    await time.pass(1);
    expect(one.told).to.deep.equal(['working @5000']);
    await time.pass(10_000);
    expect(one.told).to.deep.equal(['working @5000', 'working @10000', 'working @15000']);
    place.deliver(1);
    await time.pass(60_000);
    expect(one.words.slice(3)).to.deep.equal(['ack']);
  });

  it('that is settled before has none', async () => {
    const place = new Place('a');
    worker = new Worker({ consumer: new ScriptedConsumer({ ack_wait }), connections: [place] });
    await time.pass(0);
    const one = new ScriptedMessage(1);
    worker.consumer.give(one);
    await time.pass(4_999);
    place.deliver(1);
    await time.pass(60_000);
    expect(one.told).to.deep.equal(['ack @4999']);
  });

  it('that waits for another try has them as well', async () => {
    const place = new Place('a');
    worker = new Worker({
      consumer: new ScriptedConsumer({ ack_wait }),
      connections: [place],
      timeout: 60_000,
    });
    await time.pass(0);
    const one = new ScriptedMessage(1);
    worker.consumer.give(one);
    await time.pass(0);
    place.become('down');
    await time.pass(10_000);
    expect(one.told).to.deep.equal(['working @5000', 'working @10000']);
  });

  it('that is delivered again counts from then, and the beat is that of the latest delivery', async () => {
    worker = new Worker({
      consumer: new ScriptedConsumer({ ack_wait }),
      connections: [new Place('a'), new Place('b')],
    });
    await time.pass(0);
    const one = new ScriptedMessage(1);
    const again = new ScriptedMessage(1, 2);
    worker.consumer.give(one);
    await time.pass(3_000);
    worker.consumer.latest.giveMore(again);
    await time.pass(5_000);
    expect(one.told).to.deep.equal([]);
    expect(again.told).to.deep.equal(['working @8000']);
  });

  it('in the shortest ack wait of a backoff has its beats by that', async () => {
    const consumer = new ScriptedConsumer({ ack_wait, backoff: [2e9, 60e9] });
    worker = new Worker({ consumer, connections: [() => NEVER] });
    await time.pass(0);
    const one = new ScriptedMessage(1);
    consumer.give(one);
    await time.pass(2_000);
    expect(one.told).to.deep.equal(['working @1000', 'working @2000']);
  });

  it('whose beat cannot be said stays where it is', async () => {
    const place = new Place('a');
    worker = new Worker({ consumer: new ScriptedConsumer({ ack_wait }), connections: [place] });
    await time.pass(0);
    const one = new ScriptedMessage(1);
    one.on.working = () => {
      throw new Error('closed');
    };
    worker.consumer.give(one);
    await time.pass(10_000);
    expect(one.words).to.deep.equal(['working', 'working']);
    place.deliver(1);
    await time.pass(0);
    expect(worker.heard).to.deep.equal(['1 delivered ack']);
  });

  it('has none once its subscriber has left', async () => {
    const consumer = new ScriptedConsumer({ ack_wait });
    worker = new Worker({ consumer, connections: [() => NEVER] });
    await time.pass(0);
    const one = new ScriptedMessage(1);
    consumer.give(one);
    await time.pass(4_000);
    worker.leave();
    await time.pass(60_000);
    expect(one.words).to.deep.equal(['nak']);
  });

  it('has them while the worker drains', async () => {
    const place = new Place('a');
    const consumer = new ScriptedConsumer({ ack_wait });
    const controller = new AbortController();
    worker = new Worker({ consumer, connections: [place], drainOn: controller.signal });
    await time.pass(0);
    const one = new ScriptedMessage(1);
    consumer.give(one);
    await time.pass(1_000);
    controller.abort();
    await time.pass(9_000);
    expect(one.told).to.deep.equal(['working @5000', 'working @10000']);
    place.deliver(1);
    await time.pass(0);
    expect(worker.heard).to.deep.equal(['1 delivered ack', '|']);
  });

  it('of ten thousand needs no timer of its own', async () => {
    const all = messages(1, 1_000).map((message) => [message]);
    const consumer = new ScriptedConsumer({ ack_wait });
    worker = new Worker({ consumer, connections: [batchPlace('a', 10_000, 1, [])], timeout: Infinity });
    await time.pass(0);
    consumer.give(...all.flat());
    await time.pass(1_000);
    // One for all beats; nothing else is waited for but the next request.
    const timers = time.timers;
    expect(timers).to.be.lessThan(4);
    await time.pass(4_000);
    expect(all.flat().every(({ told }) => told.join() === 'working @5000')).to.equal(true);
    expect(time.timers).to.be.lessThan(4);
  });
});
