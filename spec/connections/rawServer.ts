/** A TCP server that knows nothing of HTTP: a spec says what it does with each socket that sends something. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

/** Handles a socket over which something came for the first time. */
export type SocketHandler = (socket: Socket, nth: number) => void;

/** A hostile server, on a port of its own. */
export class RawServer {
  /** What came over each socket, as latin1, in the order of their arrival; '' for those that only connected. */
  readonly received: string[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((socket) => {
    this.#accept(socket);
  });
  #spoken = 0;

  /**
   * Starts one.
   * @param handle Called with a socket when its first bytes have come, and with which one that is, from 1.
   * @param greet Called with every socket at once. Default: nothing happens.
   * @returns The server, when it listens.
   */
  static async start(handle: SocketHandler, greet?: (socket: Socket) => void): Promise<RawServer> {
    const server = new RawServer(handle, greet);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  private constructor(
    private readonly handle: SocketHandler,
    private readonly greet?: (socket: Socket) => void,
  ) {}

  /** `http://host:port`. */
  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Everything that was ever sent to it. */
  get everything(): string {
    return this.received.join('');
  }

  /** How many sockets are open. */
  get openSockets(): number {
    return this.#sockets.size;
  }

  /** How many sockets are open over which something came. */
  get busySockets(): number {
    return [...this.#sockets].filter(({ bytesRead }) => bytesRead > 0).length;
  }

  /** Refuses connections and closes every socket. */
  async close(): Promise<void> {
    if (this.#server.listening) {
      const closed = once(this.#server, 'close');
      this.#server.close();
      for (const socket of this.#sockets) {
        socket.destroy();
      }
      await closed;
    }
  }

  #accept(socket: Socket): void {
    const index = this.received.push('') - 1;
    this.#sockets.add(socket);
    socket.on('close', () => {
      this.#sockets.delete(socket);
    });
    // A client that goes away is what many specs are about.
    socket.on('error', () => undefined);
    this.greet?.(socket);
    socket.once('data', () => {
      this.handle(socket, ++this.#spoken);
    });
    socket.on('data', (bytes) => {
      this.received[index] = `${this.received[index] ?? ''}${bytes.toString('latin1')}`;
    });
  }
}

/**
 * Writes for ever, as fast as the other side reads.
 * @param socket Where to.
 * @param chunk What.
 */
export function writeForEver(socket: Socket, chunk: string | Uint8Array): void {
  const more = (): void => {
    while (!socket.destroyed && socket.write(chunk));
  };
  socket.on('drain', more);
  more();
}
