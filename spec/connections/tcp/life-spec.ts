/** How a tcpConnection opens, breaks and closes, and that it says why. */
import { expect } from 'chai';
import { Socket } from 'node:net';
import { stub } from 'sinon';
import { tcpConnection } from '../../../src/connections/tcp.js';
import { until } from '../../until.js';
import { BlackHole } from '../blackHole.js';
import { closedAfterEach } from '../closedAfterEach.js';
import { OpenConnection } from '../openConnection.js';
import { Shipment } from '../shipment.js';
import { ScriptedPeer, type PeerOptions } from './scriptedPeer.js';

/** The sockets and timers that keep this process alive. */
const held = (): readonly string[] =>
  process.getActiveResourcesInfo().filter((name) => /TCPSocket|TLS|Timeout|Immediate/.test(name));

describe('the life of a tcpConnection', () => {
  const keep = closedAfterEach();

  const peerOf = async (options?: PeerOptions): Promise<ScriptedPeer> =>
    keep(await ScriptedPeer.start(options));

  it('should fail when nobody listens, and say where', async () => {
    const peer = await peerOf();
    await peer.close();
    const error = await keep(new OpenConnection(tcpConnection(peer.url))).lost();
    expect(error.message).to.equal(`${peer.url}: connect ECONNREFUSED ${peer.host}`);
    const named = keep(new OpenConnection(tcpConnection(peer.url, { name: 'collector' })));
    expect((await named.lost()).message).to.equal(`collector: connect ECONNREFUSED ${peer.host}`);
    expect(named.states).to.deep.equal(['connecting']);
  });

  it('should fail when there is no such host', async () => {
    const error = await keep(new OpenConnection(tcpConnection('tcp://no-such-host.invalid:1'))).lost();
    expect(error.message).to.match(/^tcp:\/\/no-such-host\.invalid:1: getaddrinfo /);
  });

  it('should go down when the peer closes, without any traffic', async () => {
    const peer = await peerOf();
    const connection = await keep(new OpenConnection(tcpConnection(peer.url))).up();
    await until('it is accepted', () => peer.sockets.length === 1);
    peer.socket.end();
    expect((await connection.lost()).message).to.equal(`${peer.url}: closed by the peer`);
    await until('its socket is closed', () => peer.openSockets === 0);
  });

  it('should go down when the socket breaks, and fail what is in flight', async () => {
    const peer = await peerOf({ answer: () => undefined });
    const connection = await keep(new OpenConnection(tcpConnection<number>(peer.url))).up();
    const refused = [1, 2, 3].map(async (event) => connection.refused(event));
    await until('all have come', () => peer.frames.length === 3);
    peer.socket.resetAndDestroy();
    const error = await connection.lost();
    expect(error.message).to.equal(`${peer.url}: read ECONNRESET`);
    expect(new Set(await Promise.all(refused))).to.deep.equal(new Set([error]));
  });

  it('should fail what is sent after that', async () => {
    const peer = await peerOf();
    const connection = tcpConnection<number>(peer.url);
    const opened = await keep(new OpenConnection(connection)).up();
    const waiting = opened.sending(1);
    const [first, second] = [opened.refused(2), opened.refused(3)];
    // They wait for the end of this turn, and the socket goes before.
    opened.close();
    expect((await first).message).to.equal(`${peer.url}: the connection was closed`);
    expect((await second).message).to.equal(`${peer.url}: the connection was closed`);
    let failure: unknown;
    waiting.subscribe({
      error: (error: unknown) => {
        failure = error;
      },
    });
    expect(String(failure)).to.match(/is not open/);
  });

  it('should fail a send of a client that is gone', async () => {
    const peer = await peerOf();
    const connection = tcpConnection<number>(peer.url);
    const opened = await keep(new OpenConnection(connection)).up();
    // Made while it is open, subscribed when it is not.
    const send$ = connection.send(1, { attempt: 1, signal: new AbortController().signal });
    opened.close();
    const failure = await new Promise((resolve) => {
      (send$ as ReturnType<typeof opened.sending>).subscribe({ error: resolve });
    });
    expect(String(failure)).to.equal(`Error: ${peer.url}: the connection was closed`);
  });

  it('should come back with the peer', async () => {
    const peer = await peerOf();
    const connection = tcpConnection<number>(peer.url);
    const shipment = keep(new Shipment<number, string>([], [connection], { reconnectDelay: 5 }));
    await shipment.ended();
    const opened = await keep(new OpenConnection(connection)).up();
    await peer.close();
    await opened.lost();
    await peer.listen();
    const again = await keep(new OpenConnection(connection)).up();
    expect(await again.send(1)).to.equal('ok');
  });

  it('should deliver again what was in flight when the peer left', async () => {
    let lives = 0;
    const peer = await peerOf({
      answer: (line, socket) => {
        if (line === '5' && ++lives === 1) {
          socket.destroy();
        }
        return line;
      },
    });
    const events = Array.from({ length: 20 }, (_, index) => index);
    const connection = tcpConnection<number>(peer.url);
    const outcomes = await keep(new Shipment<number, string>(events, [connection])).ended();
    expect(outcomes.map(({ status }) => status)).to.deep.equal(events.map(() => 'delivered'));
    expect(peer.sockets).to.have.length(2);
  });

  it('should give up connecting after `connectTimeout`', async () => {
    const hole = keep(await BlackHole.start());
    const url = `tcp://127.0.0.1:${hole.port}`;
    const connection = keep(new OpenConnection(tcpConnection(url, { connectTimeout: 20 })));
    expect((await connection.lost()).message).to.equal(`${url}: connecting took longer than 20 ms`);
    expect(connection.states).to.deep.equal(['connecting']);
  });

  it('should leave connecting when it is closed', async () => {
    const hole = keep(await BlackHole.start());
    const url = `tcp://127.0.0.1:${hole.port}`;
    for (const connectTimeout of [Infinity, 100_000]) {
      const before = held();
      const connection = new OpenConnection(tcpConnection(url, { connectTimeout }));
      await new Promise(setImmediate);
      connection.close();
      await until('nothing is left', () => held().length <= before.length);
      expect(connection.failed).to.be.false;
    }
  });

  it('should leave nothing behind when it is closed', async () => {
    const peer = await peerOf({ answer: (line) => (line === '1' ? 'ok' : undefined) });
    const opened = await new OpenConnection(tcpConnection<number>(peer.url, { idleTimeout: 100_000 })).up();
    await opened.send(1);
    const refused = opened.refused(2);
    await until('both have come', () => peer.frames.length === 2);
    opened.close();
    expect((await refused).message).to.equal(`${peer.url}: the connection was closed`);
    await until('its socket is closed', () => peer.openSockets === 0);
    await peer.close();
    await until('nothing is left', () => held().every((name) => name === 'Timeout'));
  });

  it('should ignore what comes when it is closed in between', async () => {
    const peer = await peerOf({ answer: () => undefined });
    const opened = await keep(new OpenConnection(tcpConnection<number>(peer.url))).up();
    const values: unknown[] = [];
    opened.sending(1).subscribe((value) => {
      values.push(value);
      opened.close();
    });
    const second = opened.refused(2);
    await until('both have come', () => peer.frames.length === 2);
    peer.socket.write('a\nb\n');
    expect((await second).message).to.match(/the connection was closed$/);
    expect(values).to.deep.equal(['a']);
    expect(opened.failed).to.be.false;
  });

  it('should break when nothing comes or goes for `idleTimeout`', async () => {
    const peer = await peerOf({ answer: () => undefined });
    const connection = await keep(
      new OpenConnection(tcpConnection<number>(peer.url, { idleTimeout: 30 })),
    ).up();
    const refused = connection.refused(1);
    const error = await connection.lost();
    expect(error.message).to.equal(`${peer.url}: nothing came or went for 30 ms`);
    expect(await refused).to.equal(error);

    const atOnce = keep(new OpenConnection(tcpConnection(peer.url, { idleTimeout: 0 })));
    expect((await atOnce.lost()).message).to.equal(`${peer.url}: nothing came or went for 0 ms`);
  });

  it('should not break while something comes', async () => {
    const peer = await peerOf();
    const connection = await keep(
      new OpenConnection(tcpConnection<number>(peer.url, { idleTimeout: 20_000 })),
    ).up();
    const end = performance.now() + 100;
    while (performance.now() < end) {
      await connection.send(1);
    }
    expect(connection.failed).to.be.false;
  });

  it('should ask the system to keep the socket alive', async () => {
    const asked = stub(Socket.prototype, 'setKeepAlive').callThrough();
    const noDelay = stub(Socket.prototype, 'setNoDelay').callThrough();
    try {
      const peer = await peerOf();
      for (const keepAlive of [undefined, 0, 1, 1_001, 60_000, Infinity]) {
        const options = keepAlive === undefined ? {} : { keepAlive };
        await keep(new OpenConnection(tcpConnection(peer.url, options))).up();
      }
    } finally {
      asked.restore();
      noDelay.restore();
    }
    expect(asked.args).to.deep.equal([
      [true, 10_000],
      [true, 1_000],
      [true, 1_000],
      [true, 2_000],
      [true, 60_000],
    ]);
    expect(noDelay.args.filter(([isOn]) => isOn === true)).to.have.length(6);
  });
});
