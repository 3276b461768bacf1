/** redisConnection and what is particular to Redis: full, loading, a replica, paused, its clients killed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { BehaviorSubject } from 'rxjs';
import { redisConnection } from '../../src/connections/redis.js';
import { TemporaryError, type Outcome } from '../../src/index.js';
import { expectNothingUnhandled } from '../badInput/unhandled.js';
import { certificateFor } from '../connections/certificate.js';
import { closedAfterEach } from '../connections/closedAfterEach.js';
import { OpenConnection } from '../connections/openConnection.js';
import { Shipment } from '../connections/shipment.js';
import { until } from '../until.js';
import { RedisServer, type RedisServerConfig } from './redisServer.js';

/** Events; no two are equal. */
function someEvents(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `event ${n}`);
}

function sorted(events: Iterable<string>): string[] {
  return [...events].sort();
}

/** What the connections of a shipment have said, once each. */
function errorsIn({ activities }: Shipment<string, unknown>): string[] {
  const errors = activities.flatMap((activity) =>
    'error' in activity && activity.error !== undefined ? [activity.error] : [],
  );
  return [...new Set(errors.map((error) => (error as Error).message))];
}

/** How often connections of a shipment were opened. */
function openingsIn({ states }: Shipment<string, unknown>): number {
  return states.filter((state) => state === 'connecting').length;
}

function isDeliveredBy(connection: string) {
  return (outcome: Outcome<string>): boolean =>
    outcome.status === 'delivered' && outcome.connection === connection;
}

