/** redisConnection's replies: what each error means, to one event and in a batch. */
import { inspect } from 'node:util';
import { expect } from 'chai';
import { redisConnection } from '../../../src/connections/redis.js';
import { RejectedError, TemporaryError } from '../../../src/index.js';
import { closedAfterEach } from '../closedAfterEach.js';
import { OpenConnection } from '../openConnection.js';
import { Shipment } from '../shipment.js';
import { ScriptedRedis, type Script } from './scriptedRedis.js';

const temporary = [
  "OOM command not allowed when used memory > 'maxmemory'.",
  'LOADING Redis is loading the dataset in memory',
  'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.',
  'TRYAGAIN Multiple keys request during rehashing of slot',
  "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
  'CLUSTERDOWN The cluster is down',
  'MISCONF Redis is configured to save RDB snapshots, but it is currently not able to persist on disk.',
  'NOREPLICAS Not enough good replicas to write.',
];

const rejected = ['ERR Elements are too large to be stored'];

const connection = [
  "READONLY You can't write against a read only replica.",
  'NOAUTH Authentication required.',
  "NOPERM this user has no permissions to run the 'rpush' command",
  'WRONGTYPE Operation against a key holding the wrong kind of value',
  'MOVED 3999 127.0.0.1:6381',
  'ASK 3999 127.0.0.1:6381',
  'ERR Protocol error: invalid bulk length',
  "ERR unknown command 'XADD'",
  'OOMPH nothing of that kind',
  'oom',
];

/** Replies with an error to the events that are one, and as Redis does to the others. */
function picky(server: ScriptedRedis): Script {
  return (command) => {
    const [, error] = /^"(ERR .*)"$/.exec(command.at(-1) ?? '') ?? [];
    return error === undefined ? server.usual(command) : `-${error}\r\n`;
  };
}

/** What an error of a send means. */
function fateOf(error: unknown): string {
  if (error instanceof TemporaryError) {
    return 'temporary';
  }
  return error instanceof RejectedError ? 'rejected' : 'connection';
}

/** Replies with the error that the event is; with `ok`, as Redis does. */
function asAsked(server: ScriptedRedis): Script {
  return (command) => {
    const asked: unknown = command[0] === 'RPUSH' ? JSON.parse(command.at(-1) ?? '') : 'ok';
    return asked === 'ok' ? server.usual(command) : `-${String(asked)}\r\n`;
  };
}

