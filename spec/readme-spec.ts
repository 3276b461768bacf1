/** README.md: every program and every diagram in it is run; what it and its neighbours name is there. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Chalk } from 'chalk';
import { expect } from 'chai';
import ts from 'typescript';
import * as http from '../src/connections/http.js';
import * as nats from '../src/connections/nats.js';
import * as redis from '../src/connections/redis.js';
import * as tcp from '../src/connections/tcp.js';
import * as webSocket from '../src/connections/webSocket.js';
import * as libbeat from '../src/libbeat/index.js';
import { tableOf } from '../examples/ship/table.js';
import * as index from '../src/index.js';
import { settingsFrom } from '../src/internal/settings.js';
import * as jetStream from '../src/jetStream/index.js';
import * as testing from '../src/testing/index.js';
import { plain, readmeBlocks, root, statedOutput, textOf } from './readme/blocks.js';
import { play } from './readme/marbles.js';
import { checkedPrograms, commonJsProgram, needsServer } from './readme/programs.js';

describe('README.md', () => {
  const readme = textOf('README.md');
  const blocks = readmeBlocks();
  const programs = blocks.filter(({ language }) => language === 'ts' || language === 'js');
  const recipes = readdirSync(join(root, 'examples/recipes')).map((file) => `examples/recipes/${file}`);

  describe('its programs', () => {
    before(function () {
      this.timeout(120_000);
      checkedPrograms();
    });

    for (const { at, language, info, text } of programs) {
      const name = info === '' ? at : `${at}, ${info}`;

      if (language === 'ts') {
        it(`should compile: ${name}`, () => {
          expect(checkedPrograms().complaints.get(at)).to.deep.equal([]);
        });
      }

      if (needsServer({ text })) {
        continue;
      }

      it(`should print what it says: ${name}`, () => {
        const stated = statedOutput(text);
        expect(stated, 'what it says').to.not.equal(undefined);
        const { log, failure } = checkedPrograms().runs.get(at) ?? expect.fail('it was not run');
        expect(failure).to.equal(undefined);
        expect(log.map(plain).join(', ')).to.match(stated ?? /^$/);
      });
    }

    it('should compile in a TypeScript project that is CommonJS', () => {
      expect(checkedPrograms().complaints.get(commonJsProgram.at)).to.deep.equal([]);
    });

    it('should end by themselves, without a complaint', () => {
      expect(checkedPrograms().process).to.deep.equal({ exitCode: 0, stderr: '' });
    });
  });

  describe('its recipes', () => {
    for (const file of recipes) {
      it(`should be the file: ${file}`, () => {
        const shown = blocks.filter(({ info }) => info === file).map(({ text }) => text);
        expect(shown).to.deep.equal([textOf(file)]);
      });
    }

    it('should each have a file', () => {
      const named = blocks.map(({ info }) => info).filter((info) => info !== '');
      expect(named).to.have.members(recipes);
    });
  });

  describe('its diagrams', () => {
    const diagrams = blocks.filter(({ language }) => language === 'marbles');

    it('should be there', () => {
      expect(diagrams).to.have.length.of.at.least(10);
    });

    for (const diagram of diagrams) {
      it(`should be what happens: ${diagram.at}`, () => {
        play(diagram);
      });
    }
  });

  describe('its picture', () => {
    it('should be of the live view as it is', () => {
      const [head = ''] = tableOf([], 200, new Chalk({ level: 0 }));
      const picture = textOf('docs/live-view.svg');
      const columns = head.split(/ {2,}/);
      expect(columns).to.have.length.of.at.least(5);
      expect(columns.filter((column) => !picture.includes(column))).to.deep.equal([]);
    });

    it('should show what it is there for', () => {
      const picture = textOf('docs/live-view.svg');
      expect(picture).to.match(/killed.*started again/s);
      expect(picture).to.include('>0 dropped<');
    });
  });

  describe('its words', () => {
    it('should name every option', () => {
      const named = [...readme.matchAll(/^\| `([\w.]+)` +\|/gm)].map(([, name = '']) => name);
      const { options } = optionsOf('src/options.ts', 'BalanceOptions', 'LoadBalanceOptions');
      const nested = [
        ...optionsOf('src/options.ts', 'Timeouts').options.map((name) => `timeout.${name}`),
        ...optionsOf('src/options.ts', 'QueueOptions').options.map((name) => `queue.${name}`),
      ];
      const own = optionsOf('src/entry/eachOutcomeFrom.ts', 'EachOutcomeOptions').options;
      const backoff = optionsOf('src/exponentialBackoff.ts', 'ExponentialBackoffConfig').options;
      const ready = [
        ...optionsOf('src/connections/settings.ts', 'ConnectionOptions').options,
        ...optionsOf('src/connections/http/options.ts', 'HttpOptions').options,
        ...optionsOf('src/connections/tcp/options.ts', 'TcpBaseOptions', 'TcpLineOptions').options,
        ...optionsOf('src/connections/webSocket/options.ts', 'WebSocketOptions').options,
        ...optionsOf('src/connections/redis/options.ts', 'RedisBaseOptions', 'RedisListOptions').options,
        ...optionsOf('src/connections/redis/options.ts', 'RedisStreamOptions').options,
        ...optionsOf('src/connections/nats/options.ts', 'NatsPublishOptions', 'NatsOptions').options,
        ...optionsOf('src/connections/nats/link.ts', 'NatsLinkOptions').options,
        ...optionsOf('src/jetStream/options.ts', 'JetStreamMessagesOptions', 'SettleOptions').options,
        ...optionsOf('src/jetStream/options.ts', 'DeadLetterOptions').options.map(
          (name) => `deadLetter.${name}`,
        ),
      ];
      const parts = options.filter((name) => name !== 'timeout' && name !== 'queue');
      expect(named).to.include.members([...parts, ...nested, ...own, ...backoff, ...ready]);
    });

    it('should say the defaults', () => {
      const rows = [...readme.matchAll(/^\| `([\w.]+)` +\|[^|]+\|([^|]+)\|/gm)];
      const said = new Map(rows.map(([, name, value = '']) => [name, value.replace(/[`',\s]/g, '')]));
      const { maxAttempts, guaranteed, timeout, capacity, overflow, drainTimeout } = settingsFrom('spec', {});
      const defaults = {
        maxAttempts,
        guaranteed,
        'timeout.connect': timeout.connect,
        'timeout.send': timeout.send,
        'timeout.wait': timeout.wait,
        'queue.capacity': capacity,
        'queue.overflow': overflow,
        drainTimeout,
      };
      for (const [name, value] of Object.entries(defaults)) {
        expect(said.get(name), name).to.equal(String(value));
      }
    });

    it('should name every export', () => {
      const exported = [index, libbeat, testing, http, jetStream, nats, redis, tcp, webSocket].flatMap(
        (entry) => Object.keys(entry),
      );
      expect(exported.filter((name) => !readme.includes(name))).to.deep.equal([]);
    });

    it('should link to what there is', () => {
      const headings = [...readme.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading));
      const links = [...readme.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
      expect(links).to.not.be.empty;
      const dead = links.filter((link) =>
        link.startsWith('#')
          ? !headings.includes(link.slice(1))
          : !link.startsWith('https://') && !existsSync(join(root, link)),
      );
      expect(dead).to.deep.equal([]);
    });
  });
});

describe('CONTRIBUTING.md', () => {
  const contributing = textOf('CONTRIBUTING.md');

  it('should have every file of the package on its map, and no other', () => {
    const files = ['src', 'operators'].flatMap((folder) =>
      readdirSync(join(root, folder), { encoding: 'utf8', recursive: true })
        .filter((file) => file.endsWith('.ts'))
        .map((file) => file.replace(/^internal\//, '')),
    );
    const mapped = [...contributing.matchAll(/^\| `([\w/]+\.ts)` +\|/gm)].map(([, file]) => file);
    expect(mapped).to.have.members(files);
  });

  it('should name only scripts that there are', () => {
    const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Readonly<Record<string, string>> };
    const words = contributing + textOf('README.md');
    const named = [...words.matchAll(/npm run ([\w:]+)/g)].map(([, script = '']) => script);
    expect(named).to.not.be.empty;
    expect(Object.keys(scripts)).to.include.members(named);
  });
});

describe('CHANGELOG.md', () => {
  it('should label every line', () => {
    const lines = textOf('CHANGELOG.md').match(/^- .*$/gm) ?? [];
    expect(lines).to.not.be.empty;
    expect(lines.filter((line) => !/^- (feat|fix|docs|breaking): /.test(line))).to.deep.equal([]);
  });
});

/** The names of the properties of interfaces. */
function optionsOf(file: string, ...interfaces: readonly string[]): { readonly options: string[] } {
  const source = ts.createSourceFile(file, textOf(file), ts.ScriptTarget.ES2022);
  const options = source.statements
    .filter(ts.isInterfaceDeclaration)
    .filter(({ name }) => interfaces.includes(name.text))
    .flatMap(({ members }) =>
      members.flatMap(({ name }) => (name && ts.isIdentifier(name) ? name.text : [])),
    );
  expect(options, interfaces.join()).to.not.be.empty;
  return { options };
}

/** The anchor that GitHub gives to a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}
