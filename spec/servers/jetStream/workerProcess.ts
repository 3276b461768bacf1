/** The worker of workerProgram.ts: it can be frozen and killed. */
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NatsServer } from '../natsServer.js';
import { ServerProcess } from '../serverProcess.js';

/** `.js` when this is compiled, `.ts` under tsx. */
const extension = extname(import.meta.url);
const program = fileURLToPath(new URL(`workerProgram${extension}`, import.meta.url));

/** What Node needs to run it; found from here, and not from the folder that it works in. */
const options = extension === '.ts' ? ['--import', import.meta.resolve('tsx')] : [];

/** A worker in a process of its own. */
export class WorkerProcess extends ServerProcess {
  /**
   * Starts one.
   * @param server Where its stream is.
   * @param lasts How long its sends last, in milliseconds.
   */
  static async start(server: NatsServer, lasts: number | 'never'): Promise<WorkerProcess> {
    return new WorkerProcess(server, lasts).begun();
  }

  private constructor(server: NatsServer, lasts: number | 'never') {
    super({
      name: 'worker',
      command: () => [process.execPath, ...options, program, String(server.port), String(lasts)],
      answers: () => Promise.resolve(this.read('state') !== ''),
    });
  }

  /** What it has taken where it should go, in order. */
  get delivered(): string[] {
    return this.linesOf('delivered');
  }

  /** What has its outcome. */
  get outcomes(): string[] {
    return this.linesOf('outcomes');
  }

  private linesOf(file: string): string[] {
    return this.read(file).split('\n').slice(0, -1);
  }
}
