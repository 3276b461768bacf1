/** The events that wait: how they are counted, and what is left when some of them are dropped. */
import { expect } from 'chai';
import { noop } from 'rxjs';
import { EventQueue, nothing, type Candidate } from '../../src/internal/eventQueue.js';
import { Retry } from '../../src/internal/retry.js';

/** A connection on which nothing has failed. */
const good: Candidate = { name: 'good', successes: 0, available: true, onProbation: false };

/** A queue of new events. */
function queueOf(...events: string[]): EventQueue<string> {
  const queue = new EventQueue<string>(
    () => 1,
    () => 0,
  );
  for (const event of events) {
    queue.push(event);
  }
  return queue;
}

describe('EventQueue', () => {
  it('should count guaranteed events that have outlived their wait as untried', () => {
    const queue = queueOf('a', 'b', 'c');
    queue.expireUntried(2, () => true, noop);
    expect(queue).to.include({ untried: 3, retrying: 0, length: 3 });
  });

  it('should count events that were put back once and more often', () => {
    const queue = queueOf();
    const often = new Retry('often', 3);
    queue.putBack(often);
    queue.remove(often);
    queue.putBack(often);
    queue.putBack(new Retry('once', 3));
    expect(queue).to.include({ untried: 0, retrying: 2, length: 2 });
  });

  it('should have no newest event when all have failed before', () => {
    const queue = queueOf();
    queue.putBack(new Retry('a', 3));
    expect(queue.takeNewest()).to.equal(nothing);
    expect(queue).to.have.length(1);
  });

  it('should not keep an event behind new ones that have been dropped', () => {
    const queue = queueOf('a', 'b');
    const often = new Retry('often', 3);
    queue.putBack(often);
    queue.remove(often);
    queue.putBack(often);
    expect([queue.takeNewest(), queue.takeNewest()]).to.deep.equal(['b', 'a']);
    expect(queue.take(good)).to.equal(often);
  });
});
