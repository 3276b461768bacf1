/** Where the programs connect to: servers that keep a connection in one phase of its life. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { BlackHole } from '../../connections/blackHole.js';
import { RawServer } from '../../connections/rawServer.js';
import { ScriptedServer, silence, type Script } from '../../connections/scriptedServer.js';

/** One place. */
export interface Place {
  readonly url: string;
  /** Whether the connection is in its phase, as seen from here. */
  readonly isReached: () => boolean;
  /** Whether nothing of it is left here. */
  readonly isLeft: () => boolean;
  readonly close: () => void | Promise<void>;
}

/** How many sends there are in every phase that has some. */
const sends = 3;

async function scripted(script: Script, isReached: (server: ScriptedServer) => boolean): Promise<Place> {
  const server = await ScriptedServer.start(script);
  return {
    url: server.origin,
    isReached: () => isReached(server),
    isLeft: () => server.openSockets === 0,
    close: () => server.close(),
  };
}

/** The answer to a request stays without its end, or does not come at all. */
const isWaiting = (server: ScriptedServer): boolean => server.inFlight === sends;

/** A port where nobody listens. */
async function nobody(): Promise<Place> {
  const server = await ScriptedServer.start();
  await server.close();
  return { url: server.origin, isReached: () => true, isLeft: () => true, close: () => undefined };
}

/** It accepts, and reads nothing until it is asked whether anything is left. */
async function deaf(): Promise<Place> {
  const sockets: Socket[] = [];
  const server = await RawServer.start(
    () => undefined,
    (socket) => sockets.push(socket.pause()),
  );
  return {
    url: server.origin,
    isReached: () => server.openSockets >= sends,
    isLeft: () => {
      // Who does not read does not hear of the end either.
      for (const socket of sockets.splice(0)) {
        socket.resume();
      }
      return server.openSockets === 0;
    },
    close: () => server.close(),
  };
}

/** It accepts, reads, and says nothing. */
async function mute(): Promise<Place> {
  const server = await RawServer.start(() => undefined);
  return {
    url: server.origin.replace('http:', 'https:'),
    isReached: () => server.busySockets === 1,
    isLeft: () => server.openSockets === 0,
    close: () => server.close(),
  };
}

/** It says hello to a socket when it is asked whether anything is left. */
async function late(): Promise<Place> {
  const sockets: Socket[] = [];
  const server = await RawServer.start(
    () => undefined,
    (socket) => sockets.push(socket),
  );
  return {
    url: new URL(server.origin).port,
    isReached: () => sockets.length === 1,
    isLeft: () => {
      for (const socket of sockets.splice(0)) {
        socket.write('hello');
      }
      return server.openSockets === 0;
    },
    close: () => server.close(),
  };
}

async function blackHole(): Promise<Place> {
  const hole = await BlackHole.start();
  return {
    url: `http://127.0.0.1:${hole.port}`,
    isReached: () => true,
    isLeft: () => true,
    close: () => {
      hole.close();
    },
  };
}

/** A name server that does not answer. */
async function silentNameServer(): Promise<Place> {
  const socket = createSocket('udp4');
  let queries = 0;
  socket.on('message', () => queries++);
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    url: `127.0.0.1:${socket.address().port}`,
    isReached: () => queries > 0,
    isLeft: () => {
      queries = 0;
      return true;
    },
    close: () => {
      socket.close();
    },
  };
}

/** It says good-bye to the first word, and closes its side of a socket long after the other side. */
async function lingerer(): Promise<Place> {
  const open = new Set<Socket>();
  let most = 0;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    most = Math.max(most, open.add(socket).size);
    socket.on('error', () => undefined);
    socket.on('close', () => open.delete(socket));
    socket.on('data', () => socket.write('bye'));
    socket.on('end', () => {
      void sleep(200).then(() => socket.end());
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: String((server.address() as AddressInfo).port),
    isReached: () => open.size === 1,
    isLeft: () => open.size === 0,
    close: () => {
      server.close();
      // Nobody has opened another one before this one was closed.
      expect(most).to.equal(1);
    },
  };
}

/** By the name of the phase in which they keep a connection. */
export const places: Readonly<Record<string, () => Promise<Place>>> = {
  'connecting, SYN not answered': blackHole,
  'connecting, TLS not answered': mute,
  'connecting, DNS not answered': silentNameServer,
  'opening, and deaf to the signal': late,
  'request half written': deaf,
  'waiting for an answer': () => scripted(() => silence, isWaiting),
  'answer half read': () =>
    scripted(() => ({ headers: { 'content-length': 100 }, body: '[', unfinished: true }), isWaiting),
  pausing: () =>
    scripted(
      () => ({ status: 429, headers: { 'retry-after': '60' } }),
      (server) => server.inFlight === 0,
    ),
  'in backoff': nobody,
  'lingering for a batch': () =>
    scripted(
      () => 200,
      (server) => server.inFlight === 0,
    ),
  'finishing after removal': () => scripted(() => silence, isWaiting),
  'closing, and waiting for it to open again': lingerer,
};
