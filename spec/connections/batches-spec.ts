/** Batches that a server refuses: sent again in halves, so that only the events refused alone are rejected. */
import { expect } from 'chai';
import fc from 'fast-check';
import { filter, firstValueFrom, map } from 'rxjs';
import { httpConnection, jsonArray, ndjson, type HttpFormat } from '../../src/connections/http.js';
import { RejectedError, type ItemResult, type Outcome } from '../../src/index.js';
import { closedAfterEach } from './closedAfterEach.js';
import { OpenConnection } from './openConnection.js';
import { ScriptedServer, silence, type ReceivedRequest, type Script } from './scriptedServer.js';
import { Shipment } from './shipment.js';
import { until } from '../until.js';

/** The events of a request of ndjson, where events are numbers or texts. */
function eventsOf({ text }: ReceivedRequest): unknown[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line): unknown => JSON.parse(line));
}

function isBad(event: unknown): boolean {
  return String(event).startsWith('bad');
}

/** Refuses every request in which something is bad. */
const strict: Script = (request) => (eventsOf(request).some(isBad) ? 400 : 200);

/** Good events, with bad ones in these places. */
function eventsWith(count: number, bad: readonly number[]): string[] {
  return Array.from({ length: count }, (_, index) => `${bad.includes(index) ? 'bad' : 'good'} ${index}`);
}

function eventsBy(status: Outcome<unknown>['status'], outcomes: readonly Outcome<unknown>[]): unknown[] {
  return outcomes.filter((outcome) => outcome.status === status).map(({ event }) => event);
}

