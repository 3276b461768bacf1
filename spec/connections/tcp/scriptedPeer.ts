/** The other end of a `tcpConnection`: a spec says what it answers to each frame, or has a socket by itself. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';

/** What is answered to a frame; `undefined`: nothing. */
export type Answer = string | Uint8Array | undefined;

/** How a peer listens and talks. */
export interface PeerOptions {
  /** The answer to a frame. Default: `ok`. */
  readonly answer?: (frame: string, socket: Socket) => Answer | Promise<Answer>;
  /** Called with every socket at once. Default: nothing happens. */
  readonly greet?: (socket: Socket) => void;
  readonly framing?: 'newline' | 'length';
  /** With it, the peer speaks TLS. */
  readonly tls?: TlsOptions;
  /** Whether it goes on when the other side has ended. Default: no. */
  readonly allowHalfOpen?: boolean;
}

/** Bytes as a frame behind their length. */
export function withLength(body: string | Uint8Array): Buffer {
  const bytes = Buffer.from(body);
  const header = Buffer.alloc(4);
  header.writeUInt32BE(bytes.length);
  return Buffer.concat([header, bytes]);
}

/** A server on a port of its own. */
export class ScriptedPeer {
  /** Every frame that has come, as text, in order. */
  readonly frames: string[] = [];
  /** What came, as it came: one for each chunk. */
  readonly chunks: Buffer[] = [];
  /** Every socket that was ever accepted. */
  readonly sockets: Socket[] = [];
  readonly #server: Server;
  #port = 0;

  /**
   * Starts one.
   * @param options How it listens and talks.
   * @returns It, when it listens.
   */
  static async start(options: PeerOptions = {}): Promise<ScriptedPeer> {
    const peer = new ScriptedPeer(options);
    await peer.listen();
    return peer;
  }

  private constructor(private readonly options: PeerOptions) {
    const accept = (socket: Socket): void => {
      this.#accept(socket);
    };
    const { tls, allowHalfOpen = false } = options;
    this.#server =
      tls === undefined
        ? createServer({ allowHalfOpen }, accept)
        : createTlsServer({ ...tls, allowHalfOpen }, accept);
  }

  /** `host:port`. */
  get host(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** Where it is. */
  get url(): string {
    return `${this.options.tls === undefined ? 'tcp' : 'tls'}://${this.host}`;
  }

  /** How many sockets are open. */
  get openSockets(): number {
    return this.sockets.filter(({ destroyed }) => !destroyed).length;
  }

  /** The socket that was accepted last. */
  get socket(): Socket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) {
      throw new Error('nobody has connected');
    }
    return socket;
  }

  /** Listens, on the same port as before. */
  async listen(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** As a process that is killed: refuses connections, closes every socket. It can `listen` again. */
  async close(): Promise<void> {
    if (this.#server.listening) {
      const closed = once(this.#server, 'close');
      this.#server.close();
      for (const socket of this.sockets) {
        socket.destroy();
      }
      await closed;
    }
  }

  #accept(socket: Socket): void {
    this.sockets.push(socket);
    // A client that goes away is what many specs are about.
    socket.on('error', () => undefined);
    this.options.greet?.(socket);
    let rest: Buffer = Buffer.alloc(0);
    let done = Promise.resolve();
    socket.on('data', (bytes) => {
      this.chunks.push(bytes);
      const { frames, left } = this.#framesIn(Buffer.concat([rest, bytes]));
      rest = left;
      for (const frame of frames) {
        this.frames.push(frame);
        // Whatever an answer waits for, they keep their order.
        done = done.then(() => this.#reply(frame, socket));
      }
    });
  }

  async #reply(frame: string, socket: Socket): Promise<void> {
    const { answer = () => 'ok', framing } = this.options;
    const said = await answer(frame, socket);
    if (said !== undefined && !socket.destroyed) {
      socket.write(
        framing === 'length' ? withLength(said) : Buffer.concat([Buffer.from(said), Buffer.from('\n')]),
      );
    }
  }

  #framesIn(bytes: Buffer): { frames: string[]; left: Buffer } {
    const frames: string[] = [];
    let at = 0;
    for (;;) {
      const isLength = this.options.framing === 'length';
      const start = isLength ? at + 4 : at;
      const end = isLength
        ? bytes.length < start
          ? -1
          : start + bytes.readUInt32BE(at)
        : bytes.indexOf('\n', at);
      if (end === -1 || end > bytes.length) {
        return { frames, left: bytes.subarray(at) };
      }
      frames.push(bytes.toString('utf8', start, end));
      at = isLength ? end : end + 1;
    }
  }
}
