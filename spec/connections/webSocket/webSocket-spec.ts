/** webSocketConnection: its messages, the answers to them, and what these mean. */
import { expect } from 'chai';
import { RejectedError, TemporaryError } from '../../../src/index.js';
import { webSocketConnection, type WebSocketOptions } from '../../../src/connections/webSocket.js';
import { closedAfterEach } from '../closedAfterEach.js';
import { OpenConnection } from '../openConnection.js';
import { until } from '../../until.js';
import { acknowledge, ScriptedWebSocketServer, type MessageScript } from './scriptedWebSocketServer.js';

type Single<T> = WebSocketOptions<T, unknown> & { readonly batch?: undefined };

describe('webSocketConnection', () => {
  const keep = closedAfterEach();

  const serverOf = async (script?: MessageScript): Promise<ScriptedWebSocketServer> =>
    keep(await ScriptedWebSocketServer.start(script));

  /** A connection to a server that answers every message with what the script makes of its id. */
  const answeredWith = async <T>(
    answer: (id: number) => unknown,
    options: Single<T> = {},
  ): Promise<OpenConnection<T, unknown>> => {
    const server = await serverOf((socket, message) => {
      const { id } = JSON.parse(message) as { readonly id: number };
      socket.send(JSON.stringify(answer(id)));
    });
    return keep(new OpenConnection<T, unknown>(webSocketConnection<T>(server.origin, options))).up();
  };

  const batchesTo = async (
    server: ScriptedWebSocketServer,
    options: WebSocketOptions<unknown, unknown> = {},
  ): Promise<OpenConnection<unknown, unknown>> =>
    keep(new OpenConnection(webSocketConnection(server.origin, { ...options, batch: { size: 10 } }))).up();

  describe('a single event', () => {
    it('should be a message with an id, and delivered when that is answered', async () => {
      const server = await serverOf();
      const connection = await keep(
        new OpenConnection(webSocketConnection(`${server.origin}/in?x=1#y`)),
      ).up();
      expect(await connection.send({ n: 1 })).to.equal(undefined);
      expect(await connection.send('two')).to.equal(undefined);
      expect(server.messages).to.deep.equal(['{"id":1,"event":{"n":1}}', '{"id":2,"event":"two"}']);
      expect(connection.states).to.deep.equal(['connecting', 'up']);
    });

    it('should have the value of its answer', async () => {
      const connection = await answeredWith((id) => ({ id, value: { at: id }, error: null }));
      expect(await connection.send(1)).to.deep.equal({ at: 1 });
    });

    it('should be put back after an error', async () => {
      const connection = await answeredWith((id) => ({ id, error: 'the disk is full' }));
      const error = await connection.refused(1);
      expect(error).to.be.instanceOf(TemporaryError).with.property('retryAfter', undefined);
      expect(error.message).to.match(/^ws:\/\/127\.0\.0\.1:\d+\/ answered: the disk is full$/);
    });

    it('should be delivered where the server says that there is nothing to say', async () => {
      for (const nothing of [
        { error: null, retryAfter: null, rejected: null, results: null },
        { error: '', rejected: false },
        { error: false },
      ]) {
        const connection = await answeredWith((id) => ({ id, value: 'v', ...nothing }));
        expect(await connection.send(1)).to.equal('v');
      }
      const connection = await answeredWith((id) => ({ id, error: 'busy', retryAfter: null, results: null }));
      expect(await connection.refused(1))
        .to.be.instanceOf(TemporaryError)
        .with.property('retryAfter', undefined);
    });

    it('should be read by the documented fields alone', async () => {
      for (const failure of [null, 'hunter22']) {
        const connection = await answeredWith((id) => ({ id, value: 'v', failure }));
        expect(await connection.send(1)).to.equal('v');
      }
    });

    it('should say how long to pause, at most a day', async () => {
      for (const [said, meant] of [
        [250, 250],
        [0, 0],
        [1e12, 86_400_000],
      ]) {
        const connection = await answeredWith((id) => ({ id, retryAfter: said }));
        const error = await connection.refused(1);
        expect(error).to.be.instanceOf(TemporaryError).with.property('retryAfter', meant);
        expect(error.message).to.match(/answered: later$/);
      }
    });

    it('should be dropped when it is rejected', async () => {
      for (const [answer, said] of [
        [{ error: 'malformed', rejected: true }, 'malformed'],
        [{ error: { code: 7 }, rejected: true }, '{"code":7}'],
        [{ rejected: true }, 'answered: rejected'],
        [{ error: null, rejected: true }, 'answered: rejected'],
      ] as const) {
        const connection = await answeredWith((id) => ({ id, ...answer }));
        const error = await connection.refused(1);
        expect(error).to.be.instanceOf(RejectedError);
        expect(error.message)
          .to.match(/^ws:\S+ answered: /)
          .and.include(said);
      }
    });

    it('should be rejected when it cannot be written, and the connection go on', async () => {
      const connection = await answeredWith((id) => ({ id }));
      expect(await connection.refused(undefined)).to.be.instanceOf(RejectedError);
      expect(await connection.refused(1n)).to.be.instanceOf(RejectedError);
      await connection.send(1);
      expect(connection.failed).to.equal(false);
    });

    it('should not count as delivered by the answer to a batch', async () => {
      const connection = await answeredWith((id) => ({ id, results: [] }));
      expect((await connection.refused(1)).message).to.match(/expected one result, got those of a batch/);
    });

    it('should find its answer in any order, and ignore what is none', async () => {
      const ids: number[] = [];
      const server = await serverOf((socket, message) => {
        ids.push((JSON.parse(message) as { readonly id: number }).id);
        if (ids.length === 3) {
          for (const other of ['{"id":99}', '{"hello":1}', '{"id":"1"}', 'null', '7', '[]']) {
            socket.send(other);
          }
          for (const id of ids.reverse()) {
            socket.send(Buffer.from(`{"id":${id},"value":"of ${id}"}`));
          }
        }
      });
      const connection = await keep(new OpenConnection(webSocketConnection(server.origin))).up();
      const values = await Promise.all([1, 2, 3].map((event) => connection.send(event)));
      expect(values).to.deep.equal(['of 1', 'of 2', 'of 3']);
    });

    it('should ignore the late answer to one that was cancelled', async () => {
      const server = await serverOf((socket, message) => {
        if (message.includes('"b"')) {
          socket.send('{"id":1,"value":"late"}');
          socket.send('{"id":2,"value":"right"}');
        }
      });
      const connection = await keep(new OpenConnection(webSocketConnection(server.origin))).up();
      const heard: unknown[] = [];
      const sending = connection.sending('a').subscribe((value) => heard.push(value));
      await until('it has arrived', () => server.messages.length === 1);
      sending.unsubscribe();
      expect(await connection.send('b')).to.equal('right');
      expect(heard).to.deep.equal([]);
    });

    it('should be written and read as the options say', async () => {
      const server = await serverOf((socket, message) => {
        socket.send(message === '1 bad' ? '1 no' : `${message.split(' ')[0] ?? ''} ok`);
        socket.send('# a comment');
      });
      const options: Single<string> = {
        encode: (id, [event]) => Buffer.from(`${id} ${String(event)}`),
        decode: (message) => {
          const [id, said] = (message as string).split(' ');
          return id === '#'
            ? undefined
            : { id: Number(id), ...(said === 'ok' ? { value: said } : { error: new RangeError(said) }) };
        },
      };
      const connection = await keep(new OpenConnection(webSocketConnection(server.origin, options))).up();
      expect(await connection.refused('bad'))
        .to.be.instanceOf(RangeError)
        .with.property('message', 'no');
      expect(await connection.send('good')).to.equal('ok');
      expect(server.messages).to.deep.equal(['1 bad', '2 good']);
    });

    it('should be put back also after an error that is no JSON', async () => {
      const connection = await answeredWith((id) => ({ id }), {
        decode: () => ({ id: 1, error: Symbol('no') }),
      });
      const error = await connection.refused(1);
      expect(error).to.be.instanceOf(TemporaryError);
      expect(error.message).to.match(/answered: later$/);
    });

    it('should be rejected when it is written as neither a text nor bytes', async () => {
      const connection = await answeredWith((id) => ({ id }), { encode: () => 7 as unknown as string });
      const error = await connection.refused(1);
      expect(error).to.be.instanceOf(RejectedError);
      expect(error.message).to.include('a string or a Uint8Array');
    });
  });

  describe('a batch', () => {
    it('should be one message, and delivered as a whole', async () => {
      const server = await serverOf();
      const connection = await batchesTo(server);
      expect(await connection.sendAll([1, 'two'])).to.deep.equal([]);
      expect(server.messages).to.deep.equal(['{"id":1,"events":[1,"two"]}']);
    });

    it('should share a value', async () => {
      const server = await serverOf((socket) => {
        socket.send('{"id":1,"value":"v"}');
      });
      const connection = await batchesTo(server);
      expect(await connection.sendAll([1, 2])).to.deep.equal([
        { index: 0, status: 'delivered', value: 'v' },
        { index: 1, status: 'delivered', value: 'v' },
      ]);
    });

    it('should have a result for each event', async () => {
      const server = await serverOf((socket) => {
        socket.send(
          JSON.stringify({
            id: 1,
            results: [
              { index: 2, value: 'v' },
              { index: 0, error: 'busy', retryAfter: 5 },
              { index: 1, error: 'bad', rejected: true },
            ],
          }),
        );
      });
      const connection = await batchesTo(server);
      const [delivered, busy, bad] = await connection.sendAll([1, 2, 3]);
      expect(delivered).to.deep.equal({ index: 2, status: 'delivered', value: 'v' });
      expect(busy).to.deep.include({ index: 0, status: 'failed' });
      expect(busy).to.have.property('error').that.is.instanceOf(TemporaryError);
      expect(bad).to.deep.include({ index: 1, status: 'failed' });
      expect(bad).to.have.property('error').that.is.instanceOf(RejectedError);
    });

    it('should fail as a whole', async () => {
      const server = await serverOf((socket) => {
        socket.send('{"id":1,"error":"busy"}');
      });
      const connection = await batchesTo(server);
      const error: unknown = await connection.sendAll([1, 2]).catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(TemporaryError);
    });

    it('should not count as delivered by results that name none of its events', async () => {
      const server = await serverOf((socket) => {
        socket.send('{"id":1,"results":[]}');
      });
      const connection = await batchesTo(server);
      const error: unknown = await connection.sendAll([1, 2]).catch((reason: unknown) => reason);
      expect(error)
        .to.be.instanceOf(TemporaryError)
        .with.property('message')
        .that.matches(/ answered for none of 2 events$/);
    });

    it('should be sent without what cannot be written', async () => {
      const answers = ['{"id":1}', '{"id":2,"results":[{"index":0},{"index":1,"error":"x"},{"index":7}]}'];
      const server = await serverOf((socket) => {
        socket.send(answers.shift() ?? '');
      });
      const connection = await batchesTo(server);
      const inShort = async (events: readonly unknown[]): Promise<string[]> =>
        (await connection.sendAll(events)).map(({ index, status }) => `${index} ${status}`);
      expect(await inShort(['a', undefined, 'b'])).to.deep.equal(['1 failed', '0 delivered', '2 delivered']);
      expect(await inShort([1n, 'a', 'b'])).to.deep.equal([
        '0 failed',
        '1 delivered',
        '2 failed',
        'NaN delivered',
      ]);
      expect(await inShort([1n, undefined])).to.deep.equal(['0 failed', '1 failed']);
      expect(server.messages).to.deep.equal(['{"id":1,"events":["a","b"]}', '{"id":2,"events":["a","b"]}']);
    });

    describe('that cannot be written together', () => {
      /** Takes two at most; what is `bad` it writes only once by itself. */
      const shortly = (): WebSocketOptions<unknown, unknown> => {
        let attempts = 0;
        return {
          encode: (id, events) => {
            if (events.length > 2 || (events[0] === 'bad' && ++attempts > 1)) {
              throw new Error('too long');
            }
            return JSON.stringify({ id, events });
          },
        };
      };
      const encode = shortly().encode as (id: number, events: readonly unknown[]) => string;

      it('should be several messages, and delivered by the answers to all of them', async () => {
        const server = await serverOf((socket, message) => {
          const { id } = JSON.parse(message) as { readonly id: number };
          socket.send(
            [
              '{"id":1,"value":"v"}',
              '{"id":2}',
              '{"id":3,"results":[{"index":1,"error":"x"},{"index":0,"value":"w"}]}',
            ][id - 1] ?? '',
          );
        });
        const connection = await batchesTo(server, { encode });
        const results = await connection.sendAll(['a', 'b', 'c', undefined, 'd']);
        expect(server.messages.map((message) => JSON.parse(message) as unknown)).to.deep.equal([
          { id: 1, events: ['a', 'b'] },
          { id: 2, events: ['c'] },
          { id: 3, events: [null, 'd'] },
        ]);
        expect(results.slice(0, 3)).to.deep.equal([
          { index: 0, status: 'delivered', value: 'v' },
          { index: 1, status: 'delivered', value: 'v' },
          { index: 2, status: 'delivered', value: undefined },
        ]);
        expect(results[3]).to.deep.include({ index: 4, status: 'failed' });
        expect(results.slice(4)).to.deep.equal([{ index: 3, status: 'delivered', value: 'w' }]);
      });

      it('should fail where the server refuses one of the messages, and only there', async () => {
        const server = await serverOf((socket, message) => {
          const { id } = JSON.parse(message) as { readonly id: number };
          for (const answer of id === 1 ? [{ error: 'busy' }, {}] : [{}]) {
            socket.send(JSON.stringify({ id, ...answer }));
          }
        });
        const connection = await batchesTo(server, { encode });
        const results = await connection.sendAll([1, 2, 3, 4]);
        expect(results.map(({ index, status }) => `${index} ${status}`)).to.deep.equal([
          '0 failed',
          '1 failed',
          '2 delivered',
          '3 delivered',
        ]);
        expect(results[0]).to.have.property('error').that.is.instanceOf(TemporaryError);
      });

      it('should fail as a whole when the connection breaks between the answers', async () => {
        const server = await serverOf((socket, message) => {
          const { id } = JSON.parse(message) as { readonly id: number };
          if (id === 2) {
            socket.close(1001);
          }
        });
        const connection = await batchesTo(server, { encode });
        const error: unknown = await connection.sendAll([1, 2, 3, 4]).catch((reason: unknown) => reason);
        expect(error).to.equal(await connection.lost());
      });

      it('should be without an event that can be written only sometimes', async () => {
        const server = await serverOf(acknowledge);
        const connection = await batchesTo(server, shortly());
        const [refused, ...others] = await connection.sendAll(['bad', 1, 2]);
        expect(refused).to.deep.include({ index: 0, status: 'failed' });
        expect(refused)
          .to.have.property('error')
          .that.is.instanceOf(RejectedError)
          .with.property('message', 'cannot encode: too long');
        expect(others.map(({ index, status }) => `${index} ${status}`)).to.deep.equal([
          '1 delivered',
          '2 delivered',
        ]);
      });
    });
  });
});
