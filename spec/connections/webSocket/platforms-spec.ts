/** webSocketConnection: which WebSocket it uses, and what only that of ws takes. */
import type { Writable } from 'node:stream';
import { expect } from 'chai';
import { lastValueFrom } from 'rxjs';
import { WebSocket } from 'ws';
import {
  webSocketConnection,
  type WebSocketConstructor,
  type WebSocketOptions,
} from '../../../src/connections/webSocket.js';
import { Peer } from '../../../src/connections/peer.js';
import { WebSocketClient } from '../../../src/connections/webSocket/client.js';
import { Endpoint } from '../../../src/connections/webSocket/endpoint.js';
import { webSocketSettings } from '../../../src/connections/webSocket/options.js';
import { platformSocket, wsSocket } from '../../../src/connections/webSocket/socket.js';
import { certificateFor, type Certificate } from '../certificate.js';
import { closedAfterEach } from '../closedAfterEach.js';
import { OpenConnection } from '../openConnection.js';
import { until } from '../../until.js';
import { acknowledge, ScriptedWebSocketServer } from './scriptedWebSocketServer.js';

type Single = WebSocketOptions<unknown, unknown> & { readonly batch?: undefined };

/** Replaces globals until the end of a test, or until they are restored. */
function globalsOf(): (values: Record<string, unknown>) => () => void {
  const before = new Map<string, PropertyDescriptor | undefined>();
  const restore = (): void => {
    for (const [name, descriptor] of before) {
      Reflect.deleteProperty(globalThis, name);
      if (descriptor !== undefined) {
        Object.defineProperty(globalThis, name, descriptor);
      }
    }
    before.clear();
  };
  afterEach(restore);
  return (values) => {
    for (const [name, value] of Object.entries(values)) {
      if (!before.has(name)) {
        before.set(name, Object.getOwnPropertyDescriptor(globalThis, name));
      }
      Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    }
    return restore;
  };
}

