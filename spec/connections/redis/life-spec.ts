/** redisConnection's life: up, lost, closed, with a server that behaves and with one that does not. */
import { inspect } from 'node:util';
import { expect } from 'chai';
import { redisConnection } from '../../../src/connections/redis.js';
import { expectNothingUnhandled } from '../../badInput/unhandled.js';
import { until } from '../../until.js';
import { BlackHole } from '../blackHole.js';
import { certificateFor } from '../certificate.js';
import { closedAfterEach } from '../closedAfterEach.js';
import { OpenConnection } from '../openConnection.js';
import { ScriptedRedis, type Script } from './scriptedRedis.js';

/** Sockets of this process, open or opening. */
function socketsHere(): number {
  return process.getActiveResourcesInfo().filter((name) => /^TCPSocket|^TCPConnect/.test(name)).length;
}

describe('the life of redisConnection', function () {
  // The first one loads the client.
  this.timeout(30_000);
  expectNothingUnhandled();
  const keep = closedAfterEach();
  const options = { list: 'key', name: 'place' } as const;
  let server: ScriptedRedis;
  beforeEach(async () => {
    server = keep(await ScriptedRedis.start());
  });

  const opening = (url = server.url, more: { readonly pingInterval?: number } = {}) =>
    keep(new OpenConnection(redisConnection(url, { ...options, ...more })));
  const opened = async (more: { readonly pingInterval?: number } = {}) => opening(server.url, more).up();
  const openedForBatches = async () =>
    keep(new OpenConnection(redisConnection(server.url, { ...options, batch: { size: 10 } }))).up();

  /** Replies to a command in its own way, and to the others as Redis does. */
  const replying =
    (name: string, script: Script): Script =>
    (command, socket) =>
      command[0] === name ? script(command, socket) : server.usual(command);

  describe('comes up', () => {
    it('when the server has answered a PING', async () => {
      server.script = () => undefined;
      const connection = opening();
      await until('a PING', () => server.commands.length === 1);
      expect(connection.states).to.deep.equal(['connecting']);
      server.say('+PONG\r\n');
      await connection.up();
      expect(connection.states).to.deep.equal(['connecting', 'up']);
    });

    it('also for a user who may not ask that', async () => {
      server.script = replying('PING', () => "-NOPERM this user has no permissions to run 'ping'\r\n");
      expect(await (await opened()).send('a')).to.equal(1);
    });

    it('not while the server loads its data', async () => {
      server.script = replying('PING', () => '-LOADING Redis is loading the dataset in memory\r\n');
      expect((await opening().lost()).message).to.equal(
        'place: LOADING Redis is loading the dataset in memory',
      );
      await until('the socket is closed', () => server.openSockets === 0);
    });

    it('not for somebody with a wrong password, which is not shown', async () => {
      server.script = replying('AUTH', () => '-WRONGPASS invalid username-password pair for hunter2\r\n');
      const connection = opening(server.url.replace('//', '//robert:hunter2@'));
      const error = await connection.lost();
      expect(error.message).to.equal('place: WRONGPASS invalid username-password pair for …');
      expect(inspect(error, { depth: Infinity, showHidden: true })).to.not.include('hunter2');
      await until('the socket is closed', () => server.openSockets === 0);
    });

    it('not for somebody without one', async () => {
      server.script = replying('PING', () => '-NOAUTH Authentication required.\r\n');
      expect((await opening().lost()).message).to.equal('place: NOAUTH Authentication required.');
    });

    it('not for a database that is not there', async () => {
      server.script = replying('SELECT', () => '-ERR DB index is out of range\r\n');
      expect((await opening(`${server.url}/99`).lost()).message).to.equal(
        'place: ERR DB index is out of range',
      );
    });

    it('not where nobody listens', async () => {
      await server.close();
      const error = await opening('redis://localhost:1').lost();
      expect(error.message).to.match(/^place: .*ECONNREFUSED/);
    });

    it('not with a server that closes in the middle of it', async () => {
      for (const name of ['AUTH', 'PING']) {
        server.script = replying(name, (_command, socket) => {
          socket.destroy();
          return undefined;
        });
        const error = await opening(server.url.replace('//', '//:word@')).lost();
        expect(error.message).to.match(/^place: (Socket closed|read ECONNRESET)/);
      }
    });

    it('not with a server that speaks another language', async () => {
      server.script = () => 'HTTP/1.1 400 Bad Request\r\n\r\n';
      for (const url of [server.url, server.url.replace('//', '//:word@')]) {
        expect((await opening(url).lost()).message).to.match(/^place: Unknown RESP type 72/);
      }
      await until('the sockets are closed', () => server.openSockets === 0);
    });
  });

  describe('over TLS', () => {
    it('verifies the certificate, of the name in the URL', async () => {
      const certificate = await certificateFor('localhost');
      const secure = keep(await ScriptedRedis.start(undefined, certificate));
      for (const [host, name, tls] of [
        ['localhost', 'localhost', {}],
        ['127.0.0.1', '', {}],
        ['127.0.0.1', 'localhost', { servername: 'localhost' }],
      ] as const) {
        const url = `rediss://${host}:${secure.port}`;
        const trusting = redisConnection(url, { ...options, tls: { ...tls, ca: certificate.cert } });
        expect(await (await keep(new OpenConnection(trusting)).up()).send('a')).to.be.a('number');
        expect(secure.servernames.at(-1)).to.equal(name);
        const error = await opening(url).lost();
        expect(error.message).to.match(/^place: self-signed certificate/);
      }
    });
  });

  describe('is lost', () => {
    it('when the server closes the socket, without traffic', async () => {
      const connection = await opened();
      server.hangUp();
      expect((await connection.lost()).message).to.match(/^place: (Socket closed|read ECONNRESET)/);
    });

    it('also when it breaks before somebody listens', async () => {
      server.script = replying('PING', () => '+PONG\r\nand good morning\r\n');
      const connection = opening();
      expect((await connection.lost()).message).to.match(/^place: Unknown RESP type/);
      await until('the socket is closed', () => server.openSockets === 0);
    });

    it('when the server says what nobody has asked', async () => {
      for (const text of [':1\r\n', '+PONG\r\n', '-ERR no\r\n']) {
        const connection = await opened();
        server.say(text);
        expect((await connection.lost()).message).to.equal('place: an answer that nobody asked for');
      }
      for (const text of ['\0\0\0', 'hello\r\n']) {
        const connection = await opened();
        server.say(text);
        expect((await connection.lost()).message).to.match(/^place: Unknown RESP type/);
      }
      await until('the sockets are closed', () => server.openSockets === 0);
    });

    it('and settles all sends', async () => {
      for (const [last, answered] of [
        ['', false],
        [':1', false],
        ['$5\r\nab', false],
        [':1\r\n', true],
        [':1\r\nHTTP/1.1', true],
      ] as const) {
        const [connection, batching] = [await opened(), await openedForBatches()];
        server.script = () => undefined;
        const before = server.events.length;
        const ends = ['a', 'b'].map((event) => connection.send(event).then(String, String));
        const named: number[] = [];
        const batchEnds = new Promise((resolve) => {
          batching.sendingAll(['c', 'd']).subscribe({
            next: (results) => named.push(...results.map(({ index }) => index)),
            error: (error: unknown) => {
              resolve(String(error));
            },
          });
        });
        await until('all is there', () => server.events.length === before + 4);
        server.say(last);
        server.endAll();
        const [first, second] = await Promise.all(ends);
        expect(first).to.match(answered ? /^1$/ : /^Error: place: /, last);
        expect(second).to.match(/^Error: place: /);
        expect(await batchEnds).to.match(/^Error: place: /);
        expect(named).to.deep.equal(answered ? [0] : []);
        await connection.lost();
        server.script = (command) => server.usual(command);
      }
    });

    it('when it sends nothing for twice the time between two PINGs', async () => {
      const connection = await opened({ pingInterval: 300 });
      await until('some PINGs', () => server.commands.length >= 3);
      expect(connection.failed).to.equal(false);
      server.script = () => undefined;
      const { length } = server.commands;
      expect((await connection.lost()).message).to.match(/^place: Socket timeout.* 600/);
      // One of them, perhaps one more that was on its way.
      expect(server.commands.length - length).to.be.within(1, 2);
    });
  });

  describe('goes on', () => {
    it('whatever the answer to a PING', async () => {
      const connection = await opened({ pingInterval: 500 });
      server.script = replying('PING', () => '-BUSY Redis is busy running a script\r\n');
      const { length } = server.commands;
      await until('more PINGs', () => server.commands.length >= length + 2);
      expect(connection.failed).to.equal(false);
      expect(await connection.send('a')).to.equal(1);
    });

    it('without a PING where none is wanted', async () => {
      const connection = await opened({ pingInterval: Infinity });
      expect(await connection.send('a')).to.equal(1);
      expect(server.commands.map(([name]) => name)).to.deep.equal(['PING', 'RPUSH']);
    });

    it('after a send was cancelled: its answer is not that of another', async () => {
      const connection = await opened();
      server.script = () => undefined;
      connection.sending('a').subscribe().unsubscribe();
      const send = connection.send('b');
      await until('both are there', () => server.events.length === 2);
      server.say(':7\r\n:8\r\n');
      expect(await send).to.equal(8);
    });

    it('after a batch was cancelled', async () => {
      const connection = await openedForBatches();
      server.script = () => undefined;
      connection.sendingAll(['a', 'b']).subscribe().unsubscribe();
      const send = connection.sendAll(['c']);
      await until('all are there', () => server.events.length === 3);
      server.say(':7\r\n:8\r\n:9\r\n');
      expect(await send).to.deep.equal([{ index: 0, status: 'delivered', value: 9 }]);
    });

    it('with the next life when it is opened again', async () => {
      const place = redisConnection(server.url, options);
      const first = await keep(new OpenConnection(place)).up();
      server.hangUp();
      await first.lost();
      expect(await (await keep(new OpenConnection(place)).up()).send('a')).to.equal(1);
    });
  });

  describe('is closed', () => {
    it('with its socket, and without a word', async () => {
      const connection = await opened();
      server.script = () => undefined;
      const send = connection.refused('a');
      await until('it is there', () => server.events.length === 1);
      connection.close();
      await until('the socket is closed', () => server.openSockets === 0);
      expect(await send).to.be.an('Error');
      expect(connection.failed).to.equal(false);
    });

    it('while nobody greets it', async () => {
      server.script = () => undefined;
      const connection = opening();
      await until('a PING', () => server.commands.length === 1);
      connection.close();
      await until('the socket is closed', () => server.openSockets === 0);
      expect(connection.failed).to.equal(false);
    });

    it('while nobody answers its connecting', async () => {
      const hole = keep(await BlackHole.start());
      const before = socketsHere();
      const connection = opening(`redis://127.0.0.1:${hole.port}`);
      await until('it connects', () => socketsHere() > before);
      connection.close();
      await until('it does not', () => socketsHere() === before);
    });

    it('before the client is loaded', async () => {
      const before = socketsHere();
      const connection = opening();
      connection.close();
      const other = await opened();
      expect(server.commands).to.have.length(1);
      other.close();
      await until('all sockets are closed', () => server.openSockets === 0 && socketsHere() <= before);
      expect(connection.states).to.deep.equal(['connecting']);
    });
  });
});
