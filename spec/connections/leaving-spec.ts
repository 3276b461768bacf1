/** A program that has left its httpConnection ends by itself: no socket and no timer keeps it alive. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { BlackHole } from './blackHole.js';
import { certificateFor } from './certificate.js';
import { closedAfterEach } from './closedAfterEach.js';
import { RawServer } from './rawServer.js';
import { ScriptedServer, silence } from './scriptedServer.js';

/** `.js` when this is compiled, `.ts` under tsx. */
const program = fileURLToPath(new URL(`leavingProgram${extname(import.meta.url)}`, import.meta.url));

describe('a program that leaves an httpConnection', function () {
  this.timeout(60_000);
  const keep = closedAfterEach();

  /** Runs the program, and gives what it has printed when it has ended. */
  const runWith = async (...args: readonly string[]): Promise<string[]> => {
    const child = spawn(process.execPath, [...process.execArgv, program, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    keep({
      close: () => {
        child.kill('SIGKILL');
      },
    });
    let text = '';
    let impatience: NodeJS.Timeout | undefined;
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      if (text.includes('left')) {
        // Enough for any machine to come to the end, and less than the time that undici has for connecting.
        impatience ??= setTimeout(() => child.kill('SIGKILL'), 6_000);
      }
    });
    const end = (await once(child, 'close')) as [number | null, string | null];
    clearTimeout(impatience);
    expect(end, text).to.deep.equal([0, null]);
    return text.trim().split('\n');
  };

  it('should end after it has delivered', async () => {
    const server = keep(await ScriptedServer.start());
    expect(await runWith(server.origin)).to.deep.equal(['delivered', 'delivered', 'delivered', 'left']);
  });

  it('should end after it has delivered over TLS', async () => {
    const server = keep(await ScriptedServer.start(() => 200, { tls: await certificateFor('server') }));
    expect(await runWith(server.origin)).to.deep.equal(['delivered', 'delivered', 'delivered', 'left']);
  });

  it('should end while it waits for an answer', async () => {
    const server = keep(await ScriptedServer.start(() => silence));
    expect(await runWith(server.origin)).to.deep.equal(['left']);
    expect(server.posts).to.have.length(3);
  });

  it('should end between checks of health', async () => {
    const server = keep(await ScriptedServer.start());
    expect(await runWith(server.origin, '/')).to.deep.equal(['delivered', 'delivered', 'delivered', 'left']);
    expect(server.checks.length).to.be.at.least(2);
  });

  it('should end during a check of health', async () => {
    const server = keep(await ScriptedServer.start(() => silence));
    expect(await runWith(server.origin, '/')).to.deep.equal(['left']);
    expect(server.checks).to.have.length(1);
  });

  it('should end while it waits to try again', async () => {
    const server = await ScriptedServer.start();
    await server.close();
    expect(await runWith(server.origin)).to.deep.equal(['left']);
  });

  it('should end while a socket is connecting to a black hole', async () => {
    const { port } = keep(await BlackHole.start());
    expect(await runWith(`http://127.0.0.1:${port}/`)).to.deep.equal(['left']);
    expect(await runWith(`https://127.0.0.1:${port}/`, '/')).to.deep.equal(['left']);
  });

  it('should end while TLS is not answered', async () => {
    const server = keep(await RawServer.start(() => undefined));
    const url = server.origin.replace('http:', 'https:');
    expect(await runWith(url)).to.deep.equal(['left']);
    expect(await runWith(url, '/')).to.deep.equal(['left']);
    expect(server.openSockets).to.equal(0);
  });
});
