/** A server of WebSockets in a process and a folder of its own. */
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../examples/ship/freePort.js';
import { ServerProcess } from './serverProcess.js';

/** `.js` when this is compiled, `.ts` under tsx, which is not to be found from the folder of the server. */
const extension = extname(import.meta.url);
const program = fileURLToPath(new URL(`webSocketServerProgram${extension}`, import.meta.url));
const loader = extension === '.ts' ? ['--import', import.meta.resolve('tsx')] : [];

/** It wants the password "open sesame" of ship-user, or `?token=open-sesame`. */
export class WebSocketServerProcess extends ServerProcess {
  /** Starts one. */
  static async start(): Promise<WebSocketServerProcess> {
    return new WebSocketServerProcess(await freePort()).begun();
  }

  private constructor(readonly port: number) {
    super({
      name: 'web-socket-server',
      command: (folder) => [process.execPath, ...loader, program, String(port), `${folder}/events`],
      // It tells those who do not ask for a WebSocket to do so.
      answers: async () => (await fetch(`http://127.0.0.1:${port}`)).status === 426,
    });
  }

  /** Every event that has arrived, in order. */
  arrived(): Promise<string[]> {
    const lines = this.read('events').split('\n').slice(0, -1);
    return Promise.resolve(lines.map((line) => JSON.parse(line) as string));
  }
}