describe('redisConnection and a real Redis', function () {
  this.timeout(30_000);
  expectNothingUnhandled();
  const keep = closedAfterEach();
  const options = { list: 'key', name: 'one', encode: (event: string) => event } as const;

  const started = async (config: RedisServerConfig = {}): Promise<RedisServer> => {
    const server = await RedisServer.start(config);
    keep({ close: () => server.stop() });
    return server;
  };
  const listOf = async (server: RedisServer): Promise<string[]> =>
    (await server.ask('LRANGE', 'key', '0', '-1')) as string[];

  it('pauses while its memory is full, and goes on when there is room', async () => {
    const server = await started();
    await server.ask('CONFIG', 'SET', 'maxmemory', '1');
    const events = someEvents(50);
    for (const batch of [undefined, { size: 20 }]) {
      const place = redisConnection(server.url(), { ...options, ...(batch && { batch }) });
      const shipment = keep(new Shipment(events, [place], { maxAttempts: Infinity }));
      await until('it is refused twice', () => errorsIn(shipment).length === 1 && answersIn(shipment) >= 2);
      await server.ask('CONFIG', 'SET', 'maxmemory', '0');
      const outcomes = await shipment.ended();
      expect(outcomes.every(isDeliveredBy('one'))).to.equal(true);
      expect(errorsIn(shipment)[0]).to.match(/^one: OOM command not allowed/);
      expect(openingsIn(shipment)).to.equal(1);
      expect(sorted(await listOf(server))).to.deep.equal(sorted(events));
      await server.ask('CONFIG', 'SET', 'maxmemory', '1');
      await server.ask('DEL', 'key');
    }
  });

  it('is closed while its key holds something else', async () => {
    const server = await started();
    await server.ask('SET', 'key', 'a text');
    const events = someEvents(10);
    const place = redisConnection(server.url(), options);
    const shipment = keep(new Shipment(events, [place], { maxAttempts: Infinity }));
    await until('it is opened three times', () => openingsIn(shipment) >= 3);
    await server.ask('DEL', 'key');
    expect((await shipment.ended()).every(isDeliveredBy('one'))).to.equal(true);
    expect(errorsIn(shipment)).to.deep.equal([
      'one: WRONGTYPE Operation against a key holding the wrong kind of value',
    ]);
    expect(sorted(await listOf(server))).to.deep.equal(sorted(events));
  });

  it('comes up when the server has loaded its data', async () => {
    const server = await started({ lines: 'key-load-delay 1000' });
    const events = someEvents(6_000);
    const batch = { size: 1_000 };
    await keep(new Shipment(events, [redisConnection(server.url(), { ...options, batch })])).ended();
    await server.kill();
    const place = redisConnection(server.url(), options);
    const shipment = keep(new Shipment(['the last'], [place], { maxAttempts: Infinity }));
    await server.start();
    await shipment.ended();
    expect(errorsIn(shipment)).to.include('one: LOADING Redis is loading the dataset in memory');
    expect(sorted(await listOf(server))).to.deep.equal(sorted([...events, 'the last']));
  });

  it('leaves a replica, and comes back when that is the master', async () => {
    const master = await started();
    const lines = `replicaof 127.0.0.1 ${master.port}\nmasterauth "open sesame"`;
    const replica = await started({ lines });
    const events = someEvents(100);
    const window$ = new BehaviorSubject(0);
    const places = [
      redisConnection(replica.url(), options),
      redisConnection(master.url(), { ...options, name: 'other', window: window$ }),
    ];
    const shipment = keep(new Shipment(events, places, { maxAttempts: Infinity }));
    await until('the replica refuses', () => errorsIn(shipment).length > 0);
    window$.next(4);
    const outcomes = await shipment.ended();
    expect(outcomes.every(isDeliveredBy('other'))).to.equal(true);
    expect(errorsIn(shipment)).to.deep.equal(["one: READONLY You can't write against a read only replica."]);
    expect(sorted(await listOf(master))).to.deep.equal(sorted(events));

    await replica.ask('REPLICAOF', 'NO', 'ONE');
    const again = await keep(new OpenConnection(redisConnection(replica.url(), options))).up();
    expect(await again.send('the last')).to.be.at.least(1);
  });

  it('loses nothing when its clients are killed while they send', async () => {
    const server = await started();
    for (const batch of [undefined, { size: 100 }]) {
      await server.ask('DEL', 'key');
      const place = redisConnection(server.url(), { ...options, ...(batch && { batch }) });
      const events: string[] = [];
      let kills = 0;
      /** There is always something to send, until the last kill. */
      const source = async function* (): AsyncGenerator<string> {
        while (kills < 10) {
          await sleep(1);
          const goal = shipment.outcomes.length + 500;
          while (events.length < goal) {
            const event = `event ${events.length}`;
            events.push(event);
            yield event;
          }
        }
      };
      const shipment = keep(new Shipment(source(), [place], { maxAttempts: Infinity, reconnectDelay: 1 }));
      for (; kills < 10; kills++) {
        const goal = shipment.outcomes.length + 100;
        await until('more is delivered', () => shipment.outcomes.length >= goal);
        const openings = openingsIn(shipment);
        await server.ask('CLIENT', 'KILL', 'TYPE', 'normal');
        await until('it is opened again', () => openingsIn(shipment) > openings);
      }
      const outcomes = await shipment.ended();
      expect(outcomes.every(isDeliveredBy('one'))).to.equal(true);
      expect(outcomes).to.have.length(events.length);
      // What had no answer may be there twice.
      expect(sorted(new Set(await listOf(server)))).to.deep.equal(sorted(events));
    }
  });

  it('is cancelled while the server takes no writes, and others have the events', async () => {
    const [server, other] = [await started(), await started()];
    const place = redisConnection(server.url(), options);
    await server.ask('CLIENT', 'PAUSE', '60000', 'WRITE');
    const window$ = new BehaviorSubject(0);
    const places = [place, redisConnection(other.url(), { ...options, name: 'other', window: window$ })];
    const events = someEvents(500);
    const shipment = keep(new Shipment(events, places, { timeout: { send: 3_000 }, reconnectDelay: 60_000 }));
    await until('"one" has events', () =>
      shipment.activities.some((activity) => activity.type === 'attempt' && activity.connection === 'one'),
    );
    window$.next(1);
    const outcomes = await shipment.ended();
    expect(outcomes.every(isDeliveredBy('other'))).to.equal(true);
    expect(outcomes.some(({ attempts }) => attempts === 2)).to.equal(true);
    expect(sorted(await listOf(other))).to.deep.equal(sorted(events));
  });

  it('keeps a stream short', async () => {
    const server = await started();
    const place = redisConnection(server.url(), { stream: 'key', maxLength: 200, batch: { size: 100 } });
    const outcomes = await keep(new Shipment(someEvents(2_000), [place])).ended();
    expect(outcomes.every(({ status }) => status === 'delivered')).to.equal(true);
    // Whole nodes of 100 entries go.
    expect(await server.ask('XLEN', 'key')).to.be.within(200, 300);
    const [last] = (await server.ask('XREVRANGE', 'key', '+', '-', 'COUNT', '1')) as [string, string[]][];
    const ids = outcomes.map((outcome) => (outcome.status === 'delivered' ? outcome.value : ''));
    expect(last).to.deep.equal([ids.at(-1), ['event', '"event 1999"']]);
  });

  it('is closed on a value that is too long for the server, and others may take it', async () => {
    const [server, other] = [await started(), await started()];
    await server.ask('CONFIG', 'SET', 'proto-max-bulk-len', '1048576');
    const long = 'x'.repeat(2_000_000);
    const opened = await keep(new OpenConnection(redisConnection(server.url(), options))).up();
    // Redis says why, and closes its socket while we still write: mostly, nobody hears it.
    expect((await opened.refused(long)).message).to.match(/^one: (.* (ECONNRESET|EPIPE)|ERR Protocol error)/);
    await opened.lost();
    const places = [
      redisConnection(server.url(), options),
      redisConnection(other.url(), { ...options, name: 'other' }),
    ];
    const shipment = keep(new Shipment([long, ...someEvents(10)], places, { maxAttempts: Infinity }));
    const outcomes = await shipment.ended();
    expect(outcomes.every(({ status }) => status === 'delivered')).to.equal(true);
    expect(outcomes.find(({ event }) => event === long)).to.include({ connection: 'other' });
  });

  it('says that the server has enough clients', async () => {
    const server = await started();
    const one = await keep(new OpenConnection(redisConnection(server.url(), options))).up();
    await server.ask('CONFIG', 'SET', 'maxclients', '1');
    const another = keep(new OpenConnection(redisConnection(server.url(), options)));
    expect((await another.lost()).message).to.match(/^one: ERR max number of clients reached/);
    expect(await one.send('a')).to.equal(1);
  });

  it('says that the user may not do that', async () => {
    const server = await started();
    await server.ask('ACL', 'SETUSER', 'writer', 'on', '>pass word', '~other', '+rpush');
    const url = server.url().replace(':open%20sesame@', 'writer:pass%20word@');
    const opened = await keep(new OpenConnection(redisConnection(url, options))).up();
    const error = await opened.refused('a');
    expect(error.message).to.match(/^one: NOPERM/);
    expect(error).not.to.be.instanceOf(TemporaryError);
    const allowed = await keep(new OpenConnection(redisConnection(url, { ...options, list: 'other' }))).up();
    expect(await allowed.send('a')).to.equal(1);
  });

  it('is reached over TLS, and only with a certificate that can be verified', async () => {
    const certificate = await certificateFor('localhost');
    const server = await started({ certificate });
    for (const host of ['localhost', '127.0.0.1']) {
      const url = server.url(undefined, host);
      const tls = { ca: certificate.cert };
      const opened = await keep(new OpenConnection(redisConnection(url, { ...options, tls }))).up();
      expect(await opened.send('a')).to.be.a('number');
      const stranger = keep(new OpenConnection(redisConnection(url, options)));
      expect((await stranger.lost()).message).to.equal('one: self-signed certificate');
    }
    const plain = keep(new OpenConnection(redisConnection(server.url().replace('rediss', 'redis'), options)));
    expect((await plain.lost()).message).to.match(/^one: /);
  });
});

/** How many sends of a shipment had an answer. */
function answersIn({ activities }: Shipment<string, unknown>): number {
  return activities.filter(({ type }) => type === 'answer').length;
}
