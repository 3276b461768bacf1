/** tcpConnection with `unacknowledged`: delivered is what the system has taken. */
import { expect } from 'chai';
import { tcpConnection } from '../../../src/connections/tcp.js';
import { until } from '../../until.js';
import { certificateFor } from '../certificate.js';
import { closedAfterEach } from '../closedAfterEach.js';
import { OpenConnection } from '../openConnection.js';
import { writeForEver } from '../rawServer.js';
import { inShort, Shipment } from '../shipment.js';
import { ScriptedPeer, type PeerOptions } from './scriptedPeer.js';

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
