/** A natsConnection that opens: at which server, as whom, and what is left of it when it does not. */
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { useFakeTimers } from 'sinon';
import { natsConnection, type NatsOptions } from '../../../src/connections/nats.js';
import { NatsClientOpener } from '../../../src/connections/nats/client.js';
import { natsSettings } from '../../../src/connections/nats/options.js';
import { replyReader } from '../../../src/connections/nats/reading.js';
import { expectNothingUnhandled } from '../../badInput/unhandled.js';
import { until } from '../../until.js';
import { closedAfterEach } from '../closedAfterEach.js';
import { OpenConnection } from '../openConnection.js';
import { ScriptedNats, type NatsScript } from './scriptedNats.js';

type Options = Partial<Omit<NatsOptions<unknown, void>, 'batch'>>;

describe('natsConnection, opening', () => {
  const keep = closedAfterEach();
  expectNothingUnhandled();

  const serverOf = async (script?: NatsScript): Promise<ScriptedNats> =>
    keep(await ScriptedNats.start(script));

  const opening = (url: string | readonly string[], options: Options = {}) =>
    keep(new OpenConnection(natsConnection(url, { subject: 'a', ...options })));

  it('should say who it is, as the URL or the options say', async () => {
    const server = await serverOf();
    const login = async (user: string, options: Options = {}): Promise<object> => {
      await opening(server.url.replace('//', `//${user}`), { name: 'me', ...options }).up();
      const { user: name, pass, auth_token: token, jwt } = server.logins.at(-1) ?? {};
      return { name, pass, token, jwt };
    };
    const nobody = { name: undefined, pass: undefined, token: undefined, jwt: undefined };
    expect(await login('')).to.deep.equal(nobody);
    expect(await login('us%40er:pass%3Aword@')).to.deep.equal({
      ...nobody,
      name: 'us@er',
      pass: 'pass:word',
    });
    expect(await login('t0ken@')).to.deep.equal({ ...nobody, token: 't0ken' });
    expect(await login('', { token: 'other' })).to.deep.equal({ ...nobody, token: 'other' });
    expect(await login('', { authenticator: () => ({ jwt: 'abc' }) })).to.deep.equal({
      ...nobody,
      jwt: 'abc',
    });
    expect(server.logins.at(-1)).to.include({ name: 'me', no_responders: true, headers: true });
  });

  it('should ask for replies under its own prefix', async () => {
    const server = await serverOf();
    const open = await opening(server.url, { inboxPrefix: 'mine.only' }).up();
    await open.send(1);
    expect(server.messages[0]?.replyTo).to.match(/^mine\.only\.\w+\.1$/);
  });

  it('should say that it is refused, without its password', async () => {
    const server = await serverOf({ refusal: ({ pass }) => `Authorization Violation for ${String(pass)}` });
    const error = await opening(server.url.replace('//', '//me:hunter2@')).lost();
    expect(error.message).to.equal(`${server.url}: Authorization Violation for …`);
    await until('its socket is closed', () => server.openSockets === 0);
  });

  it('should say what an authenticator throws', async () => {
    const server = await serverOf();
    const authenticator = (): never => {
      throw new Error('no key');
    };
    expect((await opening(server.url, { authenticator }).lost()).message).to.equal(`${server.url}: no key`);
  });

  for (const [what, greeting] of [
    ['garbage', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    ['half a greeting', 'INFO {"server_id"\r\n'],
  ] as const) {
    it(`should fail when it is greeted with ${what}`, async () => {
      const server = await serverOf({ greeting });
      const open = opening(server.url);
      const error = await open.lost();
      expect(error.message).to.match(new RegExp(`^${server.url}: \\w`));
      expect(open.states).to.deep.equal(['connecting']);
      await until('its socket is closed', () => server.openSockets === 0);
    });
  }

  it('should say when the server hangs up: before it greets, and after', async () => {
    for (const script of [{ greeting: 'IN' }, { pongs: () => false }]) {
      const server = await serverOf(script);
      const open = opening(server.url);
      await until('it has connected', () => server.openSockets === 1);
      await sleep(20);
      server.hangUp();
      expect((await open.lost()).message).to.equal(`${server.url}: the server closed the connection`);
    }
  });

  it('should say when nobody listens', async () => {
    const server = await serverOf();
    await server.close();
    expect((await opening(server.url).lost()).message).to.equal(`${server.url}: connection refused`);
  });

  it('should refuse a server without TLS where it has to have it', async () => {
    const server = await serverOf();
    for (const open of [opening(server.url.replace('nats:', 'tls:')), opening(server.url, { tls: {} })]) {
      expect((await open.lost()).message).to.match(/: server does not support 'tls'$/);
    }
    expect(server.logins).to.deep.equal([]);
  });

  it('should leave no socket when it is left while a server says nothing', async () => {
    const server = await serverOf({ greeting: 'IN' });
    const before = process.getActiveResourcesInfo().length;
    const open = opening(server.url);
    await until('it has connected', () => server.openSockets === 1);
    open.close();
    await until('its socket is closed', () => server.openSockets === 0);
    await turn();
    expect(process.getActiveResourcesInfo()).to.have.length.of.at.most(before);
    expect(open.states).to.deep.equal(['connecting']);
  });

  it('should fail when it is not allowed to have replies, without an event, and say so', async () => {
    const server = await serverOf({
      denial: (subject) => `Permissions Violation for Subscription to "${subject}" of hunter2`,
    });
    const open = opening(server.url.replace('//', '//me:hunter2@'));
    expect((await open.lost()).message).to.match(
      new RegExp(`^${server.url}: Permissions Violation for Subscription to "_INBOX\\.\\w+\\.\\*" of …$`),
    );
    expect(open.states).to.deep.equal(['connecting']);
    await until('its socket is closed', () => server.openSockets === 0);
  });

  it('should say when the server goes before it has allowed to have replies', async () => {
    for (const end of ['it hangs up', 'it freezes'] as const) {
      const server = await serverOf({ pongs: (nth) => nth === 1 });
      const open = opening(server.url, end === 'it freezes' ? { pingInterval: 20 } : {});
      await until('it has logged in', () => server.logins.length === 1);
      await sleep(20);
      expect(open.states).to.deep.equal(['connecting']);
      if (end === 'it hangs up') {
        server.hangUp();
      }
      expect((await open.lost()).message).to.equal(
        `${server.url}: ${end === 'it hangs up' ? 'the server closed the connection' : 'no answer to 2 pings'}`,
      );
      await until('its socket is closed', () => server.openSockets === 0);
    }
  });

  it('should leave no socket when it is left before it is allowed to have replies', async () => {
    const server = await serverOf({ pongs: (nth) => nth === 1 });
    const open = opening(server.url);
    await until('it has logged in', () => server.logins.length === 1);
    await sleep(20);
    open.close();
    await until('its socket is closed', () => server.openSockets === 0);
    expect(open.states).to.deep.equal(['connecting']);
  });

  it('should leave no socket when it is left just after it has logged in', async () => {
    const server = await serverOf({ pongs: (nth) => nth === 1 });
    const settings = natsSettings('here', server.url, { subject: 'a' });
    const library = await import('@nats-io/transport-node');
    for (let ticks = 0; ticks < 12; ticks++) {
      const aborter = new AbortController();
      const leaving = async (): Promise<void> => {
        for (let passed = 0; passed < ticks; passed++) {
          await Promise.resolve();
        }
        aborter.abort();
      };
      const connect: typeof library.connect = async (options) => {
        const connected = await library.connect(options);
        void leaving();
        return connected;
      };
      const clients = new NatsClientOpener({ ...library, connect }, settings, replyReader(settings));
      const error = await clients.open(aborter.signal).catch((reason: unknown) => reason);
      expect(error)
        .to.be.an('Error')
        .with.property('message')
        .that.match(/^nats:.* closed/);
      await until('its socket is closed', () => server.openSockets === 0);
    }
  });

  it('should say where when the link is lost just after it has logged in', async () => {
    const server = await serverOf();
    const settings = natsSettings('here', server.url, { subject: 'a' });
    const library = await import('@nats-io/transport-node');
    const connect: typeof library.connect = async (options) => {
      const connected = await library.connect(options);
      await connected.close();
      return connected;
    };
    const clients = new NatsClientOpener({ ...library, connect }, settings, replyReader(settings));
    const error = await clients.open(new AbortController().signal).catch((reason: unknown) => reason);
    expect(error)
      .to.be.an('Error')
      .with.property('message', `${server.url}: the server closed the connection`);
  });

  it('should leave no socket when it is left at once', async () => {
    const server = await serverOf();
    opening(server.url).close();
    await sleep(50);
    expect(server.logins).to.deep.equal([]);
    expect(server.openSockets).to.equal(0);
  });

  it('should leave no socket when it is left at any moment of its opening', async () => {
    const server = await serverOf();
    for (let turns = 0; turns < 25; turns++) {
      const open = opening(server.url.replace('127.0.0.1', 'localhost'));
      for (let passed = 0; passed < turns; passed++) {
        await turn();
      }
      open.close();
    }
    await sleep(50);
    await until('no socket is left', () => server.openSockets === 0);
  });

  it('should try the servers of a list in turn, and begin with another one each time', async () => {
    const servers = [
      await serverOf(),
      await serverOf(),
      await serverOf({ refusal: () => 'Authorization Violation' }),
    ];
    const connection = natsConnection(
      servers.map(({ url }) => url),
      { subject: 'a' },
    );
    const taken: number[] = [];
    for (let time = 0; time < 8; time++) {
      const before = servers.map(({ accepted }) => accepted);
      const open = await keep(new OpenConnection(connection)).up();
      taken.push(servers.findIndex(({ accepted }, index) => index < 2 && accepted > (before[index] ?? 0)));
      open.close();
      await until('it is closed', () => servers.every(({ openSockets }) => openSockets === 0));
    }
    // The third passes each of its turns on to the first.
    expect(taken.slice(1)).to.deep.equal(taken.slice(0, -1).map((index) => 1 - index));
    expect(servers[2]?.accepted).to.be.within(3, 4);
  });

  it('should say what each server of a list says', async () => {
    const [away, wrong] = [await serverOf(), await serverOf({ refusal: () => 'Authorization Violation' })];
    await away.close();
    const { message } = await opening([away.url, wrong.url]).lost();
    expect(message).to.match(new RegExp(`^${away.url},${wrong.url}: `));
    expect(message).to.include(`${away.host}: connection refused`);
    expect(message).to.include(`${wrong.host}: Authorization Violation`);
  });

  it('should leave the rest of a list alone when it is left', async () => {
    const servers = [await serverOf({ greeting: 'IN' }), await serverOf({ greeting: 'IN' })];
    const open = opening(servers.map(({ url }) => url));
    const sockets = (): number => servers.reduce((sum, { openSockets }) => sum + openSockets, 0);
    await until('it has connected', () => sockets() === 1);
    open.close();
    await until('its socket is closed', () => sockets() === 0);
    await sleep(20);
    expect(servers.map(({ accepted }) => accepted)).to.have.members([0, 1]);
  });

  it('should wait for a server for as long as it is waited for', async () => {
    const clock = useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldClearNativeTimers: true });
    try {
      const server = await serverOf({ greeting: 'IN' });
      const open = opening(server.url);
      while (server.openSockets === 0) {
        await turn();
      }
      await clock.tickAsync(1_000_000);
      expect(open.states).to.deep.equal(['connecting']);
      expect(open.failed).to.be.false;
      open.close();
    } finally {
      clock.restore();
    }
  });
});