describe('the batches of httpConnection', function () {
  this.timeout(60_000);
  const keep = closedAfterEach();

  const serverOf = async (script: Script): Promise<ScriptedServer> =>
    keep(await ScriptedServer.start(script));

  const opened = async <T, R>(
    origin: string,
    format: HttpFormat<T, R> = ndjson(),
  ): Promise<OpenConnection<T, R>> =>
    keep(
      new OpenConnection(httpConnection<T, R>(origin, { format, batch: { size: 1_000 }, name: 'place' })),
    ).up();

  it('should be rejected only for the events that are refused alone', async () => {
    for (const status of [400, 413, 422]) {
      const server = await serverOf((request) => (eventsOf(request).some(isBad) ? status : 200));
      const events = eventsWith(16, [3, 4, 15]);
      const connection = httpConnection<string>(server.origin, { batch: { size: 16, linger: 1 } });
      const shipment = keep(new Shipment(events, [connection]));

      const outcomes = await shipment.ended();

      expect(eventsBy('dropped', outcomes)).to.have.members(['bad 3', 'bad 4', 'bad 15']);
      expect(eventsBy('delivered', outcomes)).to.have.members(events.filter((event) => !isBad(event)));
      for (const outcome of outcomes) {
        expect(outcome.attempts).to.equal(1);
        if (outcome.status === 'dropped') {
          expect(outcome).to.include({ reason: 'rejected' });
          expect(outcome.error)
            .to.be.instanceOf(RejectedError)
            .with.property('message')
            .that.includes(status);
        }
      }
      expect(shipment.states.filter((state) => state === 'connecting')).to.have.length(1);
    }
  });

  it('should be halved, and large and small parts sent in turns', async () => {
    const server = await serverOf(strict);
    const connection = await opened<string, unknown>(server.origin);

    await connection.sendAll(['a', 'b', 'bad', 'd', 'e']);

    expect(server.posts.map(({ text }) => text.replace(/[\n"]/g, ' ').trim().split(/ +/))).to.deep.equal([
      ['a', 'b', 'bad', 'd', 'e'],
      ['a', 'b', 'bad'],
      ['bad'],
      ['d', 'e'],
      ['a', 'b'],
    ]);
  });

  it('should be settled as soon as their half is', async () => {
    const server = await serverOf((request) => {
      const events = eventsOf(request);
      return events.length === 4 ? 400 : events.includes('c') ? silence : 200;
    });
    const connection = httpConnection<string>(server.origin, { batch: { size: 4, linger: 1 } });
    const shipment = keep(new Shipment(['a', 'b', 'c', 'd'], [connection]));

    await until('the first half', () => shipment.outcomes.length === 2);

    expect(eventsBy('delivered', shipment.outcomes)).to.deep.equal(['a', 'b']);
    expect(server.posts.at(-1)?.cancelled).to.be.false;
  });

  for (const [where, isRefused] of [
    ['before all others', (event: number) => event < 64],
    ['behind all others', (event: number) => event >= 64],
    ['among the others', (event: number) => event % 2 === 1],
  ] as const) {
    it(`should make progress within a send that is too slow for all of it, with refused events ${where}`, async () => {
      const server = await serverOf((request) =>
        eventsOf(request).some((event) => isRefused(Number(event))) ? 422 : 200,
      );
      const connection = await opened<number, unknown>(server.origin);
      const toFirst$ = connection.sendingAll(Array.from({ length: 128 }, (_, event) => event)).pipe(
        filter((results) => results.some(({ status }) => status === 'delivered')),
        map(() => server.posts.length),
      );
      // To the first delivery: about 2 x log2(128), and not half of all events.
      expect(await firstValueFrom(toFirst$, { defaultValue: Infinity })).to.be.at.most(20);
    });
  }

  it('should need few requests for few bad events', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 128 }).chain((count) =>
          fc.record({
            count: fc.constant(count),
            bad: fc.uniqueArray(fc.nat({ max: count - 1 }), { maxLength: 6 }),
          }),
        ),
        async ({ count, bad }) => {
          const server = await ScriptedServer.start(strict);
          const connection = new OpenConnection(
            httpConnection<string>(server.origin, { batch: { size: 128 } }),
          );
          try {
            await connection.up();
            const events = eventsWith(count, bad);

            const results = await connection.sendAll(events).catch((error: unknown): ItemResult<void>[] => {
              expect(count).to.equal(1);
              return [{ index: 0, status: 'failed', error }];
            });

            const refused = results.filter(({ status }) => status === 'failed').map(({ index }) => index);
            expect(refused).to.have.members(bad);
            // No results at all: everything was taken at once.
            expect(results).to.have.length(bad.length === 0 ? 0 : count);
            expect(new Set(results.map(({ index }) => index)).size).to.equal(results.length);
            const taken = server.posts.filter((request) => !eventsOf(request).some(isBad)).flatMap(eventsOf);
            expect(taken).to.have.members(events.filter((event) => !isBad(event)));
            expect(taken).to.have.length(count - bad.length);
            expect(server.posts.length).to.be.at.most(1 + 2 * bad.length * Math.ceil(Math.log2(count)));
          } finally {
            connection.close();
            await server.close();
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('should be rejected one by one where everything is refused', async () => {
    const server = await serverOf(() => 413);
    const connection = httpConnection<number>(server.origin, { batch: { size: 8, linger: 1 } });
    const shipment = keep(new Shipment([1, 2, 3, 4, 5, 6, 7, 8], [connection]));

    const outcomes = await shipment.ended();

    expect(outcomes.map(({ event }) => event)).to.have.members([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(outcomes.every((outcome) => 'reason' in outcome && outcome.reason === 'rejected')).to.be.true;
    expect(server.posts).to.have.length(15);
  });

  it('should be small enough after being halved, where the server bounds their size', async () => {
    const server = await serverOf(({ body }) => (body.length > 100 ? 413 : 200));
    const sizes = [10, 90, 10, 10, 10, 10, 10, 200, 10, 10];
    const events = sizes.map((size, index) => String(index).padEnd(size, 'x'));
    const connection = httpConnection<string>(server.origin, { batch: { size: 10, linger: 1 } });
    const shipment = keep(new Shipment(events, [connection]));

    const outcomes = await shipment.ended();

    expect(eventsBy('dropped', outcomes)).to.deep.equal([events[7]]);
    expect(eventsBy('delivered', outcomes)).to.have.length(9);
  });

  it('should stay whole for any other status', async () => {
    for (const status of [404, 405, 409, 410, 411, 414, 415, 429, 431, 500, 502, 503, 401, 302]) {
      const server = await serverOf(() => status);
      const connection = await opened<string, unknown>(server.origin);

      const error: unknown = await connection.sendAll(['a', 'b']).catch((thrown: unknown) => thrown);

      expect(error)
        .to.be.an('error')
        .with.property('message')
        .that.matches(new RegExp(`^place answered ${status}`));
      expect(server.posts).to.have.length(1);
    }
  });

  it('should stay as they are when they are delivered', async () => {
    const server = await serverOf(() => 200);
    const connection = await opened<string, unknown>(server.origin);
    expect(await connection.sendAll(['a', 'b'])).to.deep.equal([]);
    expect(server.posts).to.have.length(1);
  });

  it('should keep the results of the first half when the second one fails', async () => {
    for (const status of [503, 500]) {
      const server = await serverOf((request) => {
        const events = eventsOf(request);
        return events.length === 4 ? 400 : events.includes('c') && server.posts.length <= 3 ? status : 200;
      });
      const connection = httpConnection<string>(server.origin, { batch: { size: 4, linger: 1 } });
      const shipment = keep(new Shipment(['a', 'b', 'c', 'd'], [connection]));

      const outcomes = await shipment.ended();

      expect(outcomes.map(({ event, status: end, attempts }) => `${event} ${end} ${attempts}`)).to.deep.equal(
        ['a delivered 1', 'b delivered 1', 'c delivered 2', 'd delivered 2'],
      );
      expect(server.posts.filter((request) => eventsOf(request).includes('a'))).to.have.length(2);
    }
  });

  it('should stop when they are cancelled midway', async () => {
    const server = await serverOf((request) => (eventsOf(request).length === 2 ? silence : 400));
    const connection = httpConnection<number>(server.origin, { batch: { size: 8, linger: 1 }, window: 1 });
    const shipment = keep(new Shipment([1, 2, 3, 4, 5, 6, 7, 8], [connection]));
    await until('the request of two', () => server.posts.length === 3);

    shipment.close();

    await until('the socket to be closed', () => server.posts[2]?.cancelled === true);
    await until('all sockets to be closed', () => server.openSockets === 0);
    expect(server.posts).to.have.length(3);
    expect(shipment.outcomes).to.deep.equal([]);
  });

  it('should be halved where their events cannot be encoded together', async () => {
    const server = await serverOf(() => 200);
    const plain = jsonArray<number>();
    const format: HttpFormat<number, void> = {
      encode: (events) => {
        if (events.length > 2) {
          throw new Error('too many');
        }
        return plain.encode(events);
      },
    };
    const connection = await opened(server.origin, format);

    const results = await connection.sendAll([1, 2, 3, 4, 5]);

    expect(results.map(({ index, status }) => `${index} ${status}`)).to.have.members(
      [0, 1, 2, 3, 4].map((index) => `${index} delivered`),
    );
    expect(server.posts.map(({ text }) => text)).to.have.members(['[1,2]', '[3]', '[4,5]']);
  });

  it('should have the results of a reader, each half its own', async () => {
    const server = await serverOf((request) => (eventsOf(request).length > 2 ? 413 : 200));
    const read = (_answer: unknown, events: readonly string[]): ItemResult<string>[] =>
      events.map((event, index) =>
        event === 'b'
          ? { index, status: 'failed', error: new RejectedError('not b') }
          : { index, status: 'delivered', value: event.toUpperCase() },
      );
    const format = { encode: ndjson<string>().encode, read };
    const connection = httpConnection(server.origin, { format, batch: { size: 4, linger: 1 } });
    const shipment = keep(new Shipment(['a', 'b', 'c', 'd'], [connection]));

    const outcomes = await shipment.ended();

    const ends = outcomes.map((outcome) => ('value' in outcome ? outcome.value : String(outcome.error)));
    expect(ends).to.deep.equal(['A', 'RejectedError: not b', 'C', 'D']);
  });

  it('should fail where a reader names an event that is not in its half', async () => {
    const server = await serverOf((request) => (eventsOf(request).length > 1 ? 413 : 200));
    for (const index of [1, -1, 0.5, NaN]) {
      const read = (): ItemResult<string>[] => [{ index, status: 'delivered', value: 'wrong' }];
      const format = { encode: ndjson<string>().encode, read };
      const connection = httpConnection(server.origin, { format, batch: { size: 2, linger: 1 } });
      const options = { maxAttempts: 1, reconnectDelay: 1 };
      const outcomes = await keep(new Shipment(['a', 'b'], [connection], options)).ended();

      expect(eventsBy('delivered', outcomes)).to.deep.equal([]);
      expect(String(outcomes.map((outcome) => 'error' in outcome && outcome.error))).to.include('index');
    }
  });
});
