/** The server of lineServerProgram.ts, in a process of its own. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Certificate } from '../connections/certificate.js';
import { freePort } from '../../examples/ship/freePort.js';
import { ServerProcess } from './serverProcess.js';

/** `.js` when this is compiled, `.ts` under tsx. */
const extension = extname(import.meta.url);
const program = fileURLToPath(new URL(`lineServerProgram${extension}`, import.meta.url));

/** What Node needs to run it; found from here, and not from the folder that it works in. */
const options = extension === '.ts' ? ['--import', import.meta.resolve('tsx')] : [];

/** How it is spoken to. */
export interface LineServerConfig {
  readonly framing: 'newline' | 'length';
  /** With it, it speaks TLS, and wants to see a certificate that is signed by this one. */
  readonly certificate?: Certificate;
}

/** A server that answers each event when it is in a file. */
export class LineServer {
  /**
   * Starts one, on a free port of the loopback interface.
   * @param config How it is spoken to.
   * @returns It, as soon as it listens.
   */
  static async start(config: LineServerConfig): Promise<LineServer> {
    const server = new LineServer(config, await freePort());
    try {
      await server.start();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  private readonly process: ServerProcess;

  private constructor(
    private readonly config: LineServerConfig,
    readonly port: number,
  ) {
    const { certificate, framing } = config;
    this.process = new ServerProcess({
      name: 'line-server',
      command: () => [process.execPath, ...options, program, String(port), framing],
      files: certificate === undefined ? {} : { 'cert.pem': certificate.cert, 'key.pem': certificate.key },
      answers: async () => {
        const socket = connect(port, '127.0.0.1');
        await once(socket, 'connect');
        socket.destroy();
        return true;
      },
    });
  }

  /**
   * Where it is.
   * @param port Another port, instead of its own.
   */
  url(port = this.port): string {
    return `${this.config.certificate === undefined ? 'tcp' : 'tls'}://127.0.0.1:${port}`;
  }

  /** Every event that has come, over all its lives. */
  arrived(): Promise<readonly string[]> {
    return Promise.resolve(this.process.read('arrived').split('\n').slice(0, -1));
  }

  freeze(): void {
    this.process.freeze();
  }

  thaw(): void {
    this.process.thaw();
  }

  kill(): Promise<void> {
    return this.process.kill();
  }

  start(): Promise<void> {
    return this.process.start();
  }

  stop(): Promise<void> {
    return this.process.stop();
  }
}
