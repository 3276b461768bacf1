/** The phases of a connection's life. */
import { Resolver } from 'node:dns';
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { fromEvent, NEVER } from 'rxjs';
import { connection, loadBalance, type ConnectionInput } from 'rxjs-load-balance';
import { httpConnection, json, jsonAnswer, ndjson } from 'rxjs-load-balance/http';
import type { Phase, Stage } from './stage.js';
import { resources } from './witness.js';

/** As every way has it: three events, and one more where a scout delivers that. */
const events = 3;

/** More than any socket takes before it is read from. */
const hugeText = 'x'.repeat(16 * 1024 * 1024);

const isSending = (stage: Stage): boolean => stage.count('attempt') >= events;

/** What brings each about, by name. */
export const phases: Readonly<Record<string, (url: string) => Phase>> = {
  'connecting, SYN not answered': (url) => ({
    connection: httpConnection(url),
    isReached: () => resources().includes('ConnectWrap'),
  }),

  'connecting, TLS not answered': (url) => ({
    connection: httpConnection(url),
    isReached: (stage) => stage.wasIn('connecting'),
  }),

  // What is asked of the system's own resolver cannot be cancelled, and keeps any process alive until it answers.
  'connecting, DNS not answered': (url) => {
    const resolver = new Resolver({ timeout: 500, tries: 1 });
    resolver.setServers([url]);
    return {
      connection: httpConnection('http://collector.example/', {
        tls: {
          lookup: (name, _options, callback) => {
            resolver.resolve4(name, (error) => {
              callback(error ?? new Error('it was not to be answered'), []);
            });
          },
        },
      }),
      isReached: (stage) => stage.wasIn('connecting'),
    };
  },

  'opening, and deaf to the signal': (url) => ({
    connection: greeted(Number(url)),
    isReached: (stage) => stage.wasIn('connecting'),
  }),

  idle: (url) => ({
    connection: httpConnection(url, { format: ndjson() }),
    isReached: (stage) => stage.count('outcome') >= events,
  }),

  'request half written': (url) => ({
    connection: httpConnection(url, { format: { encode: () => ({ body: hugeText }) } }),
    isReached: isSending,
  }),

  'waiting for an answer': (url) => ({ connection: httpConnection(url), isReached: isSending }),

  'answer half read': (url) => ({
    connection: httpConnection(url, { format: json({ read: jsonAnswer }) }),
    isReached: isSending,
  }),

  pausing: (url) => ({
    connection: httpConnection(url),
    isReached: (stage) => stage.wasIn('backoff') && stage.count('answer') >= events,
  }),

  'in backoff': (url) => ({
    connection: httpConnection(url),
    options: { reconnectDelay: 60_000 },
    isReached: (stage) => stage.wasIn('backoff'),
  }),

  'lingering for a batch': (url) => ({
    connection: httpConnection(url, { batch: { size: 100, linger: 60_000 } }),
    // The end sends the batch off at once; its request may take longer than the usual `drainTimeout`.
    options: { drainTimeout: 20_000 },
    isReached: (stage) =>
      stage.wasIn('up') &&
      stage.activities.some((activity) => activity.type === 'queue' && activity.waiting === events),
  }),

  'finishing after removal': (url) => ({
    connection: httpConnection(url),
    isReached: isSending,
    removed: true,
  }),

  'closing, and waiting for it to open again': (url) => ({
    connection: slowToClose(Number(url)),
    options: { reconnectDelay: 1 },
    isReached: (stage) =>
      stage.activities.filter((activity) => activity.type === 'state' && activity.state === 'connecting')
        .length >= 2,
  }),

  'in use by somebody else': (url) => {
    const shared = httpConnection(url);
    const first = NEVER.pipe(loadBalance([shared])).subscribe();
    return {
      connection: shared,
      isReached: (_stage, books) => books.end !== undefined || books.outcomes > 0,
      cleanUp: () => {
        first.unsubscribe();
      },
    };
  },
};

/** A connection that is open once the server has said something, and which goes on waiting for that when it is left. */
function greeted(port: number): ConnectionInput<number> {
  return connection({
    name: 'greeted',
    open: async (): Promise<Socket> => {
      const socket = createConnection(port, '127.0.0.1');
      await once(socket, 'data');
      return socket;
    },
    send: () => NEVER,
    close: (socket) => socket.destroy(),
  });
}

/** A connection to a server that closes its side of a socket long after we have closed ours. */
function slowToClose(port: number): ConnectionInput<number> {
  return connection({
    name: 'slow to close',
    open: async (): Promise<Socket> => {
      const socket = createConnection(port, '127.0.0.1');
      await once(socket, 'connect');
      return socket;
    },
    // It says something as soon as it has got something, and that is good-bye.
    lost: (socket) => fromEvent(socket, 'data'),
    send: (socket, event: number) => {
      socket.write(`${event}\n`);
      return NEVER;
    },
    close: async (socket) => {
      socket.end();
      await once(socket, 'close');
    },
  });
}
