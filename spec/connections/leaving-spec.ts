/** A program that has left its httpConnection ends by itself: no socket and no timer keeps it alive. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { BlackHole } from './blackHole.js';
import { certificateFor } from './certificate.js';
import { closedAfterEach } from './closedAfterEach.js';
import { RawServer } from './rawServer.js';
import { ScriptedServer, silence } from './scriptedServer.js';
import { until } from '../until.js';

/** `.js` when this is compiled, `.ts` under tsx. */
const program = fileURLToPath(new URL(`leavingProgram${extname(import.meta.url)}`, import.meta.url));

describe('a program that leaves an httpConnection', function () {
  this.timeout(60_000);
  const keep = closedAfterEach();

  /** Runs the program, tells it to leave when it is time, and gives what it has printed when it has ended. */
  const runWith = async (
    args: readonly string[],
    isTime: (text: string) => boolean | Promise<boolean>,
  ): Promise<string[]> => {
    const child = spawn(process.execPath, [...process.execArgv, program, ...args], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    keep({
      close: () => {
        child.kill('SIGKILL');
      },
    });
    let text = '';
    let impatience: NodeJS.Timeout | undefined;
    child.stdout?.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      if (text.includes('left')) {
        // Enough for any machine to come to the end, and less than the time that undici has for connecting.
        impatience ??= setTimeout(() => child.kill('SIGKILL'), 6_000);
      }
    });
    const closed = once(child, 'close') as Promise<[number | null, string | null]>;
    await until('the time to leave', () => isTime(text));
    child.send('leave');
    const end = await closed;
    clearTimeout(impatience);
    expect(end, text).to.deep.equal([0, null]);
    return text.trim().split('\n');
  };

  const hasDelivered = (text: string): boolean => text.split('delivered').length === 4;

  /** Where there is nothing to see. */
  const aWhileAfterItsBeginning = async (text: string): Promise<boolean> => {
    const hasBegun = text !== '';
    await sleep(hasBegun ? 1_000 : 0);
    return hasBegun;
  };

  const left = ['begun', 'left'];
  const deliveredAndLeft = ['begun', 'delivered', 'delivered', 'delivered', 'left'];

  it('should end after it has delivered', async () => {
    const server = keep(await ScriptedServer.start());
    expect(await runWith([server.origin], hasDelivered)).to.deep.equal(deliveredAndLeft);
  });

  it('should end after it has delivered over TLS', async () => {
    const server = keep(await ScriptedServer.start(() => 200, { tls: await certificateFor('server') }));
    expect(await runWith([server.origin], hasDelivered)).to.deep.equal(deliveredAndLeft);
  });

  it('should end while it waits for an answer', async () => {
    const server = keep(await ScriptedServer.start(() => silence));
    expect(await runWith([server.origin], () => server.posts.length === 3)).to.deep.equal(left);
    expect(server.posts).to.have.length(3);
  });

  it('should end between checks of health', async () => {
    const server = keep(await ScriptedServer.start());
    const isTime = (text: string) => hasDelivered(text) && server.checks.length >= 2;
    expect(await runWith([server.origin, '/'], isTime)).to.deep.equal(deliveredAndLeft);
  });

  it('should end during a check of health', async () => {
    const server = keep(await ScriptedServer.start(() => silence));
    expect(await runWith([server.origin, '/'], () => server.checks.length === 1)).to.deep.equal(left);
    expect(server.checks).to.have.length(1);
  });

  it('should end while it waits to try again', async () => {
    const server = await ScriptedServer.start();
    await server.close();
    expect(await runWith([server.origin], aWhileAfterItsBeginning)).to.deep.equal(left);
  });

  it('should end while a socket is connecting to a black hole', async () => {
    const { port } = keep(await BlackHole.start());
    for (const args of [[`http://127.0.0.1:${port}/`], [`https://127.0.0.1:${port}/`, '/']]) {
      expect(await runWith(args, aWhileAfterItsBeginning)).to.deep.equal(left);
    }
  });

  it('should end while TLS is not answered', async () => {
    const server = keep(await RawServer.start(() => undefined));
    const url = server.origin.replace('http:', 'https:');
    for (const args of [[url], [url, '/']]) {
      expect(await runWith(args, () => server.busySockets > 0)).to.deep.equal(left);
      await until('the sockets to be closed', () => server.openSockets === 0);
    }
  });
});
