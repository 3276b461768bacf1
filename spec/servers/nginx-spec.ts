/** httpConnection against a server that nobody here wrote: nginx, in front of a collector. */
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { generate } from 'selfsigned';
import { httpConnection, HttpStatusError } from '../../src/connections/http.js';
import { RejectedError, TemporaryError, type ConnectionInput } from '../../src/index.js';
import { Collector } from './collector.js';
import { Nginx, nginxProgram, type LoggedRequest, type NginxConfig } from './nginx.js';
import { Shipment, someEvents, type Ledger, type LogEvent, type ShipmentOptions } from './shipment.js';
import { until } from '../until.js';

describe('httpConnection to nginx', function () {
  this.timeout(30_000);

  /** What a spec has begun ends with it, in whatever way it ends: the last first. */
  const endings: (() => unknown)[] = [];

  before(() => {
    nginxProgram();
  });

  afterEach(async () => {
    while (endings.length > 0) {
      await endings.pop()?.();
    }
  });

  const startCollector = async (): Promise<Collector> => {
    const collector = await Collector.start();
    endings.push(() => collector.stop());
    return collector;
  };

  const startNginx = async (config: NginxConfig): Promise<Nginx> => {
    const nginx = await Nginx.start(config);
    endings.push(() => nginx.stop());
    return nginx;
  };

  const ship = (
    connections: ConnectionInput<LogEvent> | readonly ConnectionInput<LogEvent>[],
    options?: ShipmentOptions,
  ): Shipment => {
    const shipment = new Shipment([connections].flat(), options);
    endings.push(() => {
      shipment.abandon();
    });
    return shipment;
  };

  describe('in everyday work', () => {
    it('should ship one event a request, over few sockets', async () => {
      const collector = await startCollector();
      const nginx = await startNginx(forwardTo(collector));
      const shipment = ship(httpConnection(nginx.url('/events'), { window: 8 }), {
        events: someEvents(2_000),
      });
      await shipment.finished();

      expectBalance(shipment.ledger(collector), { delivered: 2_000, duplicated: 0 });
      await nginx.stop();
      expect(nginx.requests()).to.have.length(2_000);
      expect(nginx.requests().every(({ status }) => status === 204)).to.be.true;
      expect(socketsOf(nginx.requests())).to.be.within(2, 8);
    });

    it('should ship batches', async () => {
      const collector = await startCollector();
      const nginx = await startNginx(forwardTo(collector));
      const target = httpConnection(nginx.url('/events'), {
        window: 2,
        batch: { size: 100, linger: 20 },
      });
      const shipment = ship(target, { events: someEvents(5_000) });
      await shipment.finished();

      expectBalance(shipment.ledger(collector), { delivered: 5_000, duplicated: 0 });
      await nginx.stop();
      expect(nginx.requests().length).to.be.within(50, 1_000);
      expect(socketsOf(nginx.requests())).to.be.at.most(2);
    });
  });

  describe('that goes away', () => {
    const singly = (url: string, name: string) => httpConnection<LogEvent>(url, { name });
    const inBatches = (url: string, name: string) =>
      httpConnection<LogEvent>(url, { name, window: 2, batch: { size: 50, linger: 5 } });
    for (const [what, connectionTo] of [
      ['single events', singly],
      ['batches', inBatches],
    ] as const) {
      it(`should lose nothing when one of two is killed, and give it work again: ${what}`, async () => {
        const collector = await startCollector();
        const one = await startNginx(forwardTo(collector));
        const other = await startNginx(forwardTo(collector));
        const targets = [
          connectionTo(one.url('/events'), 'one'),
          connectionTo(other.url('/events'), 'other'),
        ];
        const shipment = ship(targets, { guaranteed: true });
        await until('both have work', () => one.requests().length > 50 && other.requests().length > 50);

        await one.kill();
        const before = one.requests().length;
        await shipment.moreDelivered(500);
        expect(one.requests()).to.have.length(before);
        await one.start();
        await until('it has work again', () => one.requests().length > before + 50);
        await shipment.end();

        expect(shipment.statesOf('one').slice(0, 3)).to.deep.equal(['connecting', 'up', 'backoff']);
        expect(shipment.statesOf('other')).to.deep.equal(['connecting', 'up', 'removed']);
        const { duplicated } = expectBalance(shipment.ledger(collector), { dropped: 0 });
        expect(duplicated).to.be.at.most(failedEvents(shipment));
      });
    }

    it('should notice by its health path, without traffic, that it is killed and that it is back', async () => {
      const collector = await startCollector();
      const nginx = await startNginx(forwardTo(collector));
      let goOn!: () => void;
      const later = new Promise<void>((resolve) => (goOn = resolve));
      const events = (async function* () {
        const [first, ...others] = someEvents(20);
        if (first !== undefined) {
          yield first;
        }
        await later;
        yield* others;
      })();
      const health = { path: '/health', interval: 50 };
      const shipment = ship(httpConnection(nginx.url('/events'), { name: 'idle', health }), { events });
      await shipment.moreDelivered(1);

      const states = (): string[] => shipment.statesOf('idle');
      await nginx.kill();
      await until('the connection is down', () => states().includes('backoff'));
      await nginx.start();
      await until('the connection is up', () => states().at(-1) === 'up');
      goOn();
      await shipment.finished();

      expectBalance(shipment.ledger(collector), { delivered: 20, duplicated: 0 });
      expect(shipment.failedSends).to.deep.equal([]);
    });

    it('should lose nothing when it reads a new configuration under load', async () => {
      const [former, latter] = [await startCollector(), await startCollector()];
      const nginx = await startNginx(forwardTo(former));
      const shipment = ship(httpConnection(nginx.url('/events')), { maxAttempts: 20 });
      for (const collector of [latter, former, latter, former, latter]) {
        await shipment.moreDelivered(300);
        await nginx.reload(forwardTo(collector));
        const before = collector.arrivals.length;
        await until('the new configuration has work', () => collector.arrivals.length > before + 100);
      }
      await shipment.end();

      const { duplicated } = expectBalance(shipment.ledger(former, latter), { dropped: 0 });
      expect(duplicated).to.be.at.most(failedEvents(shipment));
    });
  });

  describe('that limits the rate', () => {
    for (const status of [429, 503]) {
      it(`should stay open and back off after ${status}`, async () => {
        const collector = await startCollector();
        const nginx = await startNginx(limitedTo(collector, { status, rate: 50 }));
        const shipment = ship(httpConnection(nginx.url('/events'), { name: 'limited' }), {
          events: someEvents(60),
          guaranteed: true,
        });
        await shipment.finished();

        expectBalance(shipment.ledger(collector), { delivered: 60, duplicated: 0 });
        expectPauses(shipment, 'limited', status, undefined);
      });

      it(`should stay open and come again when ${status} says so`, async () => {
        const collector = await startCollector();
        const nginx = await startNginx(limitedTo(collector, { status, rate: 5, retryAfter: 1 }));
        const shipment = ship(httpConnection(nginx.url('/events'), { name: 'limited', window: 1 }), {
          events: someEvents(20),
          guaranteed: true,
        });
        await shipment.finished();

        expectBalance(shipment.ledger(collector), { delivered: 20, duplicated: 0 });
        expectPauses(shipment, 'limited', status, 1_000);
        await nginx.stop();
        // nginx's own clock: it lags by a turn of its event loop at most.
        expect(Math.min(...pausesAfter(status, nginx.requests()))).to.be.at.least(950);
      });
    }
  });

  describe('without the collector behind it', () => {
    it('should count 502 as a broken connection', async () => {
      const collector = await startCollector();
      const nginx = await startNginx(forwardTo(collector));
      await collector.stop();
      const shipment = ship(httpConnection(nginx.url('/events'), { name: 'gone' }), {
        events: someEvents(1),
        maxAttempts: 2,
      });
      await shipment.finished();

      const [drop] = shipment.dropped;
      expect(drop).to.include({ reason: 'attempts', attempts: 2 });
      expect(drop?.error).to.be.instanceOf(HttpStatusError).with.property('status', 502);
      expect(shipment.statesOf('gone').slice(0, 5).join(' ')).to.equal('connecting up backoff connecting up');
      expectBalance(shipment.ledger(collector), { dropped: 1 });
    });

    it('should stay down until its health path answers, and use up no attempts', async () => {
      const collector = await startCollector();
      const nginx = await startNginx(forwardTo(collector));
      const shipment = ship(httpConnection(nginx.url('/events'), { health: '/health' }));
      await shipment.moreDelivered(200);

      await collector.stop();
      const isFailedCheck = ({ path, status }: LoggedRequest): boolean =>
        path === '/health' && status === 502;
      await until('some checks have failed', () => nginx.requests().filter(isFailedCheck).length >= 5);
      await collector.start();
      await shipment.moreDelivered(200);
      await shipment.end();

      expectBalance(shipment.ledger(collector), { dropped: 0 });
      expect(Math.max(...shipment.delivered.map(({ attempts }) => attempts))).to.equal(2);
      await nginx.stop();
      // A line is written after its answer, and by another worker than the next one.
      const requests = nginx.requests().sort((one, other) => one.at - other.at);
      const failed = requests.map(isFailedCheck);
      const outage = requests.slice(failed.indexOf(true), failed.lastIndexOf(true));
      expect(outage.filter(({ path }) => path !== '/health')).to.deep.equal([]);
    });
  });

  describe('that limits the size of a body', () => {
    it('should send a batch that is too large in parts, and reject only the event that is too large', async () => {
      const collector = await startCollector();
      const nginx = await startNginx(forwardTo(collector, 'client_max_body_size 1k;'));
      const target = httpConnection(nginx.url('/events'), {
        name: 'strict',
        batch: { size: 64, linger: 50 },
      });
      const events = [...someEvents(200)];
      events.splice(100, 0, tooLarge(1_100));
      const shipment = ship(target, { events });
      await shipment.finished();

      expectBalance(shipment.ledger(collector), { delivered: 200, dropped: 1, duplicated: 0 });
      expectRejections(shipment, 'strict', 413);
      await nginx.stop();
      const refused = nginx.requests().filter(({ status }) => status === 413);
      // The large event alone, and the batch in which it came; others were too large as well.
      expect(refused.length).to.be.at.least(2);
    });

    it('should reject a single event that is too large', async () => {
      const collector = await startCollector();
      const nginx = await startNginx(forwardTo(collector));
      const events = [...someEvents(10), tooLarge(5_000_000)];
      const shipment = ship(httpConnection(nginx.url('/events'), { name: 'strict' }), { events });
      await shipment.finished();

      expectBalance(shipment.ledger(collector), { delivered: 10, dropped: 1, duplicated: 0 });
      expectRejections(shipment, 'strict', 413);
    });
  });

  describe('that refuses', () => {
    for (const [what, status, config, headers] of [
      ['a path that it does not know', 404, { server: 'root .;' }, {}],
      ['a path that is a file', 405, { server: 'root .;', files: { events: 'no place to post to' } }, {}],
      ['a request that it does not read', 400, { server: 'return 204;' }, { 'X-Large': 'x'.repeat(40_000) }],
    ] as const) {
      it(`should reject events for ${what}: ${status}`, async () => {
        const collector = await startCollector();
        const nginx = await startNginx(config);
        const shipment = ship(httpConnection(nginx.url('/events'), { name: 'strict', headers }), {
          events: someEvents(20),
        });
        await shipment.finished();

        expectBalance(shipment.ledger(collector), { dropped: 20 });
        expectRejections(shipment, 'strict', status);
      });
    }

    const guarded = (collector: Collector): NginxConfig => ({
      ...forwardTo(collector, 'auth_basic "events"; auth_basic_user_file passwords;'),
      files: { passwords: 'ship-user:{PLAIN}open sesame\n' },
    });

    it('should say so when it does not take the credentials of the URL, without showing them', async () => {
      const collector = await startCollector();
      const nginx = await startNginx(guarded(collector));
      const shipment = ship(httpConnection(nginx.url('/events', 'ship-user:close%20sesame')), {
        events: someEvents(1),
        maxAttempts: 1,
      });
      await shipment.finished();

      expectBalance(shipment.ledger(collector), { dropped: 1 });
      const [drop] = shipment.dropped;
      expect(drop?.error).to.be.instanceOf(HttpStatusError).with.property('status', 401);
      expect(String(drop?.error)).to.include(`http://${nginx.host}/events answered 401 Unauthorized`);
      const told = inspect([shipment.outcomes, shipment.activities], { depth: Infinity, showHidden: true });
      for (const secret of [
        'ship-user',
        'close sesame',
        'close%20sesame',
        base64('ship-user:close sesame'),
      ]) {
        expect(told).to.not.include(secret);
      }
    });

    it('should deliver with the credentials of the URL', async () => {
      const collector = await startCollector();
      const nginx = await startNginx(guarded(collector));
      const shipment = ship(httpConnection(nginx.url('/events', 'ship-user:open%20sesame')), {
        events: someEvents(20),
      });
      await shipment.finished();
      expectBalance(shipment.ledger(collector), { delivered: 20, duplicated: 0 });
    });

    it('should not follow it elsewhere', async () => {
      const elsewhere = await startCollector();
      const nginx = await startNginx({ server: `return 301 http://${elsewhere.host}/there?key=secret;` });
      const shipment = ship(httpConnection(nginx.url('/events', 'ship-user:open%20sesame')), {
        events: someEvents(1),
        maxAttempts: 2,
      });
      await shipment.finished();

      expectBalance(shipment.ledger(elsewhere), { dropped: 1 });
      expect(elsewhere.connections).to.equal(0);
      const [drop] = shipment.dropped;
      expect(drop).to.include({ reason: 'attempts', attempts: 2 });
      expect(drop?.error).to.be.instanceOf(HttpStatusError).with.property('status', 301);
      expect(String(drop?.error)).to.match(new RegExp(`leads to http://${elsewhere.host}/there$`));
    });
  });

  describe('behind TLS', () => {
    const securedBy = async (collector: Collector): Promise<{ config: NginxConfig; ca: string }> => {
      const { cert, private: key } = await generate([{ name: 'commonName', value: 'nginx-spec' }], {
        keySize: 2_048,
        extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
      });
      return { config: { ...forwardTo(collector), tls: { cert, key } }, ca: cert };
    };

    it('should deliver to one whose certificate it can verify', async () => {
      const collector = await startCollector();
      const { config, ca } = await securedBy(collector);
      const nginx = await startNginx(config);
      const shipment = ship(httpConnection(nginx.url('/events'), { tls: { ca } }), {
        events: someEvents(200),
      });
      await shipment.finished();
      expectBalance(shipment.ledger(collector), { delivered: 200, duplicated: 0 });
    });

    it('should have nothing to do with one whose certificate it cannot verify', async () => {
      const collector = await startCollector();
      const { config } = await securedBy(collector);
      const nginx = await startNginx(config);
      const shipment = ship(httpConnection(nginx.url('/events'), { name: 'unknown' }));
      await until('it is tried twice', () => shipment.errors.length >= 2);

      expect(shipment.statesOf('unknown')).to.not.include('up');
      expect(shipment.sent).to.deep.equal([]);
      expect(String(shipment.errors[0])).to.match(/^Error: unknown: .*self-signed certificate/);
      expect(collector.connections).to.equal(0);
    });
  });

  describe('that closes its sockets', () => {
    it('should not notice that each socket may carry ten requests only', async () => {
      const collector = await startCollector();
      const nginx = await startNginx(forwardTo(collector, 'keepalive_requests 10;'));
      const shipment = ship(httpConnection(nginx.url('/events')), { events: someEvents(2_000) });
      await shipment.finished();

      expectBalance(shipment.ledger(collector), { delivered: 2_000, duplicated: 0 });
      expect(shipment.failedSends).to.deep.equal([]);
      await nginx.stop();
      expect(socketsOf(nginx.requests())).to.be.at.least(200);
    });

    it('should lose nothing when idle ones are closed just as they are used', async () => {
      const collector = await startCollector();
      const nginx = await startNginx(forwardTo(collector, 'keepalive_timeout 5ms;'));
      const unhurried = async function* (): AsyncGenerator<LogEvent> {
        for (const event of someEvents(400)) {
          await sleep(3 + (event.n % 5));
          yield event;
        }
      };
      const shipment = ship(httpConnection(nginx.url('/events'), { window: 1 }), { events: unhurried() });
      await shipment.finished();

      const { duplicated } = expectBalance(shipment.ledger(collector), { delivered: 400 });
      expect(duplicated).to.be.at.most(failedEvents(shipment));
      await nginx.stop();
      expect(socketsOf(nginx.requests())).to.be.at.least(20);
    });
  });

  describe('with a collector that hangs', () => {
    it('should count 504 as a broken connection, and send the event again', async () => {
      const collector = await startCollector();
      collector.hangs = 1;
      const nginx = await startNginx(forwardTo(collector, 'proxy_read_timeout 3s;'));
      const shipment = ship(httpConnection(nginx.url('/events'), { name: 'slow', window: 1 }), {
        events: someEvents(10),
        timeout: { connect: 15_000, send: 15_000 },
      });
      await shipment.finished();

      // The collector had taken it, and nginx could not know.
      expectBalance(shipment.ledger(collector), { delivered: 10, duplicated: 1 });
      expect(shipment.errors[0]).to.be.instanceOf(HttpStatusError).with.property('status', 504);
      expect(shipment.statesOf('slow').slice(0, 5).join(' ')).to.equal('connecting up backoff connecting up');
    });
  });
});

