/** Runs a program in a folder of its own. Both end with this process. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { howToInstall, pathOf, type Program } from './program.js';

/** Milliseconds. */
const patience = 10_000;

/**
 * Starts it.
 * @param program What.
 * @param argsFor Its arguments, for the port and the folder that it gets.
 * @returns Its port, when it can be connected to.
 */
export async function run(
  program: Program,
  argsFor: (port: number, folder: string) => readonly string[],
): Promise<number> {
  const path = pathOf(program);
  if (path === undefined) {
    throw new Error(howToInstall(program));
  }
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), `${program.name}-bench-`));
  const child = spawn(path, argsFor(port, folder), { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4_000);
    });
  }
  process.once('exit', () => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      process.exit(1);
    });
  }
  child.once('exit', () => {
    console.error(`${program.name} has ended:\n${said}`);
    process.exit(1);
  });
  const end = Date.now() + patience;
  while (!(await answers(port))) {
    if (Date.now() > end) {
      throw new Error(`${program.name} does not listen after ${patience} ms:\n${said}`);
    }
    await wait(20);
  }
  return port;
}

/** One that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  return port;
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
