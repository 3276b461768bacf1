/** A server that takes its time, counts the lines that it takes, and keeps nothing. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** The end of a line. */
const lineFeed = 10;

/** One server. */
export class SlowServer {
  /** How many lines it has taken. */
  lines = 0;
  private readonly server = createServer((request, response) => {
    request.on('data', (bytes: Buffer) => {
      for (let at = bytes.indexOf(lineFeed); at >= 0; at = bytes.indexOf(lineFeed, at + 1)) {
        this.lines += this.isBusy ? 0 : 1;
      }
    });
    request.on('end', () => {
      void sleep(this.time).then(() => {
        response.writeHead(this.isBusy ? 503 : 200, { 'retry-after': '0' }).end();
      });
    });
  });

  private constructor(
    private readonly time: number,
    private readonly isBusy: boolean,
  ) {}

  /**
   * Starts one.
   * @param time How long an answer takes, in milliseconds.
   * @param isBusy Whether it takes nothing, and wants to be asked again at once.
   */
  static async start(time: number, isBusy = false): Promise<SlowServer> {
    const slow = new SlowServer(time, isBusy);
    slow.server.listen(0, '127.0.0.1');
    await once(slow.server, 'listening');
    return slow;
  }

  /** Where it listens. */
  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Ends it. */
  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}
