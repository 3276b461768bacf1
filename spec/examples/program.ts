/** The real program as a child process. */
import { spawn, type ChildProcess } from 'node:child_process';
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
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

/** What has not ended yet. */
const running = new Set<ChildProcess>();

// A spec that fails waits for nothing.
afterEach(() => {
  for (const child of running) {
    child.kill('SIGKILL');
  }
  running.clear();
});

/**
 * Starts an example, in a process group of its own.
 * @param script What a shell does instead of running `"$@"` alone, with redirections for example.
 */
export function start(
  name: 'ship' | 'collector',
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  script?: string,
) {
  const program = fileURLToPath(new URL(`../../examples/${name}${extension}`, import.meta.url));
  const command = [process.execPath, ...process.execArgv, program, ...args] as const;
  const [first, ...rest] =
    script === undefined ? command : (['bash', '-c', script, 'bash', ...command] as const);
  const child = spawn(first, rest, {
    detached: true,
    env: { ...quietEnvironment, ...environment },
  });
  running.add(child);
  const texts = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.err += text));
  // Whoever has ended reads no more of what a spec writes to it.
  child.stdin.on('error', () => undefined);
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
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
      const [code, signal] = await closed;
      running.delete(child);
      return { code, signal, ...texts };
    },
  };
}

/** Runs an example to its end. */
export function run(
  name: 'ship' | 'collector',
  args: readonly string[],
  {
    input = '',
    environment = {},
    script,
  }: { input?: string; environment?: Readonly<Record<string, string>>; script?: string } = {},
): Promise<Ended> {
  const { child, end } = start(name, args, environment, script);
  child.stdin.end(input);
  return end();
}

/** Waits until something is so. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) {
    await sleep(20);
  }
}
