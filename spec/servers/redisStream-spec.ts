/** examples/recipes/redisStream.ts, its workers as processes, against a real Redis: shared, killed, closed, restarted. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { closedAfterEach } from '../connections/closedAfterEach.js';
import { until } from '../until.js';
import { RedisServer } from './redisServer.js';
import { RedisStreamWorker, type Conduct } from './redisStreamWorker.js';

describe('the recipe for Redis Streams', function () {
  this.timeout(60_000);
  const keep = closedAfterEach();
  let server: RedisServer;

  beforeEach(async () => {
    server = await RedisServer.start();
    keep({ close: () => server.stop() });
    await server.ask('XGROUP', 'CREATE', 'orders', 'shippers', '0', 'MKSTREAM');
  });

  const worker = async (conduct?: Conduct): Promise<RedisStreamWorker> => {
    const started = await RedisStreamWorker.start(server, conduct);
    keep({ close: () => started.stop() });
    return started;
  };
  const publish = async (count: number, how = 'is delivered', first = 1): Promise<string[]> => {
    const script = `for i = tonumber(ARGV[1]), tonumber(ARGV[2]) do
      redis.call('XADD', 'orders', '*', 'event', 'event-' .. i, 'how', ARGV[3])
    end`;
    await server.ask('EVAL', script, '0', String(first), String(first + count - 1), how);
    return Array.from({ length: count }, (_, index) => `event-${first + index}`);
  };
  /** Resolves when so many workers wait for entries. */
  const reading = (count: number): Promise<void> =>
    until(`${count} wait for entries`, async () => {
      const clients = ((await server.ask('CLIENT', 'LIST')) as string).split('\n');
      return clients.filter((client) => / flags=\w*b.* cmd=xreadgroup /.test(client)).length === count;
    });
  /** How many entries are with a worker. */
  const pending = async (): Promise<number> =>
    ((await server.ask('XPENDING', 'orders', 'shippers')) as [number])[0];
  /** Dead letters, each with its fields. */
  const deadLetters = async (): Promise<Record<string, string>[]> =>
    ((await server.ask('XRANGE', 'orders:dead', '-', '+')) as [string, string[]][]).map(([, fields]) =>
      Object.fromEntries(
        fields.flatMap((field, index) => (index % 2 === 0 ? [[field, fields[index + 1] ?? '']] : [])),
      ),
    );
  /** Events that have arrived, once for each time. */
  const arrived = (...workers: readonly RedisStreamWorker[]): string[] =>
    workers.flatMap(({ delivered }) => delivered.map((line) => line.split(' ')[0] ?? ''));
  const allOf = async (
    events: readonly string[],
    ...workers: readonly RedisStreamWorker[]
  ): Promise<void> => {
    await until(
      'all have arrived',
      () => {
        const all = new Set(arrived(...workers));
        return events.every((event) => all.has(event));
      },
      40_000,
    );
    await until('all are acknowledged', async () => (await pending()) === 0);
  };

  it('shares the entries between two workers, each sent once', async () => {
    const [one, two] = [await worker(), await worker()];
    await reading(2);
    const events = await publish(200);
    await allOf(events, one, two);
    expect(arrived(one, two).sort()).to.deep.equal([...events].sort());
    expect([...one.delivered, ...two.delivered].every((line) => line.endsWith(' 1'))).to.equal(true);
    expect(one.delivered.length, 'the share of one').to.be.within(4, 196);
    expect(await deadLetters()).to.deep.equal([]);
  });

  it('delivers what a killed worker had read: a duplicate where it had arrived, never a loss', async () => {
    // Not the other way round: it would be dead before it is seen to have begun.
    const killed = await worker('dies');
    const events = await publish(6);
    await until('it is dead', () => !killed.runs);
    expect(await pending()).to.be.at.least(1);
    const other = await worker();
    await allOf(events, other);
    const twice = killed.delivered.map((line) => line.replace(/ 1$/, ' 2'));
    expect(twice).to.not.be.empty;
    expect(other.delivered).to.include.members(twice);
    expect(arrived(other).sort()).to.deep.equal(events);
  });

  it('delivers what a killed worker was sending, and counts the deliveries', async () => {
    // No more than one worker holds: whatever it had taken when it was killed, the next one can have them all.
    const events = await publish(4);
    for (const delivery of [1, 2, 3]) {
      const hanging = await worker('hangs');
      await until('it sends', () => hanging.sends.some((line) => line.endsWith(` ${delivery}`)), 40_000);
      await hanging.kill();
    }
    const other = await worker();
    await allOf(events, other);
    expect(arrived(other).sort()).to.deep.equal(events);
    expect(other.delivered.some((line) => line.endsWith(' 4'))).to.equal(true);
  });

  it('takes over nothing from a worker that is slow, and everything from one that stands still', async () => {
    const [event = ''] = await publish(1, 'is slow');
    const slow = await worker('as told');
    await until('it sends', () => slow.sends.length === 1);
    const other = await worker();
    await until('it has arrived', () => slow.delivered.length === 1);
    await until('it is acknowledged', async () => (await pending()) === 0);
    expect(other.sends).to.deep.equal([]);
    await other.stop();

    await publish(1, 'hangs', 2);
    await until('it sends', () => slow.sends.length === 2);
    slow.freeze();
    const third = await worker();
    await allOf(['event-2'], third);
    expect(third.delivered).to.deep.equal(['event-2 2']);
    expect([...slow.delivered]).to.deep.equal([`${event} 1`]);
  });

  it('writes dead letters with their reason, and then acknowledges', async () => {
    await publish(1, 'is rejected');
    await publish(1, 'fails', 2);
    await publish(1, 'is delivered', 3);
    const one = await worker('as told');
    await until('all have an outcome', () => one.outcomes.length === 3);
    await until('all are acknowledged', async () => (await pending()) === 0);
    expect(one.outcomes).to.have.members([
      'event-1 dropped rejected',
      'event-2 dropped attempts',
      'event-3 delivered',
    ]);
    const letters = (await deadLetters()).map(({ event, 'dead-letter-reason': reason }) => ({
      event,
      reason,
    }));
    expect(letters).to.have.deep.members([
      { event: 'event-1', reason: 'rejected' },
      { event: 'event-2', reason: 'attempts' },
    ]);
  });

  it('acknowledges nothing whose dead letter cannot be written: it comes again', async () => {
    await server.ask('SET', 'orders:dead', 'a text');
    await publish(1, 'is rejected');
    const one = await worker('as told');
    await until('it has its outcome', () => one.outcomes.length === 1);
    expect(await pending()).to.equal(1);
    await server.ask('DEL', 'orders:dead');
    await until('it is acknowledged', async () => (await pending()) === 0);
    expect(one.sends).to.deep.equal(['event-1 1', 'event-1 2']);
    expect(await deadLetters()).to.have.length(1);
  });

  it('leaves to another worker what is dropped when it closes', async () => {
    const events = await publish(8);
    const closed = await worker('hangs');
    await until('it sends', () => closed.sends.length === 4);
    closed.signal('SIGTERM');
    await closed.ended();
    expect(closed.outcomes).to.have.length(4);
    expect(closed.outcomes.every((line) => line.endsWith(' dropped closed'))).to.equal(true);
    expect(await pending()).to.be.at.least(4);
    const other = await worker();
    await allOf(events, other);
    expect(arrived(other).sort()).to.deep.equal(events);
    expect(await deadLetters()).to.deep.equal([]);
  });

  it('reads no more when it is told to stop, and ends', async () => {
    const one = await worker('as told');
    await publish(1);
    await publish(1, 'is slow', 2);
    await until('it sends', () => one.sends.length === 2);
    one.signal('SIGTERM');
    // Longer than a read waits, and not as long as the send lasts.
    await sleep(3_500);
    await publish(1, 'is delivered', 3);
    await one.ended();
    expect(one.outcomes).to.deep.equal(['event-1 delivered', 'event-2 dropped closed']);
  });

  it('takes over no more when it is told to stop', async () => {
    await publish(40, 'takes a second');
    await server.ask('XREADGROUP', 'GROUP', 'shippers', 'dead', 'STREAMS', 'orders', '>');
    const one = await worker('as told');
    await until('it takes over', () => one.sends.length >= 4, 40_000);
    one.signal('SIGTERM');
    await one.ended();
    // Four sends a second, and five seconds until it is closed: were it to go on, there would be twenty more.
    expect(one.sends).to.have.length.below(16);
    expect(await pending()).to.equal(40 - one.delivered.length);
  });

  it('waits for a server that is restarted, and loses nothing', async () => {
    const [one, two] = [await worker('as told'), await worker('as told')];
    await reading(2);
    const before = await publish(2_000);
    // However long it takes to kill the server: these are not done then.
    before.push(...(await publish(8, 'is slow', 2_001)));
    await until('they are at it', () => one.delivered.length > 20 && two.delivered.length > 20);
    await server.kill();
    expect(arrived(one, two)).to.have.length.below(2_008);
    await server.start();
    const after = await publish(100, 'is delivered', 2_009);
    await allOf([...before, ...after], one, two);
    expect(one.runs && two.runs).to.equal(true);
  });
});
