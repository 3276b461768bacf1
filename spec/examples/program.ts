/** The real program as a child process. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { quietEnvironment } from '../package/packed.js';

/** `.js` when this is compiled, `.ts` under tsx. */
const extension = extname(import.meta.url);

/** How it ended, and what it wrote. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Starts an example, in a process group of its own. */
export function start(
  name: 'ship' | 'collector',
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
) {
  const program = fileURLToPath(new URL(`../../examples/${name}${extension}`, import.meta.url));
  const child = spawn(process.execPath, [...process.execArgv, program, ...args], {
    detached: true,
    env: { ...quietEnvironment, ...environment },
  });
  const texts = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.err += text));
  // Whoever has ended reads no more of what a spec writes to it.
  child.stdin.on('error', () => undefined);
  const closed = once(child, 'close') as Promise<[number | null]>;
  return {
    child,
    pid: child.pid ?? NaN,
    texts,
    /** Waits until what it has written matches. */
    wrote: async (to: 'out' | 'err', text: RegExp): Promise<void> => {
      await until(() => {
        expect(child.exitCode, texts.out + texts.err).to.equal(null);
        return text.test(texts[to]);
      });
    },
    end: async (): Promise<Ended> => {
      const [code] = await closed;
      return { code, ...texts };
    },
  };
}

/** Runs an example to its end. */
export function run(
  name: 'ship' | 'collector',
  args: readonly string[],
  { input = '', environment = {} }: { input?: string; environment?: Readonly<Record<string, string>> } = {},
): Promise<Ended> {
  const { child, end } = start(name, args, environment);
  child.stdin.end(input);
  return end();
}

/** Waits until something is so. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) {
    await sleep(20);
  }
}
