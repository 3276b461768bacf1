/** httpConnection as its users use it: through the balancer, to real servers that come and go. */
import { expect } from 'chai';
import { BehaviorSubject, concat, from, NEVER, of, Subject, TimeoutError } from 'rxjs';
import { httpConnection, type HttpOptions } from '../../src/connections/http.js';
import { closedAfterEach } from './closedAfterEach.js';
import { OpenConnection } from './openConnection.js';
import { ScriptedServer, silence, type Script, type ScriptedServerOptions } from './scriptedServer.js';
import { inShort, Shipment } from './shipment.js';
import { until } from '../until.js';

/** Options of a connection for single events. */
type SingleOptions<T, R> = HttpOptions<T, R> & { readonly batch?: undefined };

/** 1 to n. */
function numbers(n: number): number[] {
  return Array.from({ length: n }, (_, index) => index + 1);
}

/** The events that a server got, in order. */
function eventsAt(server: ScriptedServer): unknown[] {
  return server.posts.map(({ text }): unknown => JSON.parse(text));
}

describe('httpConnection', function () {
  this.timeout(60_000);
  const keep = closedAfterEach();

  const serverOf = async (script?: Script, options?: ScriptedServerOptions): Promise<ScriptedServer> =>
    keep(await ScriptedServer.start(script, options));

  const openedTo = <T, R>(url: string, options?: SingleOptions<T, R>): OpenConnection<T, R> =>
    keep(new OpenConnection(httpConnection(url, options)));

  describe('a request', () => {
    it('should be a POST of the event as JSON to path and query', async () => {
      const server = await serverOf();
      const connection = await openedTo(`${server.origin}/events?tenant=1`).up();

      await connection.send({ n: 1 });

      const [request] = server.requests;
      expect(request).to.include({ method: 'POST', path: '/events?tenant=1', text: '{"n":1}' });
      expect(request?.headers).to.include({
        host: server.host,
        'content-type': 'application/json',
        'content-length': '7',
      });
      expect(request?.headers).to.not.have.property('authorization');
    });

    it('should have the headers of the options', async () => {
      const server = await serverOf();
      const headers = { 'X-Tenant': 'one', 'user-agent': 'specs' };
      const connection = await openedTo(server.origin, { headers }).up();

      await connection.send(1);

      expect(server.requests[0]?.headers).to.include({ 'x-tenant': 'one', 'user-agent': 'specs' });
    });

    it('should have the credentials of the URL', async () => {
      const server = await serverOf();
      const connection = await openedTo(`http://us%C3%A9r:p%40ss%3A@${server.host}/`).up();

      await connection.send(1);

      const token = Buffer.from('usér:p@ss:').toString('base64');
      expect(server.requests[0]?.headers).to.include({ authorization: `Basic ${token}` });
    });

    it('should have credentials that are a user name or a password only, or no proper encoding', async () => {
      const server = await serverOf();
      for (const [credentials, plain] of [
        ['user', 'user:'],
        [':password', ':password'],
        ['a%zz:b%', 'a%zz:b%'],
        ['%ff:%41', '%ff:A'],
      ] as const) {
        const connection = await openedTo(`http://${credentials}@${server.host}/`).up();
        await connection.send(1);
        const token = Buffer.from(plain).toString('base64');
        expect(server.requests.at(-1)?.headers).to.include({ authorization: `Basic ${token}` });
      }
    });

    it('should not change when the options change after the call', async () => {
      const server = await serverOf();
      const url = new URL(`${server.origin}/before`);
      const headers: Record<string, string> = { 'x-tenant': 'before' };
      const connection = keep(new OpenConnection(httpConnection(url, { headers })));
      url.pathname = '/after';
      headers['x-tenant'] = 'after\r\nx-injected: 1';
      await connection.up();

      await connection.send(1);

      const [request] = server.requests;
      expect(request?.path).to.equal('/before');
      expect(request?.headers).to.include({ 'x-tenant': 'before' }).and.not.have.property('x-injected');
    });
  });

  describe('its name', () => {
    it('should be origin and path, without credentials and query', () => {
      const names = (
        [
          ['http://host', 'http://host/'],
          ['https://user:password@host:8080/events?token=secret#part', 'https://host:8080/events'],
          ['http://[::1]:9200/a%20b', 'http://[::1]:9200/a%20b'],
          ['http://host:80/', 'http://host/'],
        ] as const
      ).map(([url, name]) => [httpConnection(url).name, httpConnection(new URL(url)).name, name]);

      for (const [ofText, ofUrl, name] of names) {
        expect([ofText, ofUrl]).to.deep.equal([name, name]);
      }
    });

    it('should be the one that is given', () => {
      expect(httpConnection('http://host', { name: 'collector' }).name).to.equal('collector');
      expect(httpConnection('http://host', { name: 'collector', batch: { size: 2 } }).name).to.equal(
        'collector',
      );
    });
  });

  describe('opening', () => {
    it('should open nothing before it is subscribed to', async () => {
      const server = await serverOf();
      const other = await serverOf();
      httpConnection(server.origin);

      await openedTo(other.origin).up();

      expect(server.sockets).to.equal(0);
    });

    it('should be up once the endpoint has taken a connection, which is closed again', async () => {
      const server = await serverOf();

      const connection = await openedTo(server.origin).up();

      expect(connection.states).to.deep.equal(['connecting', 'up']);
      await until('the trial to be closed', () => server.sockets === 1 && server.openSockets === 0);
      expect(server.requests).to.deep.equal([]);
    });

    it('should fail with its name when nobody listens', async () => {
      const server = await serverOf();
      await server.close();

      const error = await openedTo(`${server.origin}/events`).lost();

      expect(error).to.be.an('error');
      expect(error.message).to.match(new RegExp(`^${server.origin}/events\\b.*ECONNREFUSED`));
      expect(error.cause).to.be.an('error').with.property('code', 'ECONNREFUSED');
    });

    it('should fail when the host has no address', async () => {
      const error = await openedTo('http://nowhere.invalid/').lost();

      expect(error.message).to.match(/^http:\/\/nowhere\.invalid\//);
    });

    it('should fail when the endpoint is not reached within timeout.connect', async () => {
      // It takes TCP connections, and never answers the TLS handshake.
      const server = await serverOf();
      const url = server.origin.replace('http:', 'https:');
      const shipment = keep(
        new Shipment(NEVER, [httpConnection(url)], { timeout: { connect: 50 }, reconnectDelay: 1 }),
      );

      await until('another try', () => server.sockets >= 2);

      expect(shipment.states).to.include('backoff').and.not.include('up');
    });

    it('should wait for an endpoint that is not there yet', async () => {
      const server = await serverOf();
      await server.close();
      const shipment = keep(new Shipment(['a'], [httpConnection(server.origin)]));
      await until('a failed try', () => shipment.states.includes('backoff'));

      await server.listen();

      const outcomes = await shipment.ended();
      expect(outcomes).to.have.length(1);
      expect(outcomes[0]).to.include({ status: 'delivered', event: 'a', attempts: 1 });
    });

    it('should serve one subscription at a time', async () => {
      const server = await serverOf();
      const connection = httpConnection(server.origin, { name: 'collector' });
      const first = await keep(new OpenConnection(connection)).up();

      const second = keep(new OpenConnection(connection));

      expect((await second.lost()).message).to.match(/^connection "collector" serves one subscription/);
      await first.send(1);
      first.close();
      await (await keep(new OpenConnection(connection)).up()).send(2);
      expect(eventsAt(server)).to.deep.equal([1, 2]);
    });
  });

  describe('delivering', () => {
    it('should deliver every event, and say where', async () => {
      const server = await serverOf();
      const shipment = keep(new Shipment(numbers(20), [httpConnection(`${server.origin}/in`)]));

      const outcomes = await shipment.ended();

      expect(outcomes.map(({ event }) => event)).to.have.members(numbers(20));
      for (const outcome of outcomes) {
        expect(outcome).to.include({ status: 'delivered', attempts: 1, connection: `${server.origin}/in` });
        expect(outcome).to.have.property('value', undefined);
      }
      expect(eventsAt(server)).to.have.members(numbers(20));
    });

    it('should keep sockets open from request to request', async () => {
      const server = await serverOf();
      const shipment = keep(new Shipment(numbers(100), [httpConnection(server.origin, { window: 1 })]));

      await shipment.ended();

      expect(new Set(server.posts.map(({ socket }) => socket)).size).to.equal(1);
      expect(eventsAt(server)).to.deep.equal(numbers(100));
    });

    it('should have as many requests in flight as the window, on sockets of their own', async () => {
      const server = await serverOf(async () => {
        await until('three', () => server.inFlight >= 3 || server.posts.length === 30);
        return 200;
      });
      const shipment = keep(new Shipment(numbers(30), [httpConnection(server.origin, { window: 3 })]));

      await shipment.ended();

      expect(server.mostInFlight).to.equal(3);
      expect(new Set(server.posts.map(({ socket }) => socket)).size).to.equal(3);
    });

    it('should have eight in flight by default', async () => {
      const server = await serverOf(async () => {
        await until('eight', () => server.inFlight >= 8 || server.posts.length === 40);
        return 200;
      });
      const shipment = keep(new Shipment(numbers(40), [httpConnection(server.origin)]));

      await shipment.ended();

      expect(server.mostInFlight).to.equal(8);
    });

    it('should open with a window of none', async () => {
      const server = await serverOf();
      await openedTo(server.origin, { window: 0 }).up();
      await openedTo(server.origin, { window: 0, health: '/' }).up();
      expect(server.checks).to.have.length(1);
    });

    it('should have any number in flight where the window has no bound', async () => {
      const server = await serverOf(async () => {
        await until('all', () => server.posts.length === 50);
        return 200;
      });
      const shipment = keep(new Shipment(numbers(50), [httpConnection(server.origin, { window: Infinity })]));

      await shipment.ended();

      expect(server.mostInFlight).to.equal(50);
    });

    it('should follow a window that is a stream', async () => {
      const window$ = new BehaviorSubject(0);
      const server = await serverOf(async () => {
        await until(
          'all of the window',
          () => server.inFlight >= window$.value || server.posts.length === 20,
        );
        return 200;
      });
      const source = new Subject<number>();
      const shipment = keep(new Shipment(source, [httpConnection(server.origin, { window: window$ })]));
      await until('the connection to be up', () => shipment.states.includes('up'));
      for (const number of numbers(10)) {
        source.next(number);
      }
      expect(server.posts).to.have.length(0);

      window$.next(1);
      await until('the first ten', () => shipment.outcomes.length === 10);
      expect(server.mostInFlight).to.equal(1);
      window$.next(4);
      from(numbers(10)).subscribe(source);
      await shipment.ended();

      expect(server.mostInFlight).to.equal(4);
    });

    it('should take batches', async () => {
      const server = await serverOf();
      const connection = httpConnection(server.origin, { batch: { size: 4, linger: 1 }, window: 1 });
      const shipment = keep(new Shipment(numbers(10), [connection]));

      const outcomes = await shipment.ended();

      expect(outcomes.map(inShort)).to.deep.equal(numbers(10).map(String));
      expect(server.posts.map(({ text }) => text)).to.deep.equal(['1\n2\n3\n4\n', '5\n6\n7\n8\n', '9\n10\n']);
    });

    it('should classify errors as it is told', async () => {
      const server = await serverOf(() => 400);
      const connection = httpConnection(server.origin, { classify: () => 'temporary' });
      const shipment = keep(new Shipment(['a'], [connection], { maxAttempts: 2 }));

      const [outcome] = await shipment.ended();

      expect(outcome).to.include({ status: 'dropped', reason: 'attempts', attempts: 2 });
    });
  });

  describe('cancelling', () => {
    it('should close the socket of its request, and no other', async () => {
      const server = await serverOf(({ text }) => (text.includes('held') ? silence : 200));
      const connection = await openedTo(server.origin, { window: 2 }).up();
      const first = connection.sending('held').subscribe();
      await until('the first request', () => server.posts.length === 1);
      const second = connection.sending('held too').subscribe();
      await until('the second request', () => server.posts.length === 2);

      first.unsubscribe();

      await until('the socket to be closed', () => server.posts[0]?.cancelled === true);
      await connection.send('other');
      expect(server.posts.map(({ cancelled }) => cancelled)).to.deep.equal([true, false, false]);
      second.unsubscribe();
      await until('the other socket to be closed', () => server.posts[1]?.cancelled === true);
    });

    it('should close the socket of a request that takes too long', async () => {
      const server = await serverOf(() => silence);
      const options = { maxAttempts: 1, timeout: { send: 100 } };
      const shipment = keep(new Shipment(['a'], [httpConnection(server.origin)], options));

      const [outcome] = await shipment.ended();

      expect(outcome).to.include({ status: 'dropped', reason: 'attempts' });
      expect(outcome).to.have.property('error').that.is.instanceOf(TimeoutError);
      await until('the sockets to be closed', () => server.openSockets === 0);
    });

    it('should send nothing when no socket is open yet', async () => {
      const server = await serverOf();
      const connection = await openedTo(server.origin, { window: 1 }).up();

      connection.sending('cancelled').subscribe().unsubscribe();
      await connection.send('sent');

      expect(eventsAt(server)).to.deep.equal(['sent']);
    });

    it('should send nothing that waits for a socket', async () => {
      const server = await serverOf(({ text }) => (text === '"held"' ? silence : 200));
      const connection = await openedTo(server.origin, { window: 1 }).up();
      const held = connection.sending('held').subscribe();
      const waiting = connection.sending('cancelled').subscribe();
      await until('the first request', () => server.posts.length === 1);

      waiting.unsubscribe();
      held.unsubscribe();
      await connection.send('sent');

      expect(eventsAt(server)).to.deep.equal(['held', 'sent']);
    });

    it('should close the socket while the answer comes', async () => {
      const server = await serverOf(() => ({ body: 'beginning', unfinished: true }));
      const options = { format: { encode: () => ({ body: '' }), read: () => undefined } };
      const shipment = keep(new Shipment(['a'], [httpConnection(server.origin, options)]));
      await until('the request to arrive', () => server.posts.length === 1);

      shipment.close();

      await until('the socket to be closed', () => server.posts[0]?.cancelled === true);
      expect(server.posts).to.have.length(1);
    });

    it('should close the socket while the request is written', async () => {
      // The server reads nothing before it is asked to.
      const server = await serverOf();
      const event = 'x'.repeat(50_000_000);
      const shipment = keep(new Shipment([event], [httpConnection(server.origin)]));
      await until('the attempt', () => shipment.activities.some(({ type }) => type === 'attempt'));

      shipment.close();

      await until('the sockets to be closed', () => server.openSockets === 0);
      expect(server.posts).to.have.length(0);
    });

    it('should close every socket when it is unsubscribed', async () => {
      const server = await serverOf(({ text }) => (Number(text) > 5 ? silence : 200));
      const shipment = keep(new Shipment(concat(numbers(20), NEVER), [httpConnection(server.origin)]));
      await until('all in flight', () => server.inFlight === 8);

      shipment.close();

      await until('the sockets to be closed', () => server.openSockets === 0);
      expect(shipment.outcomes).to.have.length(5);
    });

    it('should close every socket when all is shipped', async () => {
      const server = await serverOf();
      const shipment = keep(new Shipment(numbers(20), [httpConnection(server.origin)]));

      await shipment.ended();

      await until('the sockets to be closed', () => server.openSockets === 0);
    });

    it('should give up connecting', async () => {
      const server = await serverOf(); // It never answers the TLS handshake.
      const shipment = keep(new Shipment(NEVER, [httpConnection(server.origin.replace('http:', 'https:'))]));
      await until('the socket', () => server.openSockets === 1);

      shipment.close();

      await until('the socket to be closed', () => server.openSockets === 0);
    });
  });

  describe('an endpoint that fails', () => {
    it('should be noticed while nothing is sent', async () => {
      const server = await serverOf();
      const connection = await openedTo(server.origin).up();
      await connection.send(1);

      await server.close();

      const error = await connection.lost();
      expect(error.message).to.match(new RegExp(`^${server.origin}/`));
      expect(connection.states).to.deep.equal(['connecting', 'up']);
    });

    it('should get its events again when it comes back', async () => {
      const server = await serverOf(({ text }) => (held && text === '2' ? silence : 200));
      let held = true;
      const source = new Subject<number>();
      const shipment = keep(new Shipment(source, [httpConnection(server.origin)]));
      source.next(1);
      source.next(2);
      await until(
        'one delivered, one in flight',
        () => server.inFlight === 1 && shipment.outcomes.length === 1,
      );

      await server.close();
      held = false;
      await until('the loss to be noticed', () => shipment.states.at(-1) === 'backoff');
      source.next(3);
      source.complete();
      await server.listen();

      const outcomes = await shipment.ended();
      expect(outcomes.map(inShort)).to.have.members(['1', '2', '3']);
      expect(outcomes.find(({ event }) => event === 2)).to.include({ attempts: 2 });
      expect(outcomes.find(({ event }) => event === 3)).to.include({ attempts: 1 });
    });

    it('should not keep events from another that works', async () => {
      const [works, fails] = [await serverOf(), await serverOf()];
      const source = new Subject<number>();
      const connections = [httpConnection(fails.origin), httpConnection(works.origin)];
      const shipment = keep(new Shipment(source, connections));
      await until('both to be up', () => shipment.states.filter((state) => state === 'up').length === 2);
      await fails.close();

      from(numbers(50)).subscribe(source);
      const outcomes = await shipment.ended();

      expect(outcomes.every(({ status }) => status === 'delivered')).to.be.true;
      expect(eventsAt(works)).to.have.members(numbers(50));
    });

    it('should be looked after when it only closes sockets, and stay up', async () => {
      const server = await serverOf();
      const connection = await openedTo(server.origin).up();
      await connection.send(1);
      await until('the first trial to be closed', () => server.openSockets === 1);

      server.hangUp();
      await until('another trial', () => server.silentSockets >= 2 && server.openSockets === 0);
      await connection.send(2);

      expect(connection.failed).to.be.false;
      expect(connection.states).to.deep.equal(['connecting', 'up']);
    });

    it('should be noticed also when it listens for a moment after it has closed its sockets', async () => {
      const server = await serverOf();
      const connection = await openedTo(server.origin).up();
      await connection.send(1);
      await until('the first trial to be closed', () => server.openSockets === 1);

      server.hangUp();
      await until('another trial', () => server.silentSockets >= 2 && server.openSockets === 0);
      await server.close();

      await connection.lost();
    });

    it('should be looked after twice a second at most', async () => {
      const server = await serverOf();
      const connection = await openedTo(server.origin).up();
      const begun = performance.now();
      for (const number of numbers(50)) {
        // It may use a socket of which it has not heard yet that it is closed.
        await connection.send(number).catch(() => undefined);
        server.hangUp();
        await until('the sockets to be closed', () => server.openSockets === 0);
      }

      const seconds = (performance.now() - begun) / 1_000;
      expect(server.silentSockets).to.be.within(2, 5 + 2 * seconds);
      expect(connection.failed).to.be.false;
    });

    it('should be looked after no more often when it closes every socket after an answer', async () => {
      const server = await serverOf(() => ({ headers: { connection: 'close' } }));
      const begun = performance.now();
      const shipment = keep(new Shipment(numbers(300), [httpConnection(server.origin)]));

      const outcomes = await shipment.ended();

      expect(outcomes.every(({ status, attempts }) => status === 'delivered' && attempts === 1)).to.be.true;
      const seconds = (performance.now() - begun) / 1_000;
      expect(server.silentSockets).to.be.at.most(5 + 2 * seconds);
    });

    it('should be looked after when sockets idle too long', async () => {
      const server = await serverOf(undefined, { keepAliveTimeout: 10 });
      const connection = await openedTo(server.origin).up();
      for (const number of numbers(3)) {
        const { sockets } = server;
        await connection.send(number);
        await until('the socket to be closed', () => server.sockets > sockets && server.openSockets === 0);
      }
      expect(connection.failed).to.be.false;
      expect(eventsAt(server)).to.deep.equal([1, 2, 3]);
    });
  });

  describe('health', () => {
    /** A server that is well when it is told so. */
    const patient = async (answer: Script = () => 200) => {
      const health = { status: 200 };
      const server = await serverOf((request) =>
        request.method === 'GET' ? { status: health.status, body: 'I am how I am' } : answer(request),
      );
      return { server, health };
    };

    it('should be asked for before the connection is up', async () => {
      const { server, health } = await patient();
      health.status = 503;
      const connection = httpConnection(`${server.origin}/events`, { health: '/health?deep=1' });
      const shipment = keep(new Shipment(['a'], [connection], { reconnectDelay: 1 }));
      await until('some checks', () => server.checks.length >= 3);
      expect(shipment.states).to.not.include('up');
      expect(server.posts).to.deep.equal([]);

      health.status = 204;

      const [outcome] = await shipment.ended();
      expect(outcome).to.include({ status: 'delivered', attempts: 1 });
      expect(server.checks[0]).to.include({ path: '/health?deep=1', text: '' });
    });

    it('should be any success, and nothing else', async () => {
      for (const status of [200, 204, 299]) {
        const { server, health } = await patient();
        health.status = status;
        await openedTo(server.origin, { health: '/' }).up();
      }
      for (const status of [302, 400, 404, 429, 500, 503]) {
        const { server, health } = await patient();
        health.status = status;
        const error = await openedTo(`${server.origin}/in`, { health: '/' }).lost();
        expect(error).to.be.an('error');
        expect(error.message).to.match(new RegExp(`^${server.origin}/in\\b.*${status}`));
      }
    });

    it('should be waited for without limit when the timeout is Infinity', async () => {
      let told: (status: number) => void = () => undefined;
      const server = await serverOf(async () => new Promise<number>((resolve) => (told = resolve)));
      const connection = openedTo(server.origin, { health: { path: '/', timeout: Infinity } });
      await until('the check', () => server.checks.length === 1);
      expect(connection.states).to.deep.equal(['connecting']);

      told(200);

      await connection.up();
    });

    it('should be a path that is relative to the endpoint', async () => {
      const { server } = await patient();
      await openedTo(`${server.origin}/v1/events`, { health: 'health' }).up();
      expect(server.checks[0]?.path).to.equal('/v1/health');
    });

    it('should be asked for with the same headers and credentials', async () => {
      const { server } = await patient();
      const url = `http://user:password@${server.host}/`;
      await openedTo(url, { health: '/health', headers: { 'x-tenant': 'one' } }).up();

      const token = Buffer.from('user:password').toString('base64');
      expect(server.checks[0]?.headers).to.include({ 'x-tenant': 'one', authorization: `Basic ${token}` });
    });

    it('should be asked for again and again, and break the connection when it fails', async () => {
      const { server, health } = await patient();
      const connection = await openedTo(server.origin, { health: { path: '/', interval: 5 } }).up();
      await until('some checks', () => server.checks.length >= 5);
      expect(connection.failed).to.be.false;

      health.status = 500;

      expect((await connection.lost()).message).to.match(new RegExp(`^${server.origin}/.*500`));
    });

    it('should be asked for once when the interval is Infinity, and seldom by default', async () => {
      const { server: once } = await patient();
      const { server: seldom } = await patient();
      const { server: often } = await patient();
      await openedTo(once.origin, { health: { path: '/', interval: Infinity } }).up();
      await openedTo(seldom.origin, { health: '/' }).up();
      await openedTo(often.origin, { health: { path: '/', interval: 1 } }).up();

      await until('many checks', () => often.checks.length >= 20);

      expect(once.checks).to.have.length(1);
      expect(seldom.checks).to.have.length(1);
    });

    it('should be asked for beside requests that take long', async () => {
      const { server } = await patient(() => silence);
      const options = { window: 2, health: { path: '/', interval: 5, timeout: 2_000 } };
      const connection = await openedTo(server.origin, options).up();
      for (const number of numbers(2)) {
        connection.sending(number).subscribe({ error: () => undefined });
      }
      await until('both requests', () => server.posts.length === 2);
      const { length } = server.checks;

      await until('more checks', () => server.checks.length >= length + 5 || connection.failed);

      expect(connection.failed).to.be.false;
    });

    it('should be asked for again after a failure', async () => {
      const { server } = await patient(() => (server.posts.length === 1 ? 500 : 200));
      const shipment = keep(new Shipment(['a'], [httpConnection(server.origin, { health: '/' })]));

      const [outcome] = await shipment.ended();

      expect(outcome).to.include({ status: 'delivered', attempts: 2 });
      expect(server.requests.map(({ method }) => method)).to.deep.equal(['GET', 'POST', 'GET', 'POST']);
    });

    it('should be asked for when the other side closes a socket', async () => {
      const { server, health } = await patient();
      const connection = await openedTo(server.origin, { health: { path: '/', interval: Infinity } }).up();
      await connection.send(1);
      health.status = 503;

      server.hangUp();

      expect((await connection.lost()).message).to.include('503');
    });

    it('should fail when the answer takes too long', async () => {
      let silent = true;
      const server = await serverOf(({ method }) => (silent && method === 'GET' ? silence : 200));
      const within = (timeout: number) => ({ health: { path: '/', timeout, interval: 5 } });
      const unwell = openedTo(server.origin, within(30));

      const error = await unwell.lost();

      expect(unwell.states).to.deep.equal(['connecting']);
      expect(error.message).to.match(new RegExp(`^${server.origin}/`));
      await until('the check to be cancelled', () => server.inFlight === 0);
      silent = false;
      const well = await openedTo(server.origin, within(5_000)).up();
      silent = true;
      await well.lost();
    });

    it('should fail when the server closes the socket, or answers garbage', async () => {
      const server = await serverOf(() => {
        server.hangUp();
        return silence;
      });
      const error = await openedTo(server.origin, { health: '/' }).lost();
      expect(error.message).to.match(new RegExp(`^${server.origin}/`));
    });

    it('should leave no sockets of the tries that failed', async () => {
      const server = await serverOf(({ method }) => (method === 'GET' ? silence : 200));
      const connection = httpConnection(server.origin, { health: { path: '/', timeout: 10 } });
      const shipment = keep(new Shipment(NEVER, [connection], { reconnectDelay: 1 }));
      await until('some checks', () => server.checks.length >= 5);

      shipment.close();

      await until('the sockets to be closed', () => server.openSockets === 0);
    });

    it('should not be asked for after the connection was closed', async () => {
      const { server } = await patient();
      const connection = await openedTo(server.origin, { health: { path: '/', interval: 1 } }).up();
      await until('some checks', () => server.checks.length >= 3);
      connection.close();
      await until('the sockets to be closed', () => server.openSockets === 0);
      const { length } = server.checks;

      const other = await openedTo(server.origin).up();
      await other.send(1);

      expect(server.checks).to.have.length(length);
    });

    it('should cancel a check when it is closed', async () => {
      const server = await serverOf(() => silence);
      const connection = openedTo(server.origin, { health: '/' });
      await until('the check', () => server.checks.length === 1);

      connection.close();

      await until('the check to be cancelled', () => server.checks[0]?.cancelled === true);
    });
  });

  it('should come after a connection of another kind in one list', async () => {
    const server = await serverOf();
    const refuses = (): never => {
      throw new Error('not here');
    };
    const connections = [refuses, httpConnection(server.origin)];
    const shipment = keep(new Shipment(of('a'), connections, { maxAttempts: 20 }));

    const [outcome] = await shipment.ended();

    expect(outcome).to.include({ status: 'delivered', connection: `${server.origin}/` });
  });
});
