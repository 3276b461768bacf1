/** What is read from the server's word on a consumer, and which errors are the end. */
import { JetStreamApiError, JetStreamError } from '@nats-io/jetstream';
import { errors } from '@nats-io/transport-node';
import { expect } from 'chai';
import { factsFrom, type ConsumerFacts } from '../../src/jetStream/consumerFacts.js';
import { hopelessness } from '../../src/jetStream/hopelessness.js';
import { consumerGone, statusError, streamGone } from './failures.js';
import { infoWith } from './scriptedConsumer.js';

const title = 'consumer "workers" of stream "EVENTS"';

function facts(config: Readonly<Record<string, unknown>>): ConsumerFacts {
  return factsFrom('who', infoWith(config));
}

describe('factsFrom', () => {
  it('reads how long the server waits, how often it delivers, and how many it gives at once', () => {
    expect(facts({ ack_wait: 5e9, max_deliver: 4, max_batch: 20 })).to.deep.equal({
      title,
      ackWait: 5_000,
      maxDeliver: 4,
      maxBatch: 20,
    });
  });

  it("knows the server's defaults", () => {
    const absent = { ack_wait: undefined, max_deliver: undefined };
    expect(facts(absent)).to.deep.equal({ title, ackWait: 30_000, maxDeliver: Infinity, maxBatch: 1_000 });
    expect(facts({ max_deliver: -1 }).maxDeliver).to.equal(Infinity);
    expect(facts({ max_deliver: 0 }).maxDeliver).to.equal(Infinity);
    expect(facts({ max_deliver: 1 }).maxDeliver).to.equal(1);
    expect(facts({ max_batch: 0 }).maxBatch).to.equal(1_000);
  });

  it('asks for no more than a thousand at once, whatever the consumer lets it', () => {
    expect(facts({ max_batch: 1_000 }).maxBatch).to.equal(1_000);
    expect(facts({ max_batch: 50_000 }).maxBatch).to.equal(1_000);
    expect(facts({ max_batch: 999 }).maxBatch).to.equal(999);
  });

  it('takes the shortest ack wait where there is a backoff: each delivery has its own', () => {
    expect(facts({ ack_wait: 5e9, backoff: [9e9, 2e9, 7e9] }).ackWait).to.equal(2_000);
    expect(facts({ ack_wait: 1e9, backoff: [9e9] }).ackWait).to.equal(1_000);
  });

  it('refuses an ack wait that is a slip: they are in nanoseconds there', () => {
    for (const slip of [{ ack_wait: 30_000 }, { ack_wait: 0 }, { backoff: [1e9, 9.9e6] }]) {
      expect(() => facts(slip)).to.throw(
        RangeError,
        `who: expected ${title} to wait 10 ms or longer for an ack (ack_wait, backoff; in nanoseconds there), got `,
      );
    }
    expect(facts({ ack_wait: 10e6 }).ackWait).to.equal(10);
  });

  it('refuses a consumer that pushes', () => {
    expect(() => facts({ deliver_subject: 'there' })).to.throw(
      RangeError,
      `who: expected ${title} to be a pull consumer, got one that pushes`,
    );
  });

  for (const policy of ['none', 'all', undefined]) {
    it(`refuses the ack policy ${String(policy)}`, () => {
      expect(() => facts({ ack_policy: policy })).to.throw(
        RangeError,
        `who: expected ${title} to have the ack policy "explicit", got "${String(policy)}"`,
      );
    });
  }

  it('refuses a consumer with priority groups', () => {
    expect(() => facts({ priority_groups: ['a'] })).to.throw(
      RangeError,
      `who: expected ${title} to have no priority groups`,
    );
    expect(facts({ priority_groups: [] }).title).to.equal(title);
  });

  it('refuses a consumer that lets requests wait for less time than the client can ask for', () => {
    expect(() => facts({ max_expires: 0.5e9 })).to.throw(
      RangeError,
      `who: expected ${title} to let a request wait for 1000 ms (max_expires), got 500`,
    );
    expect(facts({ max_expires: 1e9 }).title).to.equal(title);
    expect(facts({ max_expires: 0 }).title).to.equal(title);
  });
});

describe('hopelessness', () => {
  const judge = (error: unknown): Error | undefined => hopelessness('who', title, error);

  it('gives up a consumer or a stream that is gone, and says so', () => {
    for (const gone of [consumerGone(), streamGone()]) {
      const end = judge(gone);
      expect(end).to.be.an.instanceOf(Error);
      expect(end?.message).to.equal(`who: ${title} is gone: ${gone.message}`);
      expect(end?.cause).to.equal(gone);
    }
  });

  for (const [closed, why] of [
    [
      new errors.ClosedConnectionError(),
      'closed: to wait for a lost server, connect with maxReconnectAttempts: -1',
    ],
    [new errors.DrainingConnectionError(), 'being drained'],
  ] as const) {
    it(`gives up a client that has ended: ${closed.name}`, () => {
      const end = judge(closed);
      expect(end?.message).to.equal(`who: the connection to NATS is ${why}`);
      expect(end?.cause).to.equal(closed);
    });
  }

  for (const refused of [
    new errors.PermissionViolationError('not you', 'publish', 'there'),
    new errors.InvalidArgumentError('not so'),
    statusError(400, 'bad request'),
  ]) {
    it(`gives up what the server will never do: ${refused.name}`, () => {
      const end = judge(refused);
      expect(end?.message).to.equal(`who: ${title}: ${refused.message}`);
      expect(end?.cause).to.equal(refused);
    });
  }

  it('passes on what factsFrom refuses, and no other error of that kind', () => {
    try {
      facts({ ack_policy: 'none' });
      expect.fail('it is to be refused');
    } catch (error) {
      expect(error).to.be.an.instanceOf(RangeError);
      expect(judge(error)).to.equal(error);
    }
    expect(judge(new RangeError('a bug'))).to.equal(undefined);
  });

  it('finds the reason also where it is the cause of another error', () => {
    const refused = new errors.PermissionViolationError('not you', 'publish', 'there');
    const end = judge(new Error('the request failed', { cause: refused }));
    expect(end?.message).to.contain(`who: ${title}: `);
  });

  it('has hope for everything else', () => {
    const others: unknown[] = [
      statusError(409, 'leadership change'),
      // Whether the consumer is still there, says its info.
      statusError(409, 'consumer deleted'),
      statusError(503, 'no responders'),
      new JetStreamError('heartbeats missed'),
      new JetStreamApiError({ code: 503, err_code: 10008, description: 'system temporarily unavailable' }),
      new errors.TimeoutError(),
      new errors.NoRespondersError('there'),
      new TypeError('a bug'),
      'a string',
      undefined,
      null,
      0,
    ];
    for (const error of others) {
      expect(judge(error), String(error)).to.equal(undefined);
    }
  });
});