describe('the replies to redisConnection', function () {
  // The first one loads the client.
  this.timeout(30_000);
  const keep = closedAfterEach();
  let server: ScriptedRedis;
  beforeEach(async () => {
    server = keep(await ScriptedRedis.start());
    server.script = asAsked(server);
  });

  it('should mean what the table says', async () => {
    const opened = await keep(
      new OpenConnection(redisConnection(server.url, { list: 'key', name: 'place' })),
    ).up();
    for (const [fate, texts] of Object.entries({ temporary, rejected, connection })) {
      for (const text of texts) {
        const error = await opened.refused(text);
        expect(fateOf(error), text).to.equal(fate);
        expect(error.message).to.equal(`place: ${text}`);
        expect(error.cause).to.have.property('message', text);
      }
    }
  });

  it('should mean the same to each event of a batch', async () => {
    const batch = { size: 10 };
    const opened = await keep(
      new OpenConnection(redisConnection<string>(server.url, { list: 'key', batch })),
    ).up();
    const results = await opened.sendAll(['ok', 'OOM full', 'ok', 'ERR Elements are too large', 'OOM full']);
    const fates = results.map((result) =>
      result.status === 'delivered' ? result.value : fateOf(result.error),
    );
    expect(fates).to.deep.equal([1, 'temporary', 3, 'rejected', 'temporary']);
  });

  it('should break the connection after a batch of which one event says so', async () => {
    const batch = { size: 10 };
    const opened = await keep(
      new OpenConnection(redisConnection<string>(server.url, { list: 'key', batch })),
    ).up();
    const named: number[] = [];
    const error = await new Promise<Error>((resolve) => {
      opened.sendingAll(['ok', 'READONLY no', 'OOM full', 'NOPERM no', 'ok']).subscribe({
        next: (results) => named.push(...results.map(({ index }) => index)),
        error: resolve,
      });
    });
    expect(named).to.deep.equal([0, 1, 2, 3, 4]);
    expect(error.message).to.match(/: READONLY no$/);
  });

  it('should break the connection after a batch with an answer that is no acknowledgement', async () => {
    const batch = { size: 10 };
    const opened = await keep(
      new OpenConnection(redisConnection<string>(server.url, { list: 'key', name: 'place', batch })),
    ).up();
    server.script = (command) => (command.at(-1) === '"odd"' ? '+OK\r\n' : server.usual(command));
    const error = await opened.sendAll(['one', 'odd', 'two']).catch((thrown: unknown) => thrown);
    expect((error as Error).message).to.equal('place: expected a number as an answer, got string');
  });

  it('should drop an event of a batch that is never taken, and no other', async () => {
    server.script = picky(server);
    const place = redisConnection<string>(server.url, { list: 'key', batch: { size: 10 } });
    const events = ['one', 'ERR too large', 'two', 'three'];
    const balanced = keep(new Shipment(events, [place], { maxAttempts: 3, reconnectDelay: 1 }));
    const outcomes = await balanced.ended();
    expect(Object.fromEntries(outcomes.map(({ event, status }) => [event, status]))).to.deep.equal({
      one: 'delivered',
      two: 'delivered',
      three: 'delivered',
      'ERR too large': 'dropped',
    });
  });

  it('should ask a user what the error of an event means about that event', async () => {
    server.script = picky(server);
    const asked: string[] = [];
    const classify = (_error: unknown, event: string): 'rejected' => {
      asked.push(event);
      return 'rejected';
    };
    const place = redisConnection<string>(server.url, { list: 'key', batch: { size: 10 }, classify });
    const outcomes = await keep(new Shipment(['one', 'ERR no', 'two'], [place])).ended();
    const dropped = outcomes.filter(({ status }) => status === 'dropped');
    expect(dropped.map(({ event }) => event)).to.deep.equal(['ERR no']);
    expect(asked[0]).to.equal('ERR no');
  });

  it('should give a batch its error where no event has a result', async () => {
    const batch = { size: 10 };
    const opened = await keep(
      new OpenConnection(redisConnection<string>(server.url, { list: 'key', batch })),
    ).up();
    const error = await opened.sendAll(['READONLY no', 'READONLY no']).catch((thrown: unknown) => thrown);
    expect((error as Error).message).to.match(/: READONLY no$/);
  });

  it('should have a meaning of the user as well', async () => {
    const replies = ['-WRONGTYPE no\r\n'];
    server.script = (command) =>
      (command[0] === 'RPUSH' ? replies.pop() : undefined) ?? server.usual(command);
    const place = redisConnection(server.url, { list: 'key', classify: () => 'rejected' });
    const outcomes = await keep(new Shipment(['a', 'b'], [place])).ended();
    expect(outcomes.map(({ event, status }) => [event, status])).to.deep.equal([
      ['a', 'dropped'],
      ['b', 'delivered'],
    ]);
  });

  it('should pause the connection, or break it', async () => {
    for (const [text, sockets] of [
      ['OOM full', 1],
      ['READONLY no', 2],
    ] as const) {
      const replies = [`-${text}\r\n`];
      let greetings = 0;
      server.script = (command) => {
        greetings += Number(command[0] === 'PING');
        return (command[0] === 'RPUSH' ? replies.pop() : undefined) ?? server.usual(command);
      };
      const shipment = keep(new Shipment(['a'], [redisConnection(server.url, { list: 'key' })]));
      const [outcome] = await shipment.ended();
      expect(outcome).to.include({ status: 'delivered', attempts: 2 });
      expect(greetings).to.equal(sockets);
    }
  });

  it('should not show a password that the server says again', async () => {
    const url = server.url.replace('//', '//robert:hunter2@');
    const batch = { size: 10 };
    const texts = ['ERR hunter2', 'OOM hunter2 robert', 'ERR Elements are too large: hunter2'];
    const single = await keep(new OpenConnection(redisConnection(url, { list: 'key' }))).up();
    const many = await keep(new OpenConnection(redisConnection<string>(url, { list: 'key', batch }))).up();
    for (const text of texts) {
      const errors = [
        await single.refused(text),
        await many.sendAll([text]).catch((error: unknown) => error),
      ];
      const seen = inspect(errors, { depth: Infinity, showHidden: true });
      expect(seen).to.include('…').and.not.include('hunter2').and.not.include('robert');
    }
  });

  it('should be of the type of an acknowledgement', async () => {
    const options = { name: 'place' };
    const list = await keep(new OpenConnection(redisConnection(server.url, { list: 'k', ...options }))).up();
    const stream = await keep(
      new OpenConnection(redisConnection(server.url, { stream: 'k', ...options })),
    ).up();
    for (const [opened, reply, expected, got] of [
      [list, '+QUEUED\r\n', 'number', 'string'],
      [list, '*0\r\n', 'number', 'object'],
      [stream, ':1\r\n', 'string', 'number'],
      [stream, '$-1\r\n', 'string', 'object'],
    ] as const) {
      server.script = () => reply;
      const error = await (opened as OpenConnection<unknown, unknown>).refused('a');
      expect(error.message).to.equal(`place: expected a ${expected} as an answer, got ${got}`);
      expect(fateOf(error)).to.equal('connection');
    }
  });
});
