/** The batch of a natsConnection, by itself: replies that come in the very turn in which the link is lost. */
import type { Msg } from '@nats-io/transport-node';
import { expect } from 'chai';
import { Observable } from 'rxjs';
import { BatchSend } from '../../../src/connections/nats/batchSend.js';
import type { Courier, Sender } from '../../../src/connections/nats/courier.js';

describe('BatchSend', () => {
  /** A batch on its way: who waits for its replies, and what is heard of it. */
  const sent = (events: readonly string[]) => {
    const senders: Sender[] = [];
    const courier = {
      publish: (_event: string, sender: Sender) => senders.push(sender),
      read: (_reply: Msg, event: string) => `${event}!`,
      inbox: { forget: () => undefined },
    } as unknown as Courier<string, string>;
    const heard: unknown[] = [];
    new Observable((subscriber) => new BatchSend(courier, events, subscriber)).subscribe({
      next: (results) => heard.push(results),
      error: (error: unknown) => heard.push(error),
    });
    return { senders, heard };
  };

  it('should give the results it has when it breaks before it could give them', () => {
    const { senders, heard } = sent(['a', 'b']);
    senders[1]?.answered({} as Msg);
    senders[0]?.failed('lost');
    expect(heard).to.deep.equal([[{ index: 1, status: 'delivered', value: 'b!' }], 'lost']);
  });

  it('should give nothing but the error when it breaks before any reply', () => {
    const { senders, heard } = sent(['a']);
    senders[0]?.failed('lost');
    expect(heard).to.deep.equal(['lost']);
  });
});