/** A server that passes everything on, over sockets that it keeps. */
function forwardTo(collector: Collector, directives = ''): NginxConfig {
  return {
    http: `upstream collector { server ${collector.host}; keepalive 32; }`,
    server: `
      location / {
        proxy_pass http://collector;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        ${directives}
      }
    `,
  };
}

/** As `forwardTo`, for so many requests a second at most, and five ahead of time. */
function limitedTo(
  collector: Collector,
  { status, rate, retryAfter }: { status: number; rate: number; retryAfter?: number },
): NginxConfig {
  const { http = '', server } = forwardTo(
    collector,
    `
      limit_req zone=events burst=5 nodelay;
      ${status === 503 ? '' : `limit_req_status ${status};`}
      ${retryAfter === undefined ? '' : `add_header Retry-After ${retryAfter} always;`}
    `,
  );
  return { http: `${http} limit_req_zone $binary_remote_addr zone=events:64k rate=${rate}r/s;`, server };
}

/** An event that is too large by itself. */
function tooLarge(length: number): LogEvent {
  return { n: -1, text: 'x'.repeat(length) };
}

/**
 * Every event has exactly one outcome, what is said to be delivered is there, and nothing else is.
 * @returns The ledger.
 */
function expectBalance(ledger: Ledger, expected: Partial<Ledger>): Ledger {
  expect(ledger).to.deep.equal({
    ...ledger,
    sent: ledger.delivered + ledger.dropped,
    dropped: 0,
    open: 0,
    lost: 0,
    dropsThere: 0,
    foreign: 0,
    ...expected,
  });
  return ledger;
}

