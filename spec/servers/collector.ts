/** A collector in this process: it keeps what it was sent, byte for byte. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { freePort } from '../../examples/ship/freePort.js';

/** A POST whose body has come to its end. */
export interface Arrival {
  readonly path: string;
  readonly contentType: string;
  readonly body: Buffer;
}

/** Takes any POST, and is well when asked at any path. */
export class Collector {
  /** What has come, in order; also what was never answered. */
  readonly arrivals: Arrival[] = [];
  /** How many TCP connections were made to it. */
  connections = 0;
  /** How many of the next POSTs it takes without ever answering. */
  hangs = 0;
  private server: Server | undefined;

  private constructor(private readonly port: number) {}

  /** Starts one, on a free port of the loopback interface. */
  static async start(): Promise<Collector> {
    const collector = new Collector(await freePort());
    await collector.start();
    return collector;
  }

  /** `host:port`. */
  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Starts it again after `stop()`, on the same port; what has come before is kept. */
  async start(): Promise<void> {
    const server = createServer((request, response) => {
      this.take(request, response).catch(() => {
        // The sender has gone in the middle of its request.
        response.destroy();
      });
    });
    server.on('connection', () => this.connections++);
    // nginx may be about to use the socket that would be closed.
    server.keepAliveTimeout = 0;
    server.listen(this.port, '127.0.0.1');
    await once(server, 'listening');
    this.server = server;
  }

  /** Closes its port and all sockets. */
  async stop(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (server !== undefined) {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    }
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) {
      chunks.push(chunk);
    }
    if (request.method === 'POST') {
      this.arrivals.push({
        path: request.url ?? '',
        contentType: request.headers['content-type'] ?? '',
        body: Buffer.concat(chunks),
      });
      if (this.hangs > 0) {
        this.hangs--;
        return;
      }
    }
    response.writeHead(204).end();
  }
}
