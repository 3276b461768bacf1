/** A natsConnection whose server goes, or goes silent, or says what nobody expects. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { lastValueFrom } from 'rxjs';
import { stub } from 'sinon';
import { natsConnection, type NatsOptions } from '../../../src/connections/nats.js';
import { NatsClientOpener } from '../../../src/connections/nats/client.js';
import { natsSettings } from '../../../src/connections/nats/options.js';
import { replyReader } from '../../../src/connections/nats/reading.js';
import { RejectedError, TemporaryError } from '../../../src/index.js';
import { expectNothingUnhandled } from '../../badInput/unhandled.js';
import { until } from '../../until.js';
import { closedAfterEach } from '../closedAfterEach.js';
import { OpenConnection } from '../openConnection.js';
import { ScriptedNats, type NatsScript } from './scriptedNats.js';

type Options = Partial<Omit<NatsOptions<unknown, void>, 'batch'>>;

describe('natsConnection, losing its server', () => {
  const keep = closedAfterEach();
  expectNothingUnhandled();

  const silent: NatsScript = { published: () => undefined };

  const openTo = async (script: NatsScript = silent, options: Options = {}) => {
    const server = keep(await ScriptedNats.start(script));
    const url = server.url.replace('//', '//me:hunter2@');
    const connection = natsConnection(url, { subject: 'a', ...options });
    return { server, open: await keep(new OpenConnection(connection)).up() };
  };

  it('should go down when the server hangs up, without traffic', async () => {
    const { server, open } = await openTo();
    server.hangUp();
    expect((await open.lost()).message).to.equal(`${server.url}: the server closed the connection`);
  });

  it('should fail every send in flight, once', async () => {
    const { server, open } = await openTo();
    const refused = Promise.all([1, 2, 3].map(async (event) => open.refused(event)));
    await until('all have come', () => server.messages.length === 3);
    server.hangUp();
    for (const error of await refused) {
      expect(error.message).to.equal(`${server.url}: the server closed the connection`);
    }
  });

  it('should fail a batch in flight', async () => {
    const server = keep(await ScriptedNats.start(silent));
    const connection = natsConnection(server.url, { subject: 'a', batch: { size: 5 } });
    const open = await keep(new OpenConnection(connection)).up();
    const sent = open.sendAll([1, 2]).catch((error: unknown) => error);
    await until('all have come', () => server.messages.length === 2);
    server.hangUp();
    expect(await sent).to.have.property('message', `${server.url}: the server closed the connection`);
  });

  it('should fail the send when half an answer is all there is', async () => {
    const { server, open } = await openTo({
      published: ({ replyTo, socket }) => socket.end(`MSG ${replyTo} 1 10\r\nhalf`),
    });
    expect((await open.refused(1)).message).to.equal(`${server.url}: the server closed the connection`);
    await open.lost();
  });

  it('should say why the server hangs up, without secrets', async () => {
    const { server, open } = await openTo();
    server.say("-ERR 'Maximum Control Line Exceeded by hunter2'\r\n");
    await sleep(10);
    server.hangUp();
    expect((await open.lost()).message).to.equal(`${server.url}: Maximum Control Line Exceeded by …`);
  });

  it('should go down when its user is no longer welcome', async () => {
    const { server, open } = await openTo();
    server.say("-ERR 'User Authentication Expired'\r\n");
    expect((await open.lost()).message).to.equal(`${server.url}: User Authentication Expired`);
    await until('its socket is closed', () => server.openSockets === 0);
  });

  it('should go down when the server answers no pings', async () => {
    // It answers those of the opening.
    const { server, open } = await openTo({ ...silent, pongs: (nth) => nth <= 2 }, { pingInterval: 20 });
    const refused = open.refused(1);
    expect((await open.lost()).message).to.equal(`${server.url}: no answer to 2 pings`);
    expect((await refused).message).to.equal(`${server.url}: no answer to 2 pings`);
    await until('its socket is closed', () => server.openSockets === 0);
  });

  it('should go down when what the server says makes no sense', async () => {
    // The client stops to read, says so on the console, and hears no pongs any more.
    const log = stub(console, 'log');
    try {
      const { server, open } = await openTo(silent, { pingInterval: 20 });
      const refused = open.refused(1);
      server.say('HTTP/1.1 400 Bad Request\r\n');
      expect((await open.lost()).message).to.equal(`${server.url}: no answer to 2 pings`);
      await refused;
    } finally {
      log.restore();
    }
  });

  it('should stay up while the server answers pings', async () => {
    const { open } = await openTo(silent, { pingInterval: 10 });
    await sleep(150);
    expect(open.states).to.deep.equal(['connecting', 'up']);
    expect(open.failed).to.be.false;
  });

  it('should fail at once what it is not allowed to publish', async () => {
    const { server, open } = await openTo(
      {
        published: ({ socket, subject, respond }) => {
          if (subject === 'b') {
            socket.write(`-ERR 'Permissions Violation for Publish to "b"'\r\n`);
          } else {
            setTimeout(respond, 30);
          }
        },
      },
      { subject: String },
    );
    const allowed = open.send('a');
    const error = await open.refused('b');
    expect(error).to.not.be.instanceOf(RejectedError).and.not.instanceOf(TemporaryError);
    expect(error.message).to.equal(`${server.url}: Permissions Violation for Publish to "b"`);
    await allowed;
  });

  it('should fail at once everything when it is not allowed to have replies', async () => {
    const { server, open } = await openTo({
      published: ({ socket, replyTo }) => {
        const inbox = replyTo.replace(/\d+$/, '*');
        socket.write(`-ERR 'Permissions Violation for Subscription to "${inbox}"'\r\n`);
      },
    });
    const errors = await Promise.all([open.refused(1), open.refused(2)]);
    for (const { message } of errors) {
      expect(message).to.match(new RegExp(`^${server.url}: Permissions Violation for Subscription`));
    }
  });

  it('should not mind other things that a server says', async () => {
    const { server, open } = await openTo({});
    server.say("+OK\r\n-ERR 'Something Else'\r\nPING\r\n");
    server.say(`INFO {"server_id":"S","version":"2.9.10","headers":true,"max_payload":1024,"ldm":true}\r\n`);
    await sleep(20);
    await open.send(1);
    expect(open.failed).to.be.false;
  });

  it('should fail what is left when it is closed, and send nothing more', async () => {
    const { server, open } = await openTo();
    const refused = open.refused(1);
    await until('it has come', () => server.messages.length === 1);
    open.close();
    expect((await refused).message).to.match(/closed/);
    server.messages[0]?.respond();
    await until('its socket is closed', () => server.openSockets === 0);
  });

  it('should refuse to send while it breaks', async () => {
    const { server, open } = await openTo();
    const second = open.refused(1).then(async () => open.refused(2));
    await until('it has come', () => server.messages.length === 1);
    server.hangUp();
    expect((await second).message).to.match(/closed|is not open/);
  });

  it('should refuse to publish when it is closed', async () => {
    const server = keep(await ScriptedNats.start(silent));
    const settings = natsSettings('here', server.url, { subject: 'a' });
    const library = await import('@nats-io/transport-node');
    const clients = new NatsClientOpener(library, settings, replyReader(settings));
    const client = await clients.open(new AbortController().signal);
    await client.close();
    const error = await lastValueFrom(client.one(1), { defaultValue: undefined }).catch(
      (reason: unknown) => reason,
    );
    expect(error).to.be.an('Error').with.property('message', `${server.url}: closed`);
    const many = await lastValueFrom(client.many([1, 2]), { defaultValue: undefined }).catch(
      (reason: unknown) => reason,
    );
    expect(many).to.be.an('Error').with.property('message', `${server.url}: closed`);
  });
});
