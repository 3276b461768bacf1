/** The inbox of a natsConnection, by itself: who waits for a reply, and who does no longer. */
import type { Msg, NatsConnection, SubscriptionOptions } from '@nats-io/transport-node';
import { expect } from 'chai';
import { Inbox, type Waiting } from '../../../src/connections/nats/inbox.js';

describe('Inbox', () => {
  /** An inbox, and what goes in and out of it. */
  const anInbox = () => {
    const published: (string | undefined)[] = [];
    let callback: SubscriptionOptions['callback'];
    const server = {
      subscribe: (_subject: string, options: SubscriptionOptions) => {
        ({ callback } = options);
      },
      publish: (_subject: string, _body: unknown, { reply }: { reply?: string }) => {
        published.push(reply);
      },
    } as unknown as NatsConnection;
    const inbox = new Inbox({ createInbox: (prefix = 'p') => `${prefix}.x` }, server, undefined);
    const reply = (subject = '', error: Error | null = null): void => {
      void callback?.(error, { subject } as Msg);
    };
    return { inbox, published, reply };
  };

  /** Somebody who waits, and what he heard. */
  const somebody = (subject = 'a') => {
    const heard: string[] = [];
    const waiting: Waiting = {
      subject,
      answered: (message) => heard.push(message.subject),
      refused: (error) => heard.push(`refused: ${String(error)}`),
      failed: (error) => heard.push(String(error)),
    };
    return { heard, waiting };
  };

  const body = new Uint8Array(0);

  it('should give a reply to the one who waits for it, once', () => {
    const { inbox, published, reply } = anInbox();
    const [one, other] = [somebody(), somebody()];
    inbox.publish(one.waiting, body, undefined);
    inbox.publish(other.waiting, body, undefined);
    expect(published).to.deep.equal(['p.x.1', 'p.x.2']);
    reply('p.x.2');
    reply('p.x.2');
    reply('p.x.3');
    expect([one.heard, other.heard]).to.deep.equal([[], ['p.x.2']]);
    expect(inbox.refusal).to.equal(undefined);
  });

  it('should keep why it may not be, and tell nobody that this is a reply', () => {
    const { inbox, reply } = anInbox();
    const { heard, waiting } = somebody();
    inbox.publish(waiting, body, undefined);
    const refusal = new Error('not allowed');
    reply('p.x.1', refusal);
    expect(heard).to.deep.equal([]);
    expect(inbox.refusal).to.equal(refusal);
  });

  it('should keep nothing of one who does not wait any more', () => {
    const { inbox, published, reply } = anInbox();
    const { heard, waiting } = somebody();
    inbox.forget(inbox.publish(waiting, body, undefined));
    reply(published[0]);
    inbox.fail('broken');
    expect(heard).to.deep.equal([]);
  });

  it('should fail all who wait, once, and refuse those of one subject alone', () => {
    const { inbox, published, reply } = anInbox();
    const [one, other] = [somebody('a'), somebody('b')];
    inbox.publish(one.waiting, body, undefined);
    inbox.publish(other.waiting, body, undefined);
    inbox.fail('not allowed', 'b');
    inbox.fail('broken');
    inbox.fail('broken');
    reply(published[0]);
    expect([one.heard, other.heard]).to.deep.equal([['broken'], ['refused: not allowed']]);
  });

  it('should keep nobody whose message was not taken', () => {
    const { heard, waiting } = somebody();
    const server = {
      subscribe: () => undefined,
      publish: () => {
        throw new Error('too large');
      },
    } as unknown as NatsConnection;
    const inbox = new Inbox({ createInbox: () => 'p.x' }, server, undefined);
    expect(() => inbox.publish(waiting, body, undefined)).to.throw('too large');
    inbox.fail('broken');
    expect(heard).to.deep.equal([]);
  });
});
