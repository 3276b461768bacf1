/** A pipe to a TCP server that can swallow what the server says, and break: what was said is lost with it. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** One, on a port of its own. */
export class LossyPipe {
  /** Whether what the server says is swallowed. */
  swallows = false;
  /** How many bytes have been swallowed. */
  swallowed = 0;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((near) => {
    const far = connect(this.port, '127.0.0.1');
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket.setNoDelay();
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far);
    far.on('data', (bytes) => {
      if (this.swallows) {
        this.swallowed += bytes.length;
      } else {
        near.write(bytes);
      }
    });
  });

  /**
   * Lays one.
   * @param port Where it leads.
   */
  static async start(port: number): Promise<LossyPipe> {
    const pipe = new LossyPipe(port);
    pipe.#server.listen(0, '127.0.0.1');
    await once(pipe.#server, 'listening');
    return pipe;
  }

  private constructor(private readonly port: number) {}

  /** Where it begins. */
  get entrance(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** It breaks, and is whole again for those who come next. */
  break(): void {
    this.swallows = false;
    for (const socket of this.#sockets) {
      socket.destroy();
    }
  }

  /** There is no pipe any more. */
  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.break();
    await closed;
  }
}
