/** tcpConnection with `unacknowledged`: delivered is what the system has taken. */
import { expect } from 'chai';
import type { Socket } from 'node:net';
import { useFakeTimers } from 'sinon';
import { tcpConnection } from '../../../src/connections/tcp.js';
import { until } from '../../until.js';
import { certificateFor } from '../certificate.js';
import { closedAfterEach } from '../closedAfterEach.js';
import { OpenConnection } from '../openConnection.js';
import { writeForEver } from '../rawServer.js';
import { inShort, Shipment } from '../shipment.js';
import { ScriptedPeer, type PeerOptions } from './scriptedPeer.js';

/** Waits for so long, whatever the clock is. */
const sleep = async (duration: number): Promise<void> => {
  const end = performance.now() + duration;
  await turns(() => performance.now() >= end);
};

/** Waits for a condition turn by turn, whatever the clock is. */
const turns = async (holds: () => boolean): Promise<void> => {
  while (!holds()) {
    await new Promise(setImmediate);
  }
};

describe('tcpConnection with `unacknowledged`', () => {
  const keep = closedAfterEach();

  const silentPeer = async (options: PeerOptions = {}): Promise<ScriptedPeer> =>
    keep(await ScriptedPeer.start({ answer: () => undefined, ...options }));

  it('should deliver without an answer, and lose nothing when it closes in peace', async () => {
    const peer = await silentPeer();
    const events = Array.from({ length: 10_000 }, (_, index) => index);
    const connection = tcpConnection<number>(peer.url, { unacknowledged: true });
    const outcomes = await keep(new Shipment<number, unknown>(events, [connection])).ended();
    expect(outcomes.map(inShort)).to.deep.equal(events.map(String));
    expect(outcomes.every((outcome) => 'value' in outcome && outcome.value === undefined)).to.be.true;
    await until('all have come', () => peer.frames.length === events.length);
    expect(peer.frames).to.deep.equal(events.map(String));
    await until('its socket is closed', () => peer.openSockets === 0);
  });

  it('should deliver batches, as frames with their length as well', async () => {
    const peer = await silentPeer({ framing: 'length' });
    const connection = tcpConnection(peer.url, {
      unacknowledged: true,
      framing: 'length',
      batch: { size: 10 },
    });
    const opened = await keep(new OpenConnection(connection)).up();
    const results = await opened.sendAll([1, undefined, 3]);
    expect(results.map(({ index, status }) => [index, status])).to.have.deep.members([
      [0, 'delivered'],
      [1, 'failed'],
      [2, 'delivered'],
    ]);
    await until('all have come', () => peer.frames.length === 2);
    expect(peer.frames).to.deep.equal(['1', '3']);
  });

  it('should read and throw away what the peer says', async () => {
    const peer = await silentPeer({ greet: (socket) => socket.write('220 hello\n') });
    const connection = await keep(
      new OpenConnection(tcpConnection<number>(peer.url, { unacknowledged: true })),
    ).up();
    await until('it is accepted', () => peer.sockets.length === 1);
    for (let index = 0; index < 20; index++) {
      peer.socket.write('x'.repeat(100_000));
      await connection.send(index);
    }
    await until('all is taken', () => peer.socket.writableLength === 0);
    expect(connection.failed).to.be.false;
  });

  it('should fail when the peer leaves, and say so', async () => {
    const peer = await silentPeer();
    const connection = await keep(
      new OpenConnection(tcpConnection<number>(peer.url, { unacknowledged: true })),
    ).up();
    await connection.send(1);
    await until('it has come', () => peer.frames.length === 1);
    peer.socket.end();
    expect((await connection.lost()).message).to.equal(`${peer.url}: closed by the peer`);
  });

  it('should not wait for ever for a peer that does not close', async () => {
    const peer = await silentPeer({ allowHalfOpen: true, greet: (socket) => socket.pause() });
    const connection = tcpConnection<number>(peer.url, { unacknowledged: true });
    const opened = await keep(new OpenConnection(connection)).up();
    await opened.send(1);
    const start = performance.now();
    opened.close();
    // The next life waits for the end of this one.
    const again = await keep(new OpenConnection(connection)).up();
    expect(performance.now() - start).to.be.at.least(900);
    expect(again.failed).to.be.false;
  });

  it('should close in peace although the peer goes on talking', async () => {
    const peer = await silentPeer({
      greet: (socket) => {
        writeForEver(socket, 'x'.repeat(1_000));
      },
    });
    const connection = await new OpenConnection(
      tcpConnection<number>(peer.url, { unacknowledged: true }),
    ).up();
    await connection.send(1);
    connection.close();
    await until('it has come', () => peer.frames.length === 1);
    await until('its socket is closed', () => peer.openSockets === 0);
  });

  for (const idleTimeout of [Infinity, 1_000]) {
    it(`should leave a slow peer that talks the time to read, idle or not for ${idleTimeout} ms`, async () => {
      const clock = useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldClearNativeTimers: true });
      try {
        const peer = await silentPeer({ allowHalfOpen: true });
        const connection = tcpConnection<number>(peer.url, { unacknowledged: true, idleTimeout });
        const opened = keep(new OpenConnection(connection));
        await turns(() => opened.states.at(-1) === 'up' && peer.sockets.length === 1);
        peer.socket.pause();
        const events = Array.from({ length: 1_000 }, (_, index) => index);
        await Promise.all(events.map(async (event) => opened.send(event)));
        opened.close();
        // The next life waits for the end of this one.
        keep(new OpenConnection(connection));
        await clock.tickAsync(999);
        await sleep(50);
        expect(peer.sockets).to.have.length(1);
        await clock.tickAsync(1);
        await turns(() => peer.sockets.length === 2);
        const [socket] = peer.sockets as [Socket];
        // Longer than it may be idle while it is open.
        await sleep(idleTimeout === Infinity ? 0 : idleTimeout + 200);
        await clock.tickAsync(28_999);
        for (let times = 0; times < 3; times++) {
          socket.write('x'.repeat(100_000));
          await sleep(20);
        }
        expect(socket.destroyed).to.be.false;
        socket.resume();
        await turns(() => peer.frames.length === events.length);
        expect(peer.frames).to.deep.equal(events.map(String));
        expect(socket.destroyed).to.be.false;

        await clock.tickAsync(1);
        writeForEver(socket, 'x');
        await turns(() => socket.destroyed);
      } finally {
        clock.restore();
      }
    });
  }

  it('should complete what was written before it breaks, and fail the rest', async () => {
    const certificate = await certificateFor('server');
    const peer = await silentPeer({ tls: certificate });
    const connection = await keep(
      new OpenConnection(
        tcpConnection<number>(peer.url, { unacknowledged: true, tls: { ca: certificate.cert } }),
      ),
    ).up();
    await connection.send(1);
    await until('it has come', () => peer.frames.length === 1);
    await peer.close();
    await connection.lost();
    expect((await connection.refused(2)).message).to.match(/is not open/);
  });

  it('should not call a send delivered whose socket broke in the same turn', async () => {
    const peer = await silentPeer();
    const connection = await keep(
      new OpenConnection(tcpConnection<number>(peer.url, { unacknowledged: true })),
    ).up();
    const refused = connection.refused(1);
    connection.close();
    expect((await refused).message).to.equal(`${peer.url}: the connection was closed`);
    expect(peer.frames).to.deep.equal([]);
  });
});
