/** The worker of examples/recipes/redisStream.ts in a process of its own: the recipe as it is, with a `ship` that is told what to do. */
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import ts from 'typescript';
import { root, textOf } from '../readme/blocks.js';
import { until } from '../until.js';
import type { RedisServer } from './redisServer.js';
import { ServerProcess } from './serverProcess.js';

/** What a worker does with everything that it is to send; `as told` is what the field `how` of the entry says. */
export type Conduct = 'delivers' | 'dies' | 'hangs' | 'as told';

/** Its own folder gets a line for each send that begins, for each event that has arrived, and for each outcome. */
const ship = `
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { NEVER, startWith } from 'rxjs';
import { TemporaryError } from 'rxjs-load-balance';

const write = (file, ...words) => appendFileSync(file, words.join(' ') + '\\n');
const ship = {
  name: 'place',
  state$: NEVER.pipe(startWith('up')),
  window: windows,
  send: async ({ message: { event, how }, deliveries }) => {
    write('sends', event, deliveries);
    switch (process.argv[2] === 'as told' ? how : process.argv[2]) {
      case 'hangs':
        return new Promise(() => undefined);
      case 'is slow':
        await sleep(2.5 * minIdle);
        break;
      case 'takes a second':
        await sleep(1_000);
        break;
      case 'is rejected':
        throw new RejectedError('no');
      case 'fails':
        throw new TemporaryError('not now', { retryAfter: 0 });
      default:
        await sleep(5);
    }
    write('delivered', event, deliveries);
    if (process.argv[2] === 'dies') {
      process.kill(process.pid, 'SIGKILL');
    }
  },
};
write('state', 'begun');
`;

/** What becomes of each outcome. */
const note = `(({ event, status, reason = '' }) => {
  write('outcomes', event.message.event, status, reason);
});`;

/** One worker. */
export class RedisStreamWorker extends ServerProcess {
  /** Starts one. */
  static async start(server: RedisServer, conduct: Conduct = 'delivers'): Promise<RedisStreamWorker> {
    return new RedisStreamWorker(server, conduct).begun();
  }

  private constructor(server: RedisServer, conduct: Conduct) {
    super({
      name: 'redis-stream-worker',
      command: () => [process.execPath, '--import', 'tsx', 'worker.mjs', conduct, server.url()],
      files: { 'worker.mjs': program() },
      answers: () => Promise.resolve(this.read('state') !== ''),
    });
    symlinkSync(join(root, 'node_modules'), join(this.folder, 'node_modules'));
  }

  /** The sends that have begun, and the events that have arrived, each with how often its entry was delivered. */
  get sends(): string[] {
    return this.linesOf('sends');
  }
  get delivered(): string[] {
    return this.linesOf('delivered');
  }

  /** Resolves when it has come to its end by itself, and has left nothing that runs. */
  async ended(): Promise<void> {
    await until('its process is gone', () => !this.runs);
    expect(this.linesOf('state')).to.deep.equal(['begun', 'ended']);
  }

  /** The outcomes, each with its reason. */
  get outcomes(): string[] {
    return this.linesOf('outcomes');
  }

  private linesOf(file: string): string[] {
    return this.read(file)
      .split('\n')
      .slice(0, -1)
      .map((line) => line.trim());
  }
}

/** The recipe, without its orders. */
function program(): string {
  let text = textOf('examples/recipes/redisStream.ts');
  const replace = (old: RegExp, by: string): void => {
    expect(text, 'the recipe').to.match(old);
    text = text.replace(old, () => by);
  };
  replace(/^\/\/ Three orders.*(?=^const closeOn)/ms, ship);
  replace(/(?<=^ {2})\.forEach\(.*^ {2}\}\);$/ms, `.forEach${note}`);
  // A worker that stands still for a moment is to lose nothing to another one.
  replace(/minIdle = 2_000;/, 'minIdle = 4_000;');
  replace(/windows = 1;/, 'windows = 4;');
  replace(/process\.env\['REDIS_URL'\]/, 'process.argv[3]');
  text += "write('state', 'ended');\n";
  const { outputText } = ts.transpileModule(text, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  });
  return outputText.replaceAll("'rxjs-load-balance'", `'${pathToFileURL(join(root, 'src/index.ts')).href}'`);
}
