/** natsConnection to a real nats-server: what is particular to it. The rest is in the contract. */
import { jetstreamManager, type JetStreamManager, type StreamConfig } from '@nats-io/jetstream';
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { expect } from 'chai';
import { Subject } from 'rxjs';
import { JetStreamPublishError, natsConnection, type JetStreamAck } from '../../src/connections/nats.js';
import { RejectedError, TemporaryError, type Outcome } from '../../src/index.js';
import { certificateFor } from '../connections/certificate.js';
import { OpenConnection } from '../connections/openConnection.js';
import { Shipment } from '../connections/shipment.js';
import { until } from '../until.js';
import { LossyPipe } from './lossyPipe.js';
import { NatsServer, type NatsServerConfig } from './natsServer.js';
import { withNats } from './withNats.js';

describe('natsConnection to nats-server', function () {
  this.timeout(30_000);
  const keep = withNats();

  const started = async (config?: NatsServerConfig): Promise<NatsServer> => {
    const server = await NatsServer.start(config);
    keep({ close: () => server.stop() });
    return server;
  };

  const adminOf = async (server: NatsServer): Promise<NatsConnection> =>
    keep(await server.connect({ maxReconnectAttempts: -1, reconnectTimeWait: 10 }));

  /** Somebody who answers. */
  const answering = async (server: NatsServer, subject: string): Promise<void> => {
    const friend = await adminOf(server);
    friend.subscribe(subject, { callback: respond });
    await friend.flush();
  };

  const streamOf = async (
    server: NatsServer,
    config: Partial<StreamConfig> = {},
  ): Promise<JetStreamManager> => {
    const manager = await jetstreamManager(await adminOf(server));
    await manager.streams.add({ name: 'EVENTS', subjects: ['events.>'], ...config });
    return manager;
  };

  const countIn = async (manager: JetStreamManager): Promise<number> =>
    (await manager.streams.info('EVENTS')).state.messages;

  const storing = { subject: 'events.a', jetStream: true } as const;
  const withId = { subject: 'events.a', jetStream: { messageId: String } };

  describe('with somebody who answers', () => {
    it('should put an event back while nobody listens, and deliver it when somebody does', async () => {
      const server = await started();
      const connection = natsConnection<number>(server.url(), { subject: 'a' });
      const shipment = keep(new Shipment([1], [connection], { maxAttempts: Infinity }));
      const failures = (): unknown[] =>
        shipment.activities.flatMap((activity) => (activity.type === 'answer' ? [activity.error] : []));
      await until('it has failed', () => failures().length > 0);
      expect(failures()[0])
        .to.be.instanceOf(TemporaryError)
        .with.property('message')
        .that.match(/nobody listens to a$/);
      await answering(server, 'a');
      const [outcome] = await shipment.ended();
      expect(outcome).to.include({ status: 'delivered' });
    });

    it('should reject what is larger than the server takes, and go on', async () => {
      const server = await started({ lines: 'max_payload: 1000' });
      await answering(server, 'a');
      const open = await keep(
        new OpenConnection(natsConnection<string>(server.url(), { subject: 'a' })),
      ).up();
      const error = await open.refused('x'.repeat(999));
      expect(error).to.be.instanceOf(RejectedError);
      expect(error.message).to.match(/a message of at most 1000 bytes, got 1001$/);
      await open.send('x'.repeat(998));
      expect(open.failed).to.be.false;
    });

    it('should fail at once what its user may not publish', async () => {
      const users =
        '{ user: "ship-user", password: "open sesame", permissions: { publish: ["good.>"], subscribe: ["mine.>"] } }';
      const server = await started({ users });
      await answering(server, '*.a');
      const options = { subject: (event: string) => `${event}.a`, inboxPrefix: 'mine' };
      const open = await keep(new OpenConnection(natsConnection<string>(server.url(), options))).up();
      await open.send('good');
      expect((await open.refused('bad')).message).to.match(/Permissions Violation for Publish to "bad\.a"/);
      await open.send('good');
    });

    it('should not open where its user may have no replies', async () => {
      const users = '{ user: "ship-user", password: "open sesame", permissions: { subscribe: ["mine.>"] } }';
      const server = await started({ users });
      const deaf = keep(new OpenConnection(natsConnection(server.url(), { subject: 'a' })));
      expect((await deaf.lost()).message).to.match(/Permissions Violation for Subscription to "_INBOX\./);
      expect(deaf.states).to.deep.equal(['connecting']);
      await keep(
        new OpenConnection(natsConnection(server.url(), { subject: 'a', inboxPrefix: 'mine' })),
      ).up();
    });

    it('should deliver to the longest subject that the server takes, and reject a longer one', async () => {
      const server = await started();
      await answering(server, '*');
      const connection = natsConnection<number>(server.url(), {
        subject: (length) => 'x'.repeat(length),
        encode: () => 'b'.repeat(100_000),
        headers: () => ({ Key: 'h'.repeat(100_000) }),
      });
      const open = await keep(new OpenConnection(connection)).up();
      const others = Promise.all([1, 2, 3, 3_970].map(async (length) => open.send(length)));
      const error = await open.refused(3_971);
      expect(error).to.be.instanceOf(RejectedError);
      expect(error.message).to.match(/a subject of at most 3970 bytes, got 3971$/);
      await others;
      expect(open.failed).to.be.false;
    });

    it('should deliver the other events of a batch in which one may not be published', async () => {
      const users =
        '{ user: "ship-user", password: "open sesame", permissions: { publish: { deny: "bad.a" } } }';
      const server = await started({ users });
      await answering(server, '*.a');
      const connection = natsConnection<string>(server.url(), {
        subject: (event) => `${event}.a`,
        batch: { size: 5 },
      });
      const shipment = keep(new Shipment(['one', 'bad', 'two'], [connection], { reconnectDelay: 20 }));
      const outcomes = await shipment.ended();
      expect(outcomes.map(({ event, status, attempts }) => [event, status, attempts])).to.deep.equal([
        ['one', 'delivered', 1],
        ['two', 'delivered', 1],
        ['bad', 'dropped', 3],
      ]);
    });

    it('should notice that the server is frozen, without traffic', async () => {
      const server = await started();
      const options = { subject: 'a', pingInterval: 1_000 };
      const open = await keep(new OpenConnection(natsConnection(server.url(), options))).up();
      server.freeze();
      expect((await open.lost()).message).to.match(/no answer to 2 pings$/);
      server.thaw();
    });

    it('should go to another server of its list', async () => {
      const servers = [await started(), await started()] as const;
      for (const server of servers) {
        await answering(server, 'a');
      }
      const connection = natsConnection<number>(
        servers.map((server) => server.url()),
        { subject: 'a' },
      );
      const open = await keep(new OpenConnection(connection)).up();
      await servers[0].kill();
      open.close();
      for (let time = 0; time < 3; time++) {
        const again = await keep(new OpenConnection(connection)).up();
        await again.send(1);
        again.close();
      }
    });
  });

  describe('with a stream', () => {
    it('should store one message of an id', async () => {
      const server = await started();
      const manager = await streamOf(server);
      const open = await keep(new OpenConnection(natsConnection<string>(server.url(), withId))).up();
      expect(await open.send('one')).to.deep.equal({ stream: 'EVENTS', seq: 1, duplicate: false });
      expect(await open.send('one')).to.deep.equal({ stream: 'EVENTS', seq: 1, duplicate: true });
      expect(await open.send('two')).to.include({ seq: 2, duplicate: false });
      expect(await countIn(manager)).to.equal(2);
    });

    for (const [what, options, copies] of [
      ['once with an id', withId, 1],
      ['twice without', storing, 2],
    ] as const) {
      it(`should store an event whose ack is lost: ${what}`, async () => {
        const server = await started();
        const manager = await streamOf(server);
        const pipe = keep(await LossyPipe.start(server.port));
        const url = new URL(server.url());
        url.port = String(pipe.entrance);
        const connection = natsConnection<string>(url, options);
        const event$ = new Subject<string>();
        const shipment = keep(new Shipment<string, JetStreamAck>(event$, [connection]));
        await until('it is up', () => shipment.states.at(-1) === 'up');
        pipe.swallows = true;
        event$.next('event');
        event$.complete();
        await until('it is stored', async () => (await countIn(manager)) === 1);
        await until('its ack is lost', () => pipe.swallowed > 0);
        pipe.break();
        const [outcome] = await shipment.ended();
        expect(outcome).to.include({ status: 'delivered', attempts: 2 });
        const { value } = outcome as Outcome<string, JetStreamAck> & { status: 'delivered' };
        expect(value).to.deep.equal({ stream: 'EVENTS', seq: copies, duplicate: copies === 1 });
        expect(await countIn(manager)).to.equal(copies);
      });
    }

    it('should wait while the stream is full, and go on when there is room', async () => {
      const server = await started();
      const manager = await streamOf(server, { max_msgs: 3, discard: 'new' as StreamConfig['discard'] });
      const connection = natsConnection<number>(server.url(), { ...storing, window: 1 });
      const shipment = keep(new Shipment([1, 2, 3, 4, 5], [connection], { maxAttempts: Infinity }));
      const failures = (): unknown[] =>
        shipment.activities.flatMap(({ type, ...rest }) =>
          type === 'answer' && 'error' in rest && rest.error !== undefined ? [rest.error] : [],
        );
      await until('the stream is full', () => failures().length >= 2);
      const [error] = failures() as [Error];
      expect(error).to.be.instanceOf(TemporaryError);
      expect(error.message).to.match(/JetStream answered 10077 maximum messages exceeded$/);
      expect(error.cause).to.be.instanceOf(JetStreamPublishError).with.property('code', 10_077);
      await manager.streams.purge('EVENTS');
      const outcomes = await shipment.ended();
      expect(outcomes.map(({ status }) => status)).to.deep.equal(Array(5).fill('delivered'));
      expect(await countIn(manager)).to.equal(2);
      expect(shipment.states.filter((state) => state === 'connecting')).to.have.length(1);
    });

    it('should reject what the stream never takes', async () => {
      const server = await started();
      await streamOf(server, { max_msg_size: 10 });
      const open = await keep(new OpenConnection(natsConnection<string>(server.url(), storing))).up();
      const error = await open.refused('x'.repeat(9));
      expect(error).to.be.instanceOf(RejectedError);
      expect(error.message).to.match(/JetStream answered 10054 message size exceeds maximum allowed$/);
      await open.send('x');
    });

    it('should break when no stream takes its subject, or another one than it should be', async () => {
      const server = await started();
      await streamOf(server);
      for (const [options, message] of [
        [{ ...storing, subject: 'other.a' }, /: no stream takes other\.a$/],
        [{ ...storing, jetStream: { expectStream: 'OTHER' } }, /JetStream answered 10060 /],
      ] as const) {
        const open = await keep(new OpenConnection(natsConnection(server.url(), options))).up();
        const error = await open.refused(1);
        expect(error).to.not.be.instanceOf(TemporaryError).and.not.instanceOf(RejectedError);
        expect(error.message).to.match(message);
      }
    });

    it('should lose nothing, and store nothing twice, when its server is killed and comes back', async () => {
      const server = await started();
      const manager = await streamOf(server);
      const events = Array.from({ length: 3_000 }, (_, n) => `event ${n}`);
      const connection = natsConnection<string>(server.url(), { ...withId, batch: { size: 20 }, window: 3 });
      const shipment = keep(new Shipment(events, [connection], { maxAttempts: Infinity }));
      for (const part of [500, 1_500]) {
        await until('some are delivered', () => shipment.outcomes.length >= part);
        await server.kill();
        await server.start();
      }
      const outcomes = await shipment.ended();
      expect(outcomes.map(({ status }) => status)).to.deep.equal(Array(3_000).fill('delivered'));
      await until('the stream can be asked', async () => (await countIn(manager)) >= 0);
      expect(await countIn(manager)).to.equal(3_000);
    });
  });

  describe('over TLS', () => {
    it('should deliver to a server whose certificate it can verify, and to no other', async () => {
      const certificate = await certificateFor('server');
      const stranger = await certificateFor('stranger');
      const server = await started({ certificate });
      const friend = keep(await server.connect());
      friend.subscribe('a', { callback: respond });
      await friend.flush();
      const good = { subject: 'a', tls: { ca: certificate.cert } };
      for (const url of [
        server.url(),
        server.url().replace('nats:', 'tls:'),
        server.url(undefined, 'localhost'),
      ]) {
        await (await keep(new OpenConnection(natsConnection(url, good))).up()).send(1);
      }
      for (const tls of [undefined, {}, { ca: stranger.cert }]) {
        const options = { subject: 'a', ...(tls === undefined ? {} : { tls }) };
        const error = await keep(new OpenConnection(natsConnection(server.url(), options))).lost();
        expect(error.message).to.match(/certificate/);
        expect(error.message).to.not.include('sesame');
      }
    });

    it('should check the certificate against the name or the address that it was given', async () => {
      const certificate = await certificateFor('server');
      const server = await started({ certificate });
      const checked: string[] = [];
      const checkServerIdentity = (host: string): Error | undefined => {
        checked.push(host);
        return undefined;
      };
      const options = { subject: 'a', tls: { ca: certificate.cert, checkServerIdentity } };
      for (const host of ['127.0.0.1', 'localhost']) {
        await keep(new OpenConnection(natsConnection(server.url(undefined, host), options))).up();
      }
      expect(checked).to.deep.equal(['127.0.0.1', 'localhost']);
      const wrong = { subject: 'a', tls: { ca: certificate.cert, servername: 'elsewhere.example' } };
      const error = await keep(new OpenConnection(natsConnection(server.url(), wrong))).lost();
      expect(error.message).to.match(/elsewhere\.example/);
    });
  });
});

/** Answers. */
function respond(_error: Error | null, message: Msg): void {
  message.respond();
}
