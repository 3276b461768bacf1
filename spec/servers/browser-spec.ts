/** The balancer and `webSocketConnection` in a browser: bundled, and with three servers, one of which is killed. */
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { build } from 'esbuild';
import { chromium, type Browser, type Page as Tab } from 'playwright-core';
import { until } from '../until.js';
import type { Page } from './browser/page.js';
import { programAt } from './program.js';
import { WebSocketServerProcess } from './webSocketServer.js';

/** Bundles a file as one for browsers, and gives its text; what is of Node, or not installed, would fail. */
async function bundled(file: string, minify: boolean): Promise<string> {
  const { outputFiles, warnings } = await build({
    entryPoints: [fileURLToPath(new URL(file, import.meta.url))],
    bundle: true,
    minify,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    plugins: [
      {
        // As where it is not installed.
        name: 'no-ws',
        setup: (steps) => {
          steps.onResolve({ filter: /^ws$/ }, () => ({ errors: [{ text: 'ws is not for browsers' }] }));
        },
      },
    ],
  });
  expect(warnings).to.deep.equal([]);
  return outputFiles.map(({ text }) => text).join('');
}

describe('in a browser', function () {
  this.timeout(120_000);
  const servers: WebSocketServerProcess[] = [];
  let browser: Browser | undefined;

  const urlOf = ({ port }: WebSocketServerProcess): string => `ws://127.0.0.1:${port}/?token=open-sesame`;
  const nameOf = ({ port }: WebSocketServerProcess): string => `ws://127.0.0.1:${port}/`;

  before(async () => {
    browser = await chromium.launch({
      executablePath: programAt('chromium', { debian: 'chromium', homebrew: 'chromium' }),
      args: ['--headless', '--no-sandbox'],
    });
    for (let n = 0; n < 3; n++) {
      servers.push(await WebSocketServerProcess.start());
    }
  });

  after(async () => {
    await browser?.close();
    for (const server of servers) {
      await server.stop();
    }
  });

  /** Runs a bundle in a new tab. */
  async function opened(script: string): Promise<{ tab: Tab; failures: Error[] }> {
    const failures: Error[] = [];
    if (browser === undefined) {
      throw new Error('there is no browser');
    }
    const tab = await browser.newPage();
    tab.on('pageerror', (error) => failures.push(error));
    await tab.goto(`http://127.0.0.1:${servers[0]?.port ?? 0}/`);
    await tab.addScriptTag({ type: 'module', content: script });
    await until('the script has run', () => tab.evaluate(() => 'page' in globalThis));
    return { tab, failures };
  }

  for (const minify of [false, true]) {
    it(`should lose nothing when a server is killed and comes back${minify ? ', minified' : ''}`, async () => {
      const { tab, failures } = await opened(await bundled('browser/page.ts', minify));
      const tell = (told: string, argument: unknown): Promise<unknown> =>
        tab.evaluate(`page.${told}(${JSON.stringify(argument)})`);
      const outcomes = async (): Promise<ReturnType<Page['outcomes']>> =>
        await tab.evaluate<ReturnType<Page['outcomes']>>('page.outcomes()');
      const settled = (count: number): Promise<void> =>
        until(`${count} outcomes`, async () => (await outcomes()).length >= count);
      const byServer = async (server: WebSocketServerProcess): Promise<number> =>
        (await outcomes()).filter(([, , connection]) => connection === nameOf(server)).length;
      const [victim = await WebSocketServerProcess.start()] = servers;

      await tell('balance', servers.map(urlOf));
      await tell('push', 1_000);
      await settled(1_000);
      await until('every server has got work', async () => {
        await tell('push', 10);
        return (await Promise.all(servers.map(byServer))).every((count) => count > 0);
      });

      // So that some are in flight there when it goes.
      victim.freeze();
      await tell('push', 1_000);
      await until('the others have done theirs', async () => (await outcomes()).length >= 1_900);
      await victim.kill();
      await until('all are delivered', async () => (await outcomes()).length >= 2_000);
      const before = await byServer(victim);
      await victim.start();
      await until('it has got work again', async () => {
        await tell('push', 10);
        return (await byServer(victim)) > before;
      });

      await tell('push', 1_000);
      const count = Number(await tab.evaluate('page.pushed()'));
      await settled(count);
      const all = await outcomes();
      const events = Array.from({ length: count }, (_, n) => `event ${n}`);
      expect(all.map(([event]) => event).sort()).to.deep.equal([...events].sort());
      expect(new Set(all.map(([, status]) => status))).to.deep.equal(new Set(['delivered']));
      const arrived = new Set((await Promise.all(servers.map((server) => server.arrived()))).flat());
      expect(events.filter((event) => !arrived.has(event))).to.deep.equal([]);
      expect((await tab.evaluate<string[]>('page.errors()')).join('\n')).to.include(
        `${nameOf(victim)}: closed: 1006`,
      );
      expect(failures).to.deep.equal([]);
      await tab.close();
    });
  }
});
