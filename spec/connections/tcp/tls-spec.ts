/** tcpConnection over TLS: whom it trusts, what it shows of itself, and what it says when either is refused. */
import { expect } from 'chai';
import { TLSSocket, type TlsOptions } from 'node:tls';
import { stub } from 'sinon';
import { tcpConnection, type TcpLineOptions } from '../../../src/connections/tcp.js';
import { until } from '../../until.js';
import { certificateFor, type Certificate } from '../certificate.js';
import { closedAfterEach } from '../closedAfterEach.js';
import { OpenConnection } from '../openConnection.js';
import { RawServer } from '../rawServer.js';
import { Shipment } from '../shipment.js';
import { Relay } from './relay.js';
import { ScriptedPeer } from './scriptedPeer.js';

describe('tcpConnection over TLS', function () {
  this.timeout(60_000);
  const keep = closedAfterEach();
  let certificate: Certificate;
  let stranger: Certificate;

  before(async () => {
    certificate = await certificateFor('server');
    stranger = await certificateFor('stranger');
  });

  const peerOf = async (more: TlsOptions = {}): Promise<ScriptedPeer> =>
    keep(await ScriptedPeer.start({ tls: { ...certificate, ...more }, answer: (line) => line }));

  const openedTo = (
    url: string,
    tls?: TcpLineOptions<number, string>['tls'],
  ): OpenConnection<number, string> =>
    keep(new OpenConnection(tcpConnection<number>(url, tls === undefined ? {} : { tls })));

  it('should deliver to a peer whose certificate is signed by `ca`', async () => {
    const peer = await peerOf();
    const connection = tcpConnection<number>(peer.url, { tls: { ca: certificate.cert } });
    const events = Array.from({ length: 1_000 }, (_, index) => index);
    const outcomes = await keep(new Shipment<number, string>(events, [connection])).ended();
    expect(outcomes.map((outcome) => 'value' in outcome && Number(outcome.value))).to.deep.equal(events);
    expect(connection.name).to.equal(peer.url);
  });

  it('should fail, and send nothing, when nobody it trusts has signed the certificate', async () => {
    const peer = await peerOf();
    for (const tls of [undefined, { ca: stranger.cert }]) {
      const connection = openedTo(peer.url, tls);
      const error = await connection.lost();
      expect(error.message).to.match(new RegExp(`^${peer.url}: .*certificate`, 'i'));
      expect(connection.states).to.deep.equal(['connecting']);
    }
    expect(peer.chunks).to.deep.equal([]);
  });

  it('should fail when the certificate is for another name', async () => {
    const peer = await peerOf();
    const error = await openedTo(peer.url, { ca: certificate.cert, servername: 'elsewhere.example' }).lost();
    expect(error.message).to.match(/elsewhere\.example/);
  });

  it('should tell a name by SNI, and an address not', async () => {
    const peer = await peerOf();
    await openedTo(peer.url, { ca: certificate.cert }).up();
    await openedTo(peer.url.replace('127.0.0.1', 'localhost'), { ca: certificate.cert }).up();
    await openedTo(peer.url, { ca: certificate.cert, servername: 'localhost' }).up();
    await until('all are accepted', () => peer.sockets.length === 3);
    expect(peer.sockets.map((socket) => socket instanceof TLSSocket && socket.servername)).to.deep.equal([
      false,
      'localhost',
      'localhost',
    ]);
  });

  it('should deliver to anybody with `rejectUnauthorized: false`', async () => {
    const peer = await peerOf();
    const connection = await openedTo(peer.url, { rejectUnauthorized: false }).up();
    expect(await connection.send(1)).to.equal('1');
  });

  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`should show its own certificate, and say when that is refused, over ${maxVersion}`, async () => {
      const client = await certificateFor('client', certificate);
      const peer = await peerOf({ ca: certificate.cert, requestCert: true, maxVersion });
      const tls = { ca: certificate.cert };
      const connection = await openedTo(peer.url, { ...tls, ...client }).up();
      expect(await connection.send(1)).to.equal('1');

      for (const refused of [tls, { ...tls, ...stranger }]) {
        const shipment = keep(
          new Shipment<number, string>([2], [tcpConnection<number>(peer.url, { tls: refused })], {
            maxAttempts: Infinity,
          }),
        );
        const errors = (): readonly string[] =>
          shipment.activities.flatMap((activity) =>
            activity.type === 'state' && activity.state === 'backoff' ? [String(activity.error)] : [],
          );
        await until('two failures', () => errors().length >= 2);
        shipment.close();
        for (const error of errors()) {
          expect(error).to.match(/^Error: tls:.*certificate/);
        }
      }
      expect(peer.frames).to.deep.equal(['1']);
    });
  }

  it('should say what a peer may mean that leaves before it says anything', async () => {
    const peer = await peerOf();
    const relay = keep(await Relay.start(Number(new URL(peer.url).port)));
    const url = `tls://127.0.0.1:${relay.port}`;
    const tls = { ca: certificate.cert };
    const hint = ', before it said anything: over TLS, that may be its way to refuse a client certificate';
    for (const [leave, said] of [
      [() => peer.socket.end(), 'closed by the peer'],
      [
        () => {
          relay.reset();
        },
        'read ECONNRESET',
      ],
    ] as const) {
      const accepted = peer.sockets.length;
      const silent = await openedTo(url, tls).up();
      await until('it is accepted', () => peer.sockets.length === accepted + 1);
      leave();
      expect((await silent.lost()).message).to.equal(`${url}: ${said}${hint}`);

      const talking = await openedTo(url, tls).up();
      await talking.send(1);
      leave();
      expect((await talking.lost()).message).to.equal(`${url}: ${said}`);
    }
  });

  it('should not suspect that of a peer that leaves later', async () => {
    const peer = await peerOf();
    for (const unacknowledged of [false, true]) {
      const tls = { ca: certificate.cert };
      const connection = await keep(
        new OpenConnection<number, unknown>(
          unacknowledged
            ? tcpConnection<number>(peer.url, { tls, unacknowledged })
            : tcpConnection<number>(peer.url, { tls }),
        ),
      ).up();
      await until('it is accepted', () => peer.sockets.length === (unacknowledged ? 2 : 1));
      const now = performance.now.bind(performance);
      const later = stub(performance, 'now').callsFake(() => now() + 5_000);
      try {
        peer.socket.end();
        expect((await connection.lost()).message).to.equal(`${peer.url}: closed by the peer`);
      } finally {
        later.restore();
      }
    }
  });

  it('should fail when the certificate that it is to show is none', async () => {
    const peer = await peerOf();
    const error = await openedTo(peer.url, { cert: 'no certificate', key: 'no key' }).lost();
    expect(error.message).to.match(new RegExp(`^${peer.url}: .*(PEM|pem)`));
  });

  it('should not show a passphrase', async () => {
    const peer = await peerOf();
    const connection = tcpConnection<number>(peer.url, {
      tls: { ca: certificate.cert, passphrase: 'hunter2' },
      read: (line) => {
        throw new Error(`hunter2 ${line}`);
      },
    });
    const opened = await keep(new OpenConnection(connection)).up();
    expect((await opened.refused(1)).message).to.equal(`${peer.url}: … 1`);
  });

  it('should fail when the other side does not speak TLS, and the other way round', async () => {
    const plain = keep(await ScriptedPeer.start());
    const secret = await peerOf();
    const error = await openedTo(plain.url.replace('tcp:', 'tls:')).lost();
    expect(error.message).to.match(/^tls:\/\//);
    const connection = await openedTo(secret.url.replace('tls:', 'tcp:')).up();
    // Long enough to be taken for a record of TLS that is none.
    expect((await connection.refused(1_234_567_890)).message).to.match(/^tcp:\/\//);
    expect(secret.frames).to.deep.equal([]);
  });

  it('should give up when TLS is not answered, and leave when it is closed in between', async () => {
    const silent = keep(await RawServer.start(() => undefined));
    const url = silent.origin.replace('http:', 'tls:');
    const impatient = keep(new OpenConnection(tcpConnection(url, { connectTimeout: 50 })));
    expect((await impatient.lost()).message).to.equal(`${url}: connecting took longer than 50 ms`);
    await until('its socket is closed', () => silent.openSockets === 0);

    const left = new OpenConnection(tcpConnection(url));
    await until('it is connected', () => silent.openSockets === 1);
    left.close();
    await until('its socket is closed', () => silent.openSockets === 0);
    expect(left.states).to.deep.equal(['connecting']);
    expect(left.failed).to.be.false;
  });

  it('should notice that the peer is gone', async () => {
    const peer = await peerOf();
    const connection = await openedTo(peer.url, { ca: certificate.cert }).up();
    await connection.send(1);
    await peer.close();
    expect((await connection.lost()).message).to.match(/^tls:.*(closed by the peer|ECONNRESET)/);
  });
});
