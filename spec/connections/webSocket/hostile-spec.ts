/** webSocketConnection, and servers and sockets that behave badly. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { from, lastValueFrom } from 'rxjs';
import { webSocketConnection, type WebSocketOptions } from '../../../src/connections/webSocket.js';
import { closedAfterEach } from '../closedAfterEach.js';
import { OpenConnection } from '../openConnection.js';
import { RawServer } from '../rawServer.js';
import { until } from '../../until.js';
import { ScriptedWebSocketServer, type MessageScript } from './scriptedWebSocketServer.js';

type Single = WebSocketOptions<unknown, unknown> & { readonly batch?: undefined };

/** With it, a server shows that it has understood (RFC 6455, section 1.3). */
const magic = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** What is opened, and not answered. */
const silence: MessageScript = () => undefined;

describe('webSocketConnection to a hostile server', () => {
  const keep = closedAfterEach();

  const serverOf = async (script: MessageScript): Promise<ScriptedWebSocketServer> =>
    keep(await ScriptedWebSocketServer.start(script));

  const openedTo = (url: string, options: Single = {}): OpenConnection<unknown, unknown> =>
    keep(new OpenConnection(webSocketConnection(url, options)));

  /** Sends one event to a server that does this with it; gives the errors of the send and of the connection. */
  const brokenBy = async (script: MessageScript, options?: Single): Promise<[Error, Error]> => {
    const server = await serverOf(script);
    const connection = await openedTo(`${server.origin}/?token=hunter22`, options).up();
    return Promise.all([connection.refused(1), connection.lost()]);
  };

  it('should break when the server closes, with code and reason', async () => {
    const [sent, lost] = await brokenBy((socket) => {
      socket.close(1013, 'hunter22 \n try later');
    });
    expect(lost.message).to.match(/^ws:\/\/127\.0\.0\.1:\d+\/: closed: 1013 … try later$/);
    expect(sent).to.equal(lost);
  });

  it('should break when the socket is gone', async () => {
    const [sent, lost] = await brokenBy((socket) => {
      socket.terminate();
    });
    expect(lost.message).to.match(/: closed: 1006 ?$/);
    expect(sent).to.equal(lost);
  });

  it('should break without traffic', async () => {
    const server = await serverOf(silence);
    const connection = await openedTo(server.origin).up();
    for (const socket of server.sockets) {
      socket.terminate();
    }
    expect((await connection.lost()).message).to.match(/closed: 1006/);
  });

  it('should break by an answer that cannot be read', async () => {
    for (const [answer, said] of [
      ['hunter22', /: Unexpected token .*…/],
      ['{"id":1', /JSON/],
      ['{"id":1,"error":"x","retryAfter":"soon"}', /`retryAfter` to be milliseconds/],
      ['{"id":1,"error":"x","retryAfter":-1}', /`retryAfter` to be milliseconds/],
      ['{"id":1,"results":{}}', /`results` to be an array/],
      ['{"id":1,"results":[7]}', /`result` to be an object/],
    ] as const) {
      const [sent, lost] = await brokenBy((socket) => {
        socket.send(answer);
      });
      expect(lost.message).to.match(said).and.not.include('hunter22');
      expect(sent).to.equal(lost);
    }
  });

  it('should break when `decode` throws, or gives no answer', async () => {
    const send: MessageScript = (socket) => {
      socket.send('{"id":1}');
    };
    const fail = (): never => {
      throw new Error('of hunter22');
    };
    expect((await brokenBy(send, { decode: fail }))[1].message).to.match(/: of …$/);
    for (const answer of [null, 7, {}, { id: '1' }]) {
      const [, lost] = await brokenBy(send, { decode: () => answer as unknown as undefined });
      expect(lost.message).to.include('`answer` to be an object with a number as its `id`, or undefined');
    }
  });

  it('should break by what is no WebSocket', async () => {
    const [, lost] = await brokenBy((socket) => {
      (socket as unknown as { _socket: { write: (bytes: Uint8Array) => void } })._socket.write(
        Buffer.from([0xff, 0xff, 0xff, 0xff]),
      );
    });
    expect(lost.message).to.match(/Invalid WebSocket frame/);
  });

  it('should say what a server answers that does not want it', async () => {
    const server = keep(
      await ScriptedWebSocketServer.start(silence, {
        verifyClient: (_info, done) => {
          done(false, 401);
        },
      }),
    );
    const error = await openedTo(`ws://robert:hunter2@${server.host}/in`).lost();
    expect(error.message).to.equal(`ws://${server.host}/in: Unexpected server response: 401`);
    expect(inspect(error)).to.not.include('hunter2');
  });

  it('should say that nobody listens', async () => {
    const server = createTcpServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    expect((await openedTo(`ws://127.0.0.1:${port}`).lost()).message).to.match(/ECONNREFUSED/);
  });

  it('should say that a server speaks something else', async () => {
    const server = keep(await RawServer.start((socket) => socket.end('garbage\r\n\r\n')));
    const error = await openedTo(server.origin.replace('http', 'ws')).lost();
    expect(error.message).to.match(/Parse Error|socket hang up/);
  });

  it('should leave nothing behind when it is closed while it opens', async () => {
    const server = keep(await RawServer.start(() => undefined));
    const connection = openedTo(server.origin.replace('http', 'ws'));
    await until('it has knocked', () => server.everything.includes('Upgrade'));
    connection.close();
    await until('its socket is gone', () => server.openSockets === 0);
    expect(connection.failed).to.equal(false);
    const other = openedTo(server.origin.replace('http', 'ws'));
    other.close();
    expect(other.failed).to.equal(false);
  });

  it('should settle what nobody has cancelled when it is closed, and send nothing more', async () => {
    const server = await serverOf(silence);
    const connection = webSocketConnection(server.origin);
    const opened = await keep(new OpenConnection(connection)).up();
    const refused = opened.refused(1);
    await until('it has arrived', () => server.messages.length === 1);
    opened.close();
    expect((await refused).message).to.match(/: closed$/);
    await until('its socket is gone', () => server.sockets.size === 0);
    expect((await opened.refused(2)).message).to.match(/not open/);
  });

  it('should send nothing over a socket that has been lost', async () => {
    const server = await serverOf((socket) => {
      socket.close(1001);
    });
    const connection = webSocketConnection(server.origin);
    const opened = await keep(new OpenConnection(connection)).up();
    const late = connection.send(2, { attempt: 1, signal: new AbortController().signal });
    await opened.refused(1);
    const error: unknown = await lastValueFrom(from(late), { defaultValue: undefined }).catch(
      (reason: unknown) => reason,
    );
    expect(error)
      .to.be.an('Error')
      .with.property('message')
      .that.matches(/: closed: 1001/);
    expect(server.messages).to.have.length(1);
  });

  it('should open anew after it has broken', async () => {
    const server = await serverOf((socket, message) => {
      if (message.includes('"bad"')) {
        socket.terminate();
      } else {
        socket.send('{"id":1,"value":"well"}');
      }
    });
    const connection = webSocketConnection<string>(server.origin);
    const first = await keep(new OpenConnection(connection)).up();
    await first.refused('bad');
    await first.lost();
    const second = await keep(new OpenConnection(connection)).up();
    expect(await second.send('good')).to.equal('well');
  });

  it('should end soon when the peer does not answer its closing', async () => {
    const server: RawServer = keep(
      await RawServer.start((socket) => {
        setImmediate(() => {
          const [, key = ''] = /^sec-websocket-key: (.*)\r$/im.exec(server.everything) ?? [];
          const accept = createHash('sha1')
            .update(key + magic)
            .digest('base64');
          socket.write(
            'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
              `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
          );
        });
      }),
    );
    const connection = await openedTo(server.origin.replace('http', 'ws')).up();
    connection.close();
    await until('its socket is gone', () => server.openSockets === 0, 5_000);
  });
});
