/** An HTTP or HTTPS server whose answer to each request is said by a spec, and which writes down what it got. */
import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

/** A request that arrived whole. */
export interface ReceivedRequest {
  readonly method: string;
  /** Path and query, as they came. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The body as text. */
  readonly text: string;
  /** Which socket it came over, from 1 in the order of their arrival. */
  readonly socket: number;
  /** Whether its socket was closed before the answer was complete. */
  cancelled: boolean;
}

/** What a request is answered with. */
export interface ScriptedAnswer {
  /** Default 200. */
  readonly status?: number;
  /** The reason phrase. Default: the usual one. */
  readonly reason?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Uint8Array;
  /** Whether the server adds a `Date` header. Default true. */
  readonly dated?: boolean;
  /** Whether the answer stays without its end: headers and body are sent, and the server waits. */
  readonly unfinished?: boolean;
}

/** Says the answer to a request; a number is a status without a body. */
export type Script = (request: ReceivedRequest) => number | ScriptedAnswer | Promise<number | ScriptedAnswer>;

/** An answer that never comes. */
export const silence = new Promise<never>(() => undefined);

/** How the server listens and closes. */
export interface ScriptedServerOptions {
  /** With it, the server speaks TLS. */
  readonly tls?: ServerOptions;
  /** After how many idle milliseconds it closes a socket. Default: never. */
  readonly keepAliveTimeout?: number;
}

/** A socket, and what came over it. */
interface Seen {
  readonly socket: Socket;
  requests: number;
}

/** A server on a port of its own. */
export class ScriptedServer {
  /** Every request that arrived whole, in order. */
  readonly requests: ReceivedRequest[] = [];
  /** How many requests wait for their answer. */
  inFlight = 0;
  /** The most there were at one time. */
  mostInFlight = 0;
  /** Every socket that was ever accepted. */
  readonly #seen: Seen[] = [];
  readonly #server: Server;
  #port = 0;

  /**
   * Starts one.
   * @param script The answers. Default: 200 to everything.
   * @param options How it listens.
   * @returns The server, when it listens.
   */
  static async start(
    script: Script = () => 200,
    options: ScriptedServerOptions = {},
  ): Promise<ScriptedServer> {
    const server = new ScriptedServer(script, options);
    await server.listen();
    return server;
  }

  private constructor(
    private readonly script: Script,
    private readonly options: ScriptedServerOptions,
  ) {
    const handle = (request: IncomingMessage, response: ServerResponse): void => {
      void this.#take(request, response);
    };
    const { tls, keepAliveTimeout = 0 } = options;
    this.#server = tls === undefined ? createServer(handle) : createTlsServer(tls, handle);
    this.#server.keepAliveTimeout = keepAliveTimeout;
    this.#server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
      this.#seen.push({ socket, requests: 0 });
      // A client that goes away is what many specs are about.
      socket.on('error', () => undefined);
    });
  }

  /** `host:port`. */
  get host(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** Its origin: scheme, host and port. */
  get origin(): string {
    return `${this.options.tls === undefined ? 'http' : 'https'}://${this.host}`;
  }

  /** The requests that carry events. */
  get posts(): readonly ReceivedRequest[] {
    return this.requests.filter(({ method }) => method === 'POST');
  }

  /** The health checks. */
  get checks(): readonly ReceivedRequest[] {
    return this.requests.filter(({ method }) => method === 'GET');
  }

  /** How many sockets were ever accepted. */
  get sockets(): number {
    return this.#seen.length;
  }

  /** How many sockets are open. */
  get openSockets(): number {
    return this.#seen.filter(({ socket }) => !socket.destroyed).length;
  }

  /** How many sockets carried no request. */
  get silentSockets(): number {
    return this.#seen.filter(({ requests }) => requests === 0).length;
  }

  /** How many bytes were taken by the other sides, or wait to be. */
  get bytesWritten(): number {
    return this.#seen.reduce((sum, { socket }) => sum + socket.bytesWritten, 0);
  }

  /** Listens, on the same port as before. */
  async listen(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Closes every socket, as a server does that is killed; it goes on listening. */
  hangUp(): void {
    for (const { socket } of this.#seen) {
      socket.destroy();
    }
  }

  /** As a process that is killed: refuses connections, closes every socket. It can `listen` again. */
  async close(): Promise<void> {
    if (this.#server.listening) {
      const closed = once(this.#server, 'close');
      this.#server.close();
      this.hangUp();
      await closed;
    }
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const index = this.#seen.findIndex(({ socket }) => socket === request.socket);
    const seen = this.#seen[index];
    if (seen !== undefined) {
      seen.requests++;
    }
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) {
        chunks.push(chunk as Buffer);
      }
    } catch {
      return; // It was cancelled before it was whole.
    }
    const body = Buffer.concat(chunks);
    const { method = '', url: path = '', headers } = request;
    const socket = index + 1;
    const received = { method, path, headers, body, text: body.toString(), socket, cancelled: false };
    this.requests.push(received);
    this.mostInFlight = Math.max(this.mostInFlight, ++this.inFlight);
    response.on('close', () => {
      this.inFlight--;
      received.cancelled = !response.writableFinished;
    });
    const answer = await this.script(received);
    this.#answer(response, typeof answer === 'number' ? { status: answer } : answer);
  }

  #answer(response: ServerResponse, answer: ScriptedAnswer): void {
    const { status = 200, reason, headers = {}, body, dated = true, unfinished = false } = answer;
    response.sendDate = dated;
    if (reason === undefined) {
      response.writeHead(status, headers);
    } else {
      response.writeHead(status, reason, headers);
    }
    if (unfinished) {
      response.write(body);
    } else {
      response.end(body);
    }
  }
}
