/** httpConnection over TLS: whom it trusts, and what it says of those that it does not. */
import { expect } from 'chai';
import { httpConnection, type HttpOptions } from '../../src/connections/http.js';
import { certificateFor, type Certificate } from './certificate.js';
import { closedAfterEach } from './closedAfterEach.js';
import { OpenConnection } from './openConnection.js';
import { ScriptedServer, type Script } from './scriptedServer.js';
import { Shipment } from './shipment.js';
import { until } from '../until.js';

describe('httpConnection over TLS', function () {
  this.timeout(60_000);
  const keep = closedAfterEach();
  let certificate: Certificate;
  let stranger: Certificate;

  before(async () => {
    certificate = await certificateFor('server');
    stranger = await certificateFor('stranger');
  });

  const serverOf = async (more: object = {}, script?: Script): Promise<ScriptedServer> =>
    keep(await ScriptedServer.start(script, { tls: { ...certificate, ...more } }));

  const openedTo = (url: string, tls?: HttpOptions<unknown, void>['tls']): OpenConnection<unknown, void> =>
    keep(new OpenConnection(httpConnection(url, tls === undefined ? {} : { tls })));

  it('should deliver to a server whose certificate is signed by `ca`', async () => {
    const server = await serverOf();
    const connection = httpConnection<number>(`${server.origin}/in`, { tls: { ca: certificate.cert } });
    const shipment = keep(new Shipment([1, 2, 3], [connection]));

    const outcomes = await shipment.ended();

    expect(outcomes.map(({ status }) => status)).to.deep.equal(['delivered', 'delivered', 'delivered']);
    expect(connection.name).to.equal(`${server.origin}/in`);
    expect(server.posts.map(({ path }) => path)).to.deep.equal(['/in', '/in', '/in']);
  });

  it('should keep sockets open from request to request', async () => {
    const server = await serverOf();
    const options = { tls: { ca: certificate.cert }, window: 1 };
    const connection = await keep(new OpenConnection(httpConnection(server.origin, options))).up();
    for (let number = 0; number < 20; number++) {
      await connection.send(number);
    }
    expect(new Set(server.posts.map(({ socket }) => socket)).size).to.equal(1);
  });

  it('should fail, and send nothing, when nobody it trusts has signed the certificate', async () => {
    const server = await serverOf();
    const host = new URL(server.origin).host;
    for (const tls of [undefined, { ca: stranger.cert }]) {
      const connection = openedTo(`https://user:hunter2@${host}/in`, tls);

      const error = await connection.lost();

      expect(error.message).to.match(new RegExp(`^https://${host}/in\\b.*certificate`, 'i'));
      expect(error.message).to.not.include('hunter2').and.not.include('user');
      expect(connection.states).to.deep.equal(['connecting']);
    }
    expect(server.requests).to.deep.equal([]);
  });

  it('should fail when the certificate is for another name', async () => {
    const server = await serverOf();
    const connection = openedTo(server.origin, { ca: certificate.cert, servername: 'elsewhere.example' });

    const error = await connection.lost();

    expect(error.message).to.match(/elsewhere\.example/);
    expect(server.requests).to.deep.equal([]);
  });

  it('should check the certificate against `servername`', async () => {
    const server = await serverOf();
    const connection = await openedTo(server.origin, { ca: certificate.cert, servername: 'localhost' }).up();
    await connection.send(1);
    expect(server.posts).to.have.length(1);
  });

  it('should deliver to anybody with `rejectUnauthorized: false`', async () => {
    const server = await serverOf();
    const connection = await openedTo(server.origin, { rejectUnauthorized: false }).up();
    await connection.send(1);
    expect(server.posts).to.have.length(1);
  });

  it('should show its own certificate', async () => {
    const client = await certificateFor('client', certificate);
    const server = await serverOf({ ca: certificate.cert, requestCert: true, rejectUnauthorized: true });
    const connection = await openedTo(server.origin, { ca: certificate.cert, ...client }).up();
    await connection.send(1);
    expect(server.posts).to.have.length(1);

    const shipment = keep(
      new Shipment([2], [httpConnection(server.origin, { tls: { ca: certificate.cert } })], {
        maxAttempts: 2,
      }),
    );
    await until('two failures', () => shipment.states.filter((state) => state === 'backoff').length >= 2);
    expect(server.posts).to.have.length(1);
  });

  it('should ask for health', async () => {
    const server = await serverOf();
    const options = { health: '/health', tls: { ca: certificate.cert } };
    const connection = await keep(new OpenConnection(httpConnection(server.origin, options))).up();
    await connection.send(1);
    expect(server.requests.map(({ path }) => path)).to.deep.equal(['/health', '/']);

    const distrusting = keep(new OpenConnection(httpConnection(server.origin, { health: '/health' })));
    expect((await distrusting.lost()).message).to.match(/certificate/i);
  });

  it('should fail when the other side does not speak TLS, and the other way round', async () => {
    const plain = keep(await ScriptedServer.start());
    const secret = await serverOf();

    const error = await openedTo(plain.origin.replace('http:', 'https:')).lost();
    expect(error.message).to.match(/^https:\/\//);
    const connection = await openedTo(secret.origin.replace('https:', 'http:')).up();
    expect((await connection.refused(1)).message).to.match(/^http:\/\//);
    expect([...plain.requests, ...secret.requests]).to.deep.equal([]);
  });

  it('should notice that the server is gone, and that it has come back', async () => {
    const server = await serverOf();
    const connection = httpConnection<number>(server.origin, { tls: { ca: certificate.cert } });
    const first = await keep(new OpenConnection(connection)).up();
    await first.send(1);

    await server.close();
    await first.lost();
    await server.listen();

    const second = await keep(new OpenConnection(connection)).up();
    await second.send(2);
    expect(server.posts).to.have.length(2);
  });
});
