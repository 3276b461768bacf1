/** A proxy that stands before a collector and does to its connections what networks and servers do. */
import { once } from 'node:events';
import {
  Agent,
  createServer,
  request as requestTo,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

/** What the collector answered. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** A request that has come, and what can be done with it. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly socket: Socket;
  /** Reads the request to its end, and passes it to the collector. */
  readonly forward: () => Promise<Answer>;
  /** Reads half of the body, and passes the head and that half to the collector, which never gets the rest. */
  readonly forwardHalf: () => Promise<void>;
}

/** What the proxy does with each request. */
export type Conduct = (exchange: Exchange) => void | Promise<void>;

/** Passes the request on, and the answer back. */
export const pass: Conduct = async ({ forward, response }) => {
  reply(response, await forward());
};

/**
 * Answers.
 * @param response Where.
 * @param answer What.
 */
export function reply(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, { ...headers, ...(body.length === 0 ? {} : { 'content-length': body.length }) });
  response.end(body);
}

/**
 * Resets a socket.
 *
 * Node's `resetAndDestroy` ends it first, so that a client may see an end. Without that call, the flag that it
 * sets makes of the end a reset.
 */
export function reset(socket: Socket): void {
  Object.assign(socket, { resetAndClosing: true }).destroy();
}

/** How often a port that is taken for a moment is tried again, and how long to wait in between, in milliseconds. */
const tries = 100;
const period = 20;

/** One proxy, on a port of its own which it keeps. */
export class FaultProxy {
  /** What happens to requests from now on. */
  conduct: Conduct = pass;
  private readonly sockets = new Set<Socket>();
  private readonly frozen = new WeakSet<Socket>();
  private readonly agent = new Agent({ keepAlive: true });
  private readonly server = createServer((request, response) => {
    void this.exchange(request, response);
  });
  private port = 0;

  /**
   * Starts one.
   * @param target The collector's URL; asked for each request.
   */
  static async start(target: () => string): Promise<FaultProxy> {
    const proxy = new FaultProxy(target);
    await proxy.listen();
    return proxy;
  }

  private constructor(private readonly target: () => string) {
    // Nothing but a fault closes a socket.
    this.server.keepAliveTimeout = 0;
    this.server.requestTimeout = 0;
    this.server.headersTimeout = 0;
    this.server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.on('close', () => {
        this.sockets.delete(socket);
      });
      // A sender that goes away is what many faults lead to.
      socket.on('error', () => undefined);
    });
  }

  /** Its port on 127.0.0.1. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Resets every socket, and refuses new ones. */
  refuse(): void {
    this.server.close();
    this.reset();
  }

  /** Resets every socket; new ones are welcome. */
  reset(): void {
    for (const socket of this.sockets) {
      reset(socket);
    }
  }

  /** Listens again. */
  async listen(): Promise<void> {
    for (let left = tries; ; left--) {
      try {
        this.server.listen(this.port, '127.0.0.1');
        await once(this.server, 'listening');
        break;
      } catch (error) {
        // For a moment the port may be the near end of somebody's outgoing connection.
        if (left === 0) {
          throw error;
        }
        await sleep(period);
      }
    }
    this.port = (this.server.address() as AddressInfo).port;
  }

  /** The other end of each socket is gone and has not said so: what comes over it is not answered any more. */
  freeze(): void {
    for (const socket of this.sockets) {
      this.frozen.add(socket);
    }
  }

  /** Ends the near half of each socket: it still takes, and can answer no more. */
  halfClose(): void {
    for (const socket of this.sockets) {
      socket.end();
    }
  }

  /** Ends it. */
  close(): void {
    this.refuse();
    this.agent.destroy();
  }

  private async exchange(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket } = request;
    const forward = async (): Promise<Answer> => {
      const body = await buffer(request);
      const answer = await this.forwarded(request, body);
      if (this.frozen.has(socket)) {
        await new Promise(() => undefined);
      }
      return answer;
    };
    const forwardHalf = async (): Promise<void> => {
      const [chunk] = (await once(request, 'data')) as [Buffer];
      const half = chunk.subarray(0, Math.floor(chunk.length / 2));
      const { method, headers } = request;
      const passed = requestTo(this.target() + (request.url ?? ''), { method, headers, agent: false });
      passed.on('error', () => undefined);
      await new Promise((resolve) => passed.write(half, resolve));
      // Long enough for the collector to have it.
      await sleep(period);
      passed.destroy();
    };
    try {
      if (!this.frozen.has(socket)) {
        await this.conduct({ request, response, socket, forward, forwardHalf });
      }
    } catch {
      // The collector is gone, or the sender.
      reset(socket);
    }
  }

  private async forwarded(request: IncomingMessage, body: Buffer): Promise<Answer> {
    const { method, headers, url = '' } = request;
    const passed = requestTo(this.target() + url, { method, headers, agent: this.agent });
    passed.end(body);
    const [answer] = (await once(passed, 'response')) as [IncomingMessage];
    const { statusCode: status = 0, headers: said } = answer;
    const type = said['content-type'];
    const after = said['retry-after'];
    return {
      status,
      headers: {
        ...(type === undefined ? {} : { 'content-type': type }),
        ...(after === undefined ? {} : { 'retry-after': after }),
      },
      body: await buffer(answer),
    };
  }
}
