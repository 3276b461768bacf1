/** An address that neither accepts nor refuses: whoever connects to it waits. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Listens, and then never does anything again: the system accepts for it until its backlog is full. */
const stuckServer = `
const server = require('node:net').createServer();
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  require('node:fs').writeSync(1, String(server.address().port));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});`;

/** A port whose backlog is full. */
export class BlackHole {
  private constructor(
    private readonly child: ChildProcess,
    private readonly sockets: readonly Socket[],
    /** Its port on 127.0.0.1. */
    readonly port: number,
  ) {}

  /**
   * Starts one.
   * @returns It, when nobody can connect to it any more.
   */
  static async start(): Promise<BlackHole> {
    const child = spawn(process.execPath, ['-e', stuckServer], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [text] = (await once(child.stdout, 'data')) as [Buffer];
    const port = Number(text.toString());
    const sockets: Socket[] = [];
    // One that is not accepted within this time is in the hole; were it only slow, it would help to fill it.
    for (let accepted = true; accepted;) {
      const socket = connect(port, '127.0.0.1').on('error', () => undefined);
      sockets.push(socket);
      await Promise.race([once(socket, 'connect'), sleep(500)]);
      // Where this process stood still, it is to hear of what came meanwhile.
      await sleep(10);
      accepted = !socket.connecting;
    }
    return new BlackHole(child, sockets, port);
  }

  /** Ends it. */
  close(): void {
    this.child.kill('SIGKILL');
    for (const socket of this.sockets) {
      socket.destroy();
    }
  }
}
