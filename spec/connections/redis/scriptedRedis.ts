/** A server that speaks just enough of Redis's protocol: a spec says what it replies to each command. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import type { Certificate } from '../certificate.js';

/** The name of a command and its arguments; bytes are characters (latin1). */
export type ReceivedCommand = readonly string[];

/** What a server writes for a command; `undefined`: nothing. */
export type Script = (command: ReceivedCommand, socket: Socket) => string | undefined;

/** A server that does what Redis does, roughly: a list has the length of all that it was ever sent. */
export class ScriptedRedis {
  /** Every command but PING, AUTH and SELECT. */
  readonly events: ReceivedCommand[] = [];
  readonly commands: ReceivedCommand[] = [];
  /** The names that clients have asked for in TLS; '' where they asked for none. */
  readonly servernames: string[] = [];
  /** How often something came. */
  chunks = 0;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  /**
   * Starts one.
   * @param script What it replies. Default: what Redis does.
   * @param certificate With it, it asks for TLS.
   * @returns It, when it listens.
   */
  static async start(script?: Script, certificate?: Certificate): Promise<ScriptedRedis> {
    const server = new ScriptedRedis(certificate);
    server.script = script ?? ((command) => server.usual(command));
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  private constructor(certificate: Certificate | undefined) {
    const accept = (socket: Socket): void => {
      this.#accept(socket);
    };
    this.#server = certificate === undefined ? createServer(accept) : createTlsServer(certificate, accept);
  }

  script: Script = () => undefined;

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** How many sockets are open. */
  get openSockets(): number {
    return this.#sockets.size;
  }

  /** The last value of each command: the event where that is all there is. */
  get values(): string[] {
    return this.events.map((command) => command.at(-1) ?? '');
  }

  /** What Redis replies. */
  usual([name = '']: ReceivedCommand): string {
    switch (name) {
      case 'PING':
        return '+PONG\r\n';
      case 'RPUSH':
      case 'LPUSH':
        return `:${this.events.length}\r\n`;
      case 'XADD':
        return `$${`${this.events.length}-0`.length}\r\n${this.events.length}-0\r\n`;
      default:
        return '+OK\r\n';
    }
  }

  /** Writes to all who are connected. */
  say(text: string): void {
    for (const socket of this.#sockets) {
      socket.write(text, 'latin1');
    }
  }

  /** Closes every socket when all has been written, and listens on. */
  endAll(): void {
    for (const socket of this.#sockets) {
      socket.end();
    }
  }

  /** Closes every socket, and listens on. */
  hangUp(): void {
    for (const socket of this.#sockets) {
      socket.destroy();
    }
  }

  /** Refuses connections and closes every socket. */
  async close(): Promise<void> {
    if (this.#server.listening) {
      const closed = once(this.#server, 'close');
      this.#server.close();
      this.hangUp();
      await closed;
    }
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    const { servername } = socket as Partial<TLSSocket>;
    this.servernames.push(typeof servername === 'string' ? servername : '');
    socket.on('close', () => {
      this.#sockets.delete(socket);
    });
    // A client that goes away is what many specs are about.
    socket.on('error', () => undefined);
    let text = '';
    socket.setEncoding('latin1').on('data', (more: string) => {
      text += more;
      this.chunks++;
      for (let command = firstIn(text); command !== undefined; command = firstIn(text)) {
        text = text.slice(command.length);
        this.#hear(command.parts, socket);
      }
    });
  }

  #hear(command: ReceivedCommand, socket: Socket): void {
    this.commands.push(command);
    if (!['PING', 'AUTH', 'SELECT'].includes(command[0] ?? '')) {
      this.events.push(command);
    }
    const reply = this.script(command, socket);
    if (reply !== undefined && !socket.destroyed) {
      socket.write(reply, 'latin1');
    }
  }
}

/** The first command of what has come, and its length; `undefined` while it is not there as a whole. */
function firstIn(text: string): { readonly parts: ReceivedCommand; readonly length: number } | undefined {
  const head = /^\*(\d+)\r\n/.exec(text);
  if (head === null) {
    return undefined;
  }
  const parts: string[] = [];
  let at = head[0].length;
  while (parts.length < Number(head[1])) {
    const size = /^\$(\d+)\r\n/.exec(text.slice(at, at + 20));
    if (size === null) {
      return undefined;
    }
    const start = at + size[0].length;
    at = start + Number(size[1]) + 2;
    if (at > text.length) {
      return undefined;
    }
    parts.push(text.slice(start, at - 2));
  }
  return { parts, length: at };
}
