/** A server of WebSockets whose answer to each message is said by a spec. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import {
  WebSocketServer,
  type RawData,
  type ServerOptions as WebSocketServerOptions,
  type WebSocket,
} from 'ws';

/** Handles a message. */
export type MessageScript = (socket: WebSocket, message: string) => void;

/** Answers everything with success. */
export const acknowledge: MessageScript = (socket, message) => {
  const { id } = JSON.parse(message) as { readonly id: number };
  socket.send(`{"id":${id}}`);
};

/** One, on a port of its own. */
export class ScriptedWebSocketServer {
  /** Every message that came, in order. */
  readonly messages: string[] = [];
  /** Of each request for a socket. */
  readonly headers: IncomingHttpHeaders[] = [];
  /** The open sockets. */
  readonly sockets: ReadonlySet<WebSocket>;
  readonly #http: Server;
  readonly #server: WebSocketServer;

  /**
   * Starts one.
   * @param script What it does with a message. Default: it acknowledges.
   * @param options Of ws.
   * @param tls With it, it speaks TLS.
   */
  static async start(
    script: MessageScript = acknowledge,
    options: WebSocketServerOptions = {},
    tls?: ServerOptions,
  ): Promise<ScriptedWebSocketServer> {
    const server = new ScriptedWebSocketServer(script, options, tls);
    server.#http.listen(0, '127.0.0.1');
    await once(server.#http, 'listening');
    return server;
  }

  private constructor(
    script: MessageScript,
    options: WebSocketServerOptions,
    private readonly tls: ServerOptions | undefined,
  ) {
    this.#http = tls === undefined ? createServer() : createTlsServer(tls);
    this.#server = new WebSocketServer({ ...options, server: this.#http });
    this.sockets = this.#server.clients;
    this.#server.on('connection', (socket: WebSocket, { headers }: IncomingMessage) => {
      this.headers.push(headers);
      // A client that goes away is what some specs are about.
      socket.on('error', () => undefined);
      socket.on('message', (data: RawData) => {
        const message = (data as Buffer).toString();
        this.messages.push(message);
        script(socket, message);
      });
    });
  }

  /** `host:port`. */
  get host(): string {
    return `127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  /** `ws://host:port`. */
  get origin(): string {
    return `${this.tls === undefined ? 'ws' : 'wss'}://${this.host}`;
  }

  /** Closes everything. */
  async close(): Promise<void> {
    const closed = once(this.#http, 'close');
    this.#http.close();
    for (const socket of this.sockets) {
      socket.terminate();
    }
    this.#http.closeAllConnections();
    await closed;
  }
}
