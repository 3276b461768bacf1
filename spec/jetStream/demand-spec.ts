/** How many messages a worker asks for: as many as its connections can take now, and never more. */
import { expect } from 'chai';
import { BehaviorSubject, NEVER } from 'rxjs';
import { RejectedError, TemporaryError } from '../../src/index.js';
import { batchPlace, Place } from './place.js';
import { ScriptedConsumer } from './scriptedConsumer.js';
import { messages, ScriptedMessage } from './scriptedMessage.js';
import { timeOf, Worker } from './worker.js';

describe('A worker asks for', () => {
  let worker: Worker;
  const time = timeOf(() => worker);

  it('all that the windows take', async () => {
    worker = new Worker({ connections: [new Place('a'), new Place('b', 3)] });
    await time.pass(0);
    expect(worker.consumer.asked).to.deep.equal([4]);
  });

  it('no more than the window of what is up', async () => {
    const down = new Place('b', 3, 'down');
    worker = new Worker({ connections: [new Place('a'), down] });
    await time.pass(0);
    expect(worker.consumer.asked).to.deep.equal([1]);
    down.become('up');
    // What one request has not been given, the next one is, which asks for more.
    await time.pass(1_000);
    expect(worker.consumer.asked).to.deep.equal([1, 4]);
  });

  it('nothing while nothing is up, and begins as soon as something is', async () => {
    const place = new Place('a', 2, 'down');
    worker = new Worker({ connections: [place] });
    await time.pass(5_000);
    expect(worker.consumer.asked).to.deep.equal([]);
    expect(worker.consumer.infos).to.equal(0);
    place.become('up');
    await time.pass(0);
    expect(worker.consumer.asked).to.deep.equal([2]);
  });

  it('nothing more when all have gone down while it waits for messages, until one is up again', async () => {
    const place = new Place('a', 2);
    worker = new Worker({ connections: [place] });
    await time.pass(0);
    place.become('down');
    await time.pass(5_000);
    expect(worker.consumer.asked).to.deep.equal([2]);
    place.become('up');
    await time.pass(0);
    expect(worker.consumer.asked).to.deep.equal([2, 2]);
  });

  it('no more than what is free beside what is in flight', async () => {
    worker = new Worker({ connections: [new Place('a', 5)] });
    await time.pass(0);
    worker.consumer.give(...messages(1, 2));
    await time.pass(1_000);
    expect(worker.consumer.asked).to.deep.equal([5, 3]);
  });

  it('as many as have become free meanwhile, in one request', async () => {
    const place = new Place('a', 5);
    worker = new Worker({ connections: [place] });
    await time.pass(0);
    worker.consumer.give(...messages(1, 5));
    await time.pass(5_000);
    expect(place.sent).to.deep.equal([1, 2, 3, 4, 5]);
    expect(worker.consumer.asked).to.deep.equal([5]);
    place.deliver(1, 3, 4);
    await time.pass(0);
    expect(worker.consumer.asked).to.deep.equal([5, 3]);
  });

  it('one for a connection on probation, and for all of its window when that is over', async () => {
    const place = new Place('a', 4);
    worker = new Worker({ connections: [place], maxAttempts: 1 });
    await time.pass(0);
    worker.consumer.give(new ScriptedMessage(1));
    await time.pass(0);
    place.fail(1, new TemporaryError('not now', { retryAfter: 10 }));
    await time.pass(1_000);
    expect(worker.consumer.asked).to.deep.equal([4, 1]);
    worker.consumer.give(new ScriptedMessage(2));
    await time.pass(0);
    place.deliver(2);
    await time.pass(0);
    expect(worker.consumer.asked).to.deep.equal([4, 1, 4]);
  });

  it('nothing for a connection that pauses', async () => {
    const pausing = new Place('a', 4);
    worker = new Worker({ connections: [pausing, new Place('b', 2)], maxAttempts: 1 });
    await time.pass(0);
    worker.consumer.give(new ScriptedMessage(1));
    await time.pass(0);
    pausing.fail(1, new TemporaryError('not now', { retryAfter: 60_000 }));
    await time.pass(1_000);
    expect(worker.consumer.asked).to.deep.equal([6, 2]);
  });

  it('as many as the batches take', async () => {
    const sends: number[][] = [];
    worker = new Worker({ connections: [batchPlace('a', 10, 2, sends), new Place('b')] });
    await time.pass(0);
    expect(worker.consumer.asked).to.deep.equal([21]);
    worker.consumer.give(...messages(1, 21));
    await time.pass(0);
    // All that has come together is there when the first is taken.
    expect(sends.map((batch) => batch.length)).to.deep.equal([10, 10]);
  });

  it('less by what waits for another try', async () => {
    const first = new Place('a', 3);
    const second = new Place('b', 1);
    worker = new Worker({ connections: [first, second] });
    await time.pass(0);
    worker.consumer.give(...messages(1, 4));
    await time.pass(0);
    expect(second.inFlight).to.have.length(1);
    const [mine = 0, other = 0, another = 0] = first.inFlight;
    first.fail(mine, new TemporaryError('not now', { retryAfter: 0 }));
    await time.pass(0);
    // It avoids the first while the second is up, and that is busy: of two free places one is its own.
    first.deliver(other, another);
    await time.pass(0);
    expect(worker.consumer.asked[0]).to.equal(4);
    expect(worker.consumer.asked.slice(1).every((asked) => asked <= 2)).to.equal(true);
  });

  it('less by what waits for the server to know of its ack', async () => {
    const place = new Place('a', 3);
    worker = new Worker({ connections: [place], ackAck: true });
    await time.pass(0);
    const [one, two, three] = messages(1, 3) as [ScriptedMessage, ScriptedMessage, ScriptedMessage];
    let known: () => void = () => undefined;
    one.on.ackAck = () =>
      new Promise<void>((resolve) => {
        known = resolve;
      });
    worker.consumer.give(one, two, three);
    await time.pass(0);
    place.deliver(1);
    await time.pass(1_000);
    expect(worker.consumer.asked).to.deep.equal([3]);
    place.deliver(2);
    await time.pass(0);
    expect(worker.consumer.asked).to.deep.equal([3, 1]);
    known();
    await time.pass(1_000);
    expect(worker.consumer.asked).to.deep.equal([3, 1, 2]);
    expect(worker.heard).to.deep.equal(['2 delivered ack', '1 delivered ack']);
  });

  it('no more than maxUnacknowledged, all that is here counted', async () => {
    const place = new Place('a', 10);
    worker = new Worker({ connections: [place], maxUnacknowledged: 4 });
    await time.pass(0);
    worker.consumer.give(...messages(1, 3));
    await time.pass(1_000);
    worker.consumer.give(new ScriptedMessage(4));
    await time.pass(5_000);
    expect(worker.consumer.asked).to.deep.equal([4, 1]);
    place.deliver(2, 3);
    await time.pass(0);
    expect(worker.consumer.asked).to.deep.equal([4, 1, 2]);
  });

  it('what a window takes that changes, and nothing where it is 0', async () => {
    const window = new BehaviorSubject(0);
    worker = new Worker({ connections: [new Place('a', window)] });
    await time.pass(1_000);
    expect(worker.consumer.asked).to.deep.equal([]);
    window.next(5);
    await time.pass(0);
    expect(worker.consumer.asked).to.deep.equal([5]);
    window.next(2);
    await time.pass(1_000);
    expect(worker.consumer.asked).to.deep.equal([5, 2]);
  });

  it('a thousand at once at most, or what the consumer lets it', async () => {
    worker = new Worker({
      consumer: new ScriptedConsumer({ max_batch: 7 }),
      connections: [batchPlace('a', 5_000, 1, [])],
    });
    await time.pass(0);
    worker.consumer.give(...messages(1, 7));
    worker.leave();
    worker = new Worker({ connections: [batchPlace('a', 5_000, 1, [])] });
    await time.pass(0);
    expect(worker.consumer.asked).to.deep.equal([1_000]);
  });

  it('nothing more once it drains, and nothing at all where it has drained before', async () => {
    worker = new Worker({ connections: [() => NEVER], drainOn: [true] });
    await time.pass(1_000);
    expect(worker.consumer.infos).to.equal(0);
    expect(worker.heard).to.deep.equal(['|']);
  });

  it('one after the other where messages are rejected as fast as they come', async () => {
    const rejecting = (): never => {
      throw new RejectedError('no');
    };
    worker = new Worker({ connections: [rejecting] });
    for (const message of messages(1, 3)) {
      await time.pass(0);
      worker.consumer.give(message);
    }
    await time.pass(0);
    expect(worker.consumer.asked).to.deep.equal([1, 1, 1, 1]);
    expect(worker.heard).to.deep.equal(['1 rejected term', '2 rejected term', '3 rejected term']);
  });
});
