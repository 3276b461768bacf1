/** Stands between a connection and its peer, and can break what goes through it. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** It knows nothing of what it passes on. */
export class Relay {
  readonly #sockets: Socket[] = [];
  readonly #server;

  /**
   * Starts one, on a free port.
   * @param port Where it leads, on 127.0.0.1.
   */
  static async start(port: number): Promise<Relay> {
    const relay = new Relay(port);
    relay.#server.listen(0, '127.0.0.1');
    await once(relay.#server, 'listening');
    return relay;
  }

  private constructor(port: number) {
    this.#server = createServer((socket) => {
      const further = connect(port, '127.0.0.1');
      for (const end of [socket, further]) {
        end.on('error', () => undefined);
      }
      this.#sockets.push(socket, further);
      socket.pipe(further).pipe(socket);
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Breaks all connections, as a machine does that has forgotten them. */
  reset(): void {
    for (const socket of this.#sockets.splice(0)) {
      socket.resetAndDestroy();
    }
  }

  /** Ends it. */
  close(): void {
    this.#server.close();
    this.reset();
  }
}