describe('the WebSocket of a webSocketConnection', () => {
  const keep = closedAfterEach();
  const setGlobals = globalsOf();
  let certificate: Certificate;

  before(async () => {
    certificate = await certificateFor('server');
  });

  const openedTo = (url: string, options: Single = {}): OpenConnection<unknown, unknown> =>
    keep(new OpenConnection(webSocketConnection(url, options)));

  /** That of ws, and what it was made with. */
  const watched = (): { readonly Ctor: WebSocketConstructor; readonly calls: unknown[][] } => {
    const calls: unknown[][] = [];
    class Ctor extends WebSocket {
      constructor(url: string, protocols?: string | string[]) {
        super(url, protocols);
        calls.push(protocols === undefined ? [url] : [url, protocols]);
      }
    }
    return { Ctor, calls };
  };

  it('should be that of the platform in a browser', async () => {
    const server = keep(await ScriptedWebSocketServer.start());
    const { Ctor, calls } = watched();
    const restore = setGlobals({ WebSocket: Ctor, process: undefined });
    const connection = webSocketConnection(`${server.origin}/in?a=b#c`);
    restore();
    await (await keep(new OpenConnection(connection)).up()).send(1);
    expect(calls).to.deep.equal([[`${server.origin}/in?a=b`]]);
  });

  it('should be that of the platform in Node only where ws is not installed, and not needed', () => {
    const { Ctor } = watched();
    const ws = new Peer('spec', 'ws', 8);
    const missing = (): never => {
      throw new Error('Cannot find package');
    };
    const found = (name: string): string => `file:///${name}`;
    const restore = setGlobals({ WebSocket: Ctor });
    expect(platformSocket(ws, false, missing)).to.equal(Ctor);
    expect(platformSocket(ws, true, missing)).to.equal(undefined);
    expect(platformSocket(ws, false, found)).to.equal(undefined);
    setGlobals({ process: undefined });
    const inBrowser = platformSocket(ws, false, found);
    restore();
    expect(inBrowser).to.equal(Ctor);
  });

  it('should be that of the options', async () => {
    const server = keep(await ScriptedWebSocketServer.start());
    const { Ctor, calls } = watched();
    setGlobals({ WebSocket: undefined });
    for (const protocol of ['one', ['one', 'two']] as const) {
      await (await openedTo(server.origin, { WebSocketCtor: Ctor, protocol }).up()).send(1);
    }
    expect(calls).to.deep.equal([
      [`${server.origin}/`, 'one'],
      [`${server.origin}/`, ['one', 'two']],
    ]);
  });

  it('should be that of ws where the other could not do what is wanted', async () => {
    const tls = { ca: certificate.cert, passphrase: 'hunter22' };
    const server = keep(await ScriptedWebSocketServer.start(acknowledge, {}, { ...certificate }));
    const { Ctor, calls } = watched();
    setGlobals({ WebSocket: Ctor });
    const headers = { authorization: 'Bearer hunter22', 'x-tenant': 'one' };
    await (await openedTo(server.origin, { tls, headers }).up()).send(1);
    await (await openedTo(server.origin.replace('//', '//us%C3%A9r:p%40ss@'), { tls }).up()).send(1);
    expect(calls).to.deep.equal([]);
    expect(server.headers[0]).to.include(headers);
    const token = Buffer.from('usér:p@ss').toString('base64');
    expect(server.headers[1]).to.include({ authorization: `Basic ${token}` });

    const plain = keep(await ScriptedWebSocketServer.start());
    await (await openedTo(plain.origin.replace('//', '//user@')).up()).send(1);
    await (await openedTo(plain.origin.replace('//', '//:word@')).up()).send(1);
    expect(calls).to.deep.equal([]);
  });

  it('should verify certificates', async () => {
    const server = keep(await ScriptedWebSocketServer.start(acknowledge, {}, { ...certificate }));
    expect((await openedTo(server.origin).lost()).message).to.match(/certificate/);
  });

  it('should not be asked for headers or TLS where there is no ws', () => {
    const restore = setGlobals({ process: { versions: {} }, WebSocket });
    try {
      for (const options of [{ headers: { a: 'b' } }, { tls: {} }]) {
        expect(() => webSocketConnection('wss://host', options)).to.throw(
          TypeError,
          'to be absent where there is no ws',
        );
      }
      // A browser's own business.
      webSocketConnection('ws://robert:hunter2@host');
      setGlobals({ process: undefined });
      expect(() => webSocketConnection('wss://host', { tls: {} })).to.throw(TypeError, 'no ws');
    } finally {
      // Whoever reports that it has passed needs a process.
      restore();
    }
  });

  it('should not show what a server says again', async () => {
    const server = keep(
      await ScriptedWebSocketServer.start((socket, message) => {
        const [header = ''] = server.headers.map(({ authorization = '' }) => authorization);
        socket.send(JSON.stringify({ id: 1, error: `${header} ${header.split(' ')[1] ?? ''} ${message}` }));
      }),
    );
    const headers = { authorization: 'Bearer hunter22', 'x-tenant': 'one' };
    const connection = await openedTo(server.origin, { headers }).up();
    expect((await connection.refused('one')).message).to.include('answered: … … {"id":1,"event":"one"}');
    const named = await openedTo(server.origin.replace('//', '//robert:hunter22@')).up();
    server.headers.shift();
    const error = await named.refused('one');
    expect(error.message).to.include('answered: Basic … …').and.not.include(btoa('robert:hunter22'));
  });

  it('should say what a constructor or a socket says, where it says anything', async () => {
    const failing = (event: unknown): WebSocketConstructor =>
      class {
        readonly readyState = 0;
        onerror: ((event: unknown) => void) | undefined;
        constructor() {
          queueMicrotask(() => this.onerror?.(event));
        }
        send(): void {
          // Nothing was opened.
        }
        close(): void {
          // Nothing was opened.
        }
      };
    for (const [event, said] of [
      [{ type: 'error' }, 'the WebSocket has failed'],
      [{ message: '', error: undefined }, 'the WebSocket has failed'],
      [{ message: '', error: new TypeError('') }, 'the WebSocket has failed'],
      [{ message: 'no route' }, 'no route'],
      [{ message: '', error: new AggregateError([new Error('a'), new Error('b')], '') }, 'a, b'],
      [{ code: 1006 }, 'closed: 1006'],
    ] as const) {
      const connection = openedTo('ws://host/', { WebSocketCtor: failing(event) });
      expect((await connection.lost()).message).to.equal(`ws://host/: ${said}`);
    }
    const throwing = function (): never {
      throw new SyntaxError('no such protocol');
    } as unknown as WebSocketConstructor;
    const connection = openedTo('ws://host/', { WebSocketCtor: throwing });
    expect((await connection.lost()).message).to.equal('ws://host/: no such protocol');
  });

  it('should not be made when nobody wants it any more', async () => {
    const { Ctor, calls } = watched();
    setGlobals({ WebSocket: undefined });
    const connection = openedTo('ws://127.0.0.1:9/');
    connection.close();
    const withCtor = openedTo('ws://127.0.0.1:9/', { WebSocketCtor: Ctor });
    withCtor.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([connection.failed, withCtor.failed]).to.deep.equal([false, false]);
    expect(calls).to.have.length.of.at.most(1);
  });

  it('should keep nothing of sends that were answered or cancelled', async () => {
    const server = keep(
      await ScriptedWebSocketServer.start((socket, message) => {
        if (!message.includes('"mute"')) {
          acknowledge(socket, message);
        }
      }),
    );
    const endpoint = new Endpoint('spec', server.origin);
    const settings = webSocketSettings('spec', endpoint, {});
    const life = new AbortController();
    const client = await WebSocketClient.open(WebSocket, endpoint, settings, life.signal);
    const { waiting } = client as unknown as { readonly waiting: ReadonlyMap<number, unknown> };
    await lastValueFrom(client.one('answered'), { defaultValue: undefined });
    await lastValueFrom(client.many(['answered', 'too']), { defaultValue: undefined });
    const sendings = [client.one('mute'), client.many(['mute'])].map((sent) => sent.subscribe());
    expect(waiting.size).to.equal(2);
    for (const sending of sendings) {
      sending.unsubscribe();
    }
    expect(waiting.size).to.equal(0);
    life.abort();
  });

  it('should write what is sent in one turn in one go', async () => {
    const server = keep(await ScriptedWebSocketServer.start(() => undefined));
    const Ctor = await wsSocket(new Peer('spec', 'ws', 8), {});
    const made: unknown = new Ctor(server.origin);
    const socket = made as WebSocket;
    keep(socket);
    await new Promise((resolve) => socket.once('open', resolve));
    const { _socket: stream } = socket as unknown as {
      _socket: { writableLength: number; writableCorked: number };
    };
    socket.send('one');
    const first = stream.writableLength;
    socket.send('two');
    expect(first).to.be.greaterThan(0);
    expect(stream).to.include({ writableLength: first * 2, writableCorked: 1 });
    await Promise.resolve();
    expect(stream.writableCorked).to.equal(0);
  });

  it('should write at most 16 messages in one go', async () => {
    const server = keep(await ScriptedWebSocketServer.start(() => undefined));
    const Ctor = await wsSocket(new Peer('spec', 'ws', 8), {});
    const made: unknown = new Ctor(server.origin);
    const socket = made as WebSocket;
    keep(socket);
    await new Promise((resolve) => socket.once('open', resolve));
    const { _socket: stream } = socket as unknown as { _socket: { uncork: () => void } };
    const writes: number[] = [];
    const uncork = stream.uncork.bind(stream);
    let sent = 0;
    stream.uncork = () => {
      const { writableLength, writableCorked } = stream as unknown as Writable;
      uncork();
      // ws corks each message by itself as well.
      if (writableCorked === 1 && writableLength > 0) {
        writes.push(sent);
      }
    };
    for (; sent < 40; sent++) {
      socket.send('message');
    }
    await Promise.resolve();
    expect(writes).to.deep.equal([16, 32, 40]);
    await until('all have arrived', () => server.messages.length === 40);
  });
});