/** Every drop is a rejection with this status, and the connection has stayed open. */
function expectRejections(shipment: Shipment, connection: string, status: number): void {
  for (const { reason, attempts, error } of shipment.dropped) {
    expect({ reason, attempts }).to.deep.equal({ reason: 'rejected', attempts: 1 });
    expect(error).to.be.instanceOf(RejectedError);
    expect(statusOf(error)).to.equal(status);
    expect(String(error)).to.match(new RegExp(`^RejectedError: ${connection} answered ${status} `));
  }
  expect(shipment.statesOf(connection)).to.deep.equal(['connecting', 'up', 'removed']);
}

/** Something was refused with this status, that paused the connection, and nothing ever closed it. */
function expectPauses(
  shipment: Shipment,
  connection: string,
  status: number,
  retryAfter: number | undefined,
): void {
  expect(shipment.failedSends).to.have.length.at.least(1);
  for (const { error } of shipment.failedSends) {
    expect(error).to.be.instanceOf(TemporaryError).with.property('retryAfter', retryAfter);
    expect(statusOf(error)).to.equal(status);
  }
  const states = shipment.statesOf(connection);
  expect(states.filter((state) => state === 'connecting')).to.have.length(1);
  expect(states.filter((state) => state === 'backoff')).to.have.length.at.least(1);
}

/** How long nothing came after each answer with this status, in milliseconds. */
function pausesAfter(status: number, requests: readonly LoggedRequest[]): number[] {
  return requests.flatMap((request, index) => {
    const next = requests[index + 1];
    return request.status === status && next !== undefined ? [next.at - request.at] : [];
  });
}

/** The status behind a `TemporaryError` or a `RejectedError`. */
function statusOf(error: unknown): number | undefined {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof HttpStatusError ? cause.status : undefined;
}

/** How many attempts of events have failed: each may have left a copy behind. */
function failedEvents({ failedSends }: Shipment): number {
  return failedSends.reduce((sum, { failed }) => sum + failed, 0);
}

/** How many of nginx's sockets carried these requests. */
function socketsOf(requests: readonly LoggedRequest[]): number {
  return new Set(requests.map(({ connection }) => connection)).size;
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
