/** The recipes that need a server: run against one, and compared with what they say that they print. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { jetstreamManager } from '@nats-io/jetstream';
import { expect } from 'chai';
import { closedAfterEach } from '../connections/closedAfterEach.js';
import { plain, readmeBlocks, root, statedOutput } from '../readme/blocks.js';
import { needsServer } from '../readme/programs.js';
import { NatsServer } from './natsServer.js';
import { RedisServer } from './redisServer.js';

describe('the recipes that need a server', function () {
  this.timeout(60_000);
  const keep = closedAfterEach();

  /** Starts the server of a recipe, with what the recipe finds there; gives its URL. */
  const servers: Readonly<Record<string, () => Promise<string>>> = {
    NATS_URL: async () => {
      const server = await NatsServer.start();
      keep({ close: () => server.stop() });
      const connection = await server.connect();
      const { streams } = await jetstreamManager(connection);
      await streams.add({ name: 'ORDERS', subjects: ['orders.*'] });
      await connection.close();
      return server.url();
    },
    REDIS_URL: async () => {
      const server = await RedisServer.start();
      keep({ close: () => server.stop() });
      return server.url();
    },
  };

  const recipes = readmeBlocks().filter(needsServer);
  const variableOf = (program: string): string => /process\.env\['(\w+_URL)'\]/.exec(program)?.[1] ?? '';

  it('should be found, for each server at least one', () => {
    const variables = new Set(recipes.map(({ text: program }) => variableOf(program)));
    expect([...variables]).to.have.members(Object.keys(servers));
  });

  for (const { info, text: program } of recipes) {
    it(`should print what it says: ${info}`, async () => {
      const variable = variableOf(program);
      const url = await servers[variable]?.();
      const child = spawn(process.execPath, ['--import', 'tsx', info], {
        cwd: root,
        env: { ...process.env, [variable]: url },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      keep({
        close: () => {
          child.kill('SIGKILL');
        },
      });
      const [out, err, [code]] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, 'close') as Promise<[number | null]>,
      ]);
      expect({ code, err }).to.deep.equal({ code: 0, err: '' });
      const printed = out.trim().split('\n').map(plain).join(', ');
      expect(printed).to.match(statedOutput(program) ?? expect.fail('it says nothing'));
    });
  }
});
