/** Which types a NATS connection has, and a balancer that it is given to: these fail when they are compiled. */
import { expectTypeOf } from 'expect-type';
import { of, type Observable } from 'rxjs';
import { credsAuthenticator, tokenAuthenticator } from '@nats-io/transport-node';
import {
  natsConnection,
  type JetStreamAck,
  type NatsJetStreamOptions,
  type NatsOptions,
  type NatsReply,
} from '../../../src/connections/nats.js';
import { loadBalance, type BatchConnection, type Connection, type Outcome } from '../../../src/index.js';

const url = 'nats://host';

interface Line {
  readonly text: string;
}

const subject = ({ text }: Line): string => text;

/** For what must not compile, and would throw if it ran. */
function unused(make: () => unknown): void {
  expectTypeOf(make).toBeFunction();
}

describe('the types of natsConnection', () => {
  it('are those of a connection for anything by default', () => {
    expectTypeOf(natsConnection(url, { subject: 'a' })).toEqualTypeOf<Connection<unknown, void>>();
    expectTypeOf(natsConnection([url, new URL(url)], { subject: 'a', batch: { size: 2 } })).toEqualTypeOf<
      BatchConnection<unknown, void>
    >();
  });

  it('are those of the functions that are given', () => {
    expectTypeOf(natsConnection(url, { subject })).toEqualTypeOf<Connection<Line, void>>();
    expectTypeOf(natsConnection<Line>(url, { subject: 'a' })).toEqualTypeOf<Connection<Line, void>>();
    const read = (reply: NatsReply, { text }: Line): number => reply.data.length + text.length;
    expectTypeOf(natsConnection(url, { subject: 'a', read })).toEqualTypeOf<Connection<Line, number>>();
    expectTypeOf(natsConnection(url, { subject, read, batch: { size: 2 } })).toEqualTypeOf<
      BatchConnection<Line, number>
    >();
  });

  it('are those of a stream', () => {
    expectTypeOf(natsConnection(url, { subject: 'a', jetStream: true })).toEqualTypeOf<
      Connection<unknown, JetStreamAck>
    >();
    const jetStream = { messageId: ({ text }: Line) => text };
    expectTypeOf(natsConnection(url, { subject: 'a', jetStream })).toEqualTypeOf<
      Connection<Line, JetStreamAck>
    >();
    expectTypeOf(natsConnection(url, { subject, jetStream, batch: { size: 2 } })).toEqualTypeOf<
      BatchConnection<Line, JetStreamAck>
    >();
    // @ts-expect-error -- an ack is read already
    unused(() => natsConnection(url, { subject: 'a', jetStream: true, read: () => 1 }));
    const wrong = { messageId: ({ text }: Line) => text.length };
    // @ts-expect-error -- an id is a text
    unused(() => natsConnection(url, { subject: 'a', jetStream: wrong }));
  });

  it('are those of either where it is not known which', () => {
    const plain: NatsOptions<Line, number> = { subject };
    expectTypeOf(natsConnection(url, plain)).toEqualTypeOf<
      Connection<Line, number> | BatchConnection<Line, number>
    >();
    const stored: NatsJetStreamOptions<Line> = { subject, jetStream: true };
    expectTypeOf(natsConnection(url, stored)).toEqualTypeOf<
      Connection<Line, JetStreamAck> | BatchConnection<Line, JetStreamAck>
    >();
  });

  it('take the authenticators of the client', () => {
    for (const authenticator of [tokenAuthenticator('t'), credsAuthenticator(new Uint8Array(1))]) {
      expectTypeOf(natsConnection(url, { subject: 'a', authenticator })).toEqualTypeOf<
        Connection<unknown, void>
      >();
    }
  });

  it('ask for a subject', () => {
    // @ts-expect-error -- events are published somewhere
    unused(() => natsConnection(url, {}));
  });

  it('are those of the outcomes', () => {
    const connections = [
      natsConnection(url, { subject, jetStream: true }),
      natsConnection(url, { subject, read: (reply) => reply.string() }),
    ];
    expectTypeOf(of({ text: 'a' }).pipe(loadBalance(connections))).toEqualTypeOf<
      Observable<Outcome<{ text: string }, JetStreamAck | string>>
    >();
  });
});
