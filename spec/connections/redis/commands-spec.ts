/** redisConnection's commands: what an event becomes on the wire, and what its outcome says. */
import { expect } from 'chai';
import { expectTypeOf } from 'expect-type';
import { from, lastValueFrom } from 'rxjs';
import { redisConnection } from '../../../src/connections/redis.js';
import { loadBalance, RejectedError, type BatchConnection, type Connection } from '../../../src/index.js';
import { closedAfterEach } from '../closedAfterEach.js';
import { OpenConnection } from '../openConnection.js';
import { ScriptedRedis } from './scriptedRedis.js';

describe('the commands of redisConnection', function () {
  // The first one loads the client.
  this.timeout(30_000);
  const keep = closedAfterEach();
  let server: ScriptedRedis;
  beforeEach(async () => {
    server = keep(await ScriptedRedis.start());
  });

  const opened = async <T, R>(
    connection: Connection<T, R> | BatchConnection<T, R>,
  ): Promise<OpenConnection<T, R>> => keep(new OpenConnection(connection)).up();

  /** What an event becomes. */
  const commandOf = async <T>(
    connection: Connection<T>,
    event: T,
  ): Promise<readonly string[] | undefined> => {
    await (await opened(connection)).send(event);
    return server.events.at(-1);
  };

  describe('to a list', () => {
    it('should push to its right end', async () => {
      const connection = redisConnection(server.url, { list: 'key' });
      expect(await commandOf(connection, { a: 'é' })).to.deep.equal(['RPUSH', 'key', '{"a":"Ã©"}']);
    });

    it('should push to its left end where that is wanted', async () => {
      const connection = redisConnection(server.url, { list: 'key', side: 'left' });
      expect(await commandOf(connection, 1)).to.deep.equal(['LPUSH', 'key', '1']);
    });

    it('should give its length', async () => {
      const connection = await opened(redisConnection(server.url, { list: 'key' }));
      expect([await connection.send('a'), await connection.send('b')]).to.deep.equal([1, 2]);
    });

    it('should send texts and bytes as they are', async () => {
      const bytes = new Uint8Array([9, 0, 13, 10, 255, 9]).subarray(1, 5);
      for (const [value, sent] of [
        ['', ''],
        ['a\r\nb', 'a\r\nb'],
        [bytes, '\0\r\n\xff'],
        [Buffer.from(bytes), '\0\r\n\xff'],
      ] as const) {
        const connection = redisConnection(server.url, { list: 'key', encode: () => value });
        expect(await commandOf(connection, 0)).to.deep.equal(['RPUSH', 'key', sent]);
      }
    });
  });

  describe('to a stream', () => {
    it('should add an entry of one field', async () => {
      const connection = redisConnection(server.url, { stream: 'key' });
      expect(await commandOf(connection, { a: 1 })).to.deep.equal(['XADD', 'key', '*', 'event', '{"a":1}']);
    });

    it('should give its id', async () => {
      const connection = await opened(redisConnection(server.url, { stream: 'key' }));
      expect([await connection.send('a'), await connection.send('b')]).to.deep.equal(['1-0', '2-0']);
    });

    it('should keep it short where that is wanted', async () => {
      const connection = redisConnection(server.url, {
        stream: 'key',
        maxLength: 1_000,
        encode: (event: string) => event,
      });
      const command = ['XADD', 'key', 'MAXLEN', '~', '1000', '*', 'event', 'a'];
      expect(await commandOf(connection, 'a')).to.deep.equal(command);
    });

    it('should add an entry of the fields that are wanted', async () => {
      const fields = ({ level }: { level: string }) => ({ level, raw: Uint8Array.of(255) });
      const connection = redisConnection(server.url, { stream: 'key', fields });
      const command = ['XADD', 'key', '*', 'level', 'warn', 'raw', '\xff'];
      expect(await commandOf(connection, { level: 'warn' })).to.deep.equal(command);
    });
  });

  it('should be sent to the database, by the user', async () => {
    for (const [url, greeting] of [
      ['redis://host/', []],
      ['redis://host/0', []],
      ['redis://host/3', [['SELECT', '3']]],
      ['redis://:p%40ss@host', [['AUTH', 'p@ss']]],
      [
        'redis://user:p%3Ass%25@host/12',
        [
          ['AUTH', 'user', 'p:ss%'],
          ['SELECT', '12'],
        ],
      ],
    ] as const) {
      server.commands.length = 0;
      const connection = keep(
        new OpenConnection(redisConnection(url.replace('host', `127.0.0.1:${server.port}`), { list: 'key' })),
      );
      await connection.up();
      expect(server.commands, url).to.deep.equal([...greeting, ['PING']]);
    }
  });

  it('should all be written at once', async () => {
    const connection = await opened(redisConnection<number>(server.url, { list: 'key' }));
    const { chunks } = server;
    expect(await Promise.all([1, 2, 3].map((event) => connection.send(event)))).to.deep.equal([1, 2, 3]);
    expect(server.chunks - chunks).to.equal(1);
    expect(server.values).to.deep.equal(['1', '2', '3']);
  });

  describe('in a batch', () => {
    it('should have a result each', async () => {
      const batch = { size: 3 };
      const list = await opened(redisConnection<string>(server.url, { list: 'key', batch }));
      expect(await list.sendAll(['a', 'b', 'c'])).to.deep.equal([
        { index: 0, status: 'delivered', value: 1 },
        { index: 1, status: 'delivered', value: 2 },
        { index: 2, status: 'delivered', value: 3 },
      ]);
      const stream = await opened(redisConnection<string>(server.url, { stream: 'key', batch }));
      expect(await stream.sendAll(['d'])).to.deep.equal([{ index: 0, status: 'delivered', value: '4-0' }]);
    });

    it('should be named as the answers come', async () => {
      const connection = await opened(
        redisConnection<number>(server.url, { list: 'key', batch: { size: 4 } }),
      );
      server.script = () => undefined;
      const told: number[][] = [];
      const ended = new Promise<void>((resolve) => {
        connection.sendingAll([0, 1, 2, 3]).subscribe({
          next: (results) => {
            told.push(results.map(({ index }) => index));
            server.say(':4\r\n:5\r\n');
          },
          complete: resolve,
        });
      });
      server.script = (_command, socket) => {
        if (server.events.length === 4) {
          socket.write(':2\r\n:3\r\n');
        }
        return undefined;
      };
      await ended;
      expect(told).to.deep.equal([
        [0, 1],
        [2, 3],
      ]);
    });

    it('should leave out what cannot be written', async () => {
      const encode = (event: string): string => {
        if (event === 'bad') {
          throw new Error('no such event');
        }
        return event;
      };
      const connection = await opened(
        redisConnection(server.url, { list: 'key', encode, batch: { size: 3 } }),
      );
      const results = await connection.sendAll(['bad', 'a', 'bad']);
      expect(results.map(({ index, status }) => `${index} ${status}`)).to.have.members([
        '0 failed',
        '1 delivered',
        '2 failed',
      ]);
      expect(server.values).to.deep.equal(['a']);
      const [alone] = await connection.sendAll(['bad']);
      expect(alone).to.have.property('error').that.is.instanceOf(RejectedError);
    });
  });

  it('should drop an event that has none', async () => {
    const thrown = (): never => {
      throw new Error('no such event');
    };
    const cases: readonly (readonly [Connection<unknown>, RegExp])[] = [
      [redisConnection(server.url, { list: 'key' }), /cannot encode: expected an event that JSON can write/],
      [redisConnection(server.url, { list: 'key', encode: thrown }), /cannot encode: no such event/],
      [
        redisConnection(server.url, { list: 'key', encode: () => 1 as unknown as string }),
        /cannot encode: .*a string or a Uint8Array, got `1`/,
      ],
      [redisConnection(server.url, { stream: 'key', fields: thrown }), /cannot encode: no such event/],
      [redisConnection(server.url, { stream: 'key', fields: () => ({}) }), /expected at least one field/],
      [
        redisConnection(server.url, { stream: 'key', fields: () => ({ a: 1 as unknown as string }) }),
        /cannot encode: .*fields\["a"\].*a string or a Uint8Array, got `1`/,
      ],
    ];
    for (const [connection, message] of cases) {
      const outcome = await lastValueFrom(from([undefined]).pipe(loadBalance([connection])), {
        defaultValue: undefined,
      });
      expect(outcome).to.include({ status: 'dropped', reason: 'rejected', attempts: 1 });
      expect((outcome as { error: Error }).error.message).to.match(message);
    }
    expect(server.events).to.deep.equal([]);
  });

  it('should have the type of what Redis answers', () => {
    const { url } = server;
    const batch = { size: 1 };
    expectTypeOf(redisConnection(url, { list: 'key' })).toEqualTypeOf<Connection<unknown, number>>();
    expectTypeOf(redisConnection(url, { stream: 'key' })).toEqualTypeOf<Connection<unknown, string>>();
    expectTypeOf(redisConnection(url, { list: 'key', batch })).toEqualTypeOf<
      BatchConnection<unknown, number>
    >();
    expectTypeOf(redisConnection(url, { stream: 'key', batch })).toEqualTypeOf<
      BatchConnection<unknown, string>
    >();
    // @ts-expect-error -- an event goes to one key
    const both = (): unknown => redisConnection(url, { list: 'key', stream: 'key' });
    // @ts-expect-error -- an event goes to a key
    const none = (): unknown => redisConnection(url, {});
    for (const make of [both, none]) {
      expect(make).to.throw(TypeError);
    }
  });
});
