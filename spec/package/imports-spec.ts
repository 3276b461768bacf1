import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { packageFolder, packPackage, quietEnvironment } from './packed.js';

describe('the direction of imports', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'rxjs-load-balance-imports-'));
    for (const file of ['.dependency-cruiser.cjs', 'tsconfig.json', 'package.json']) {
      copyFileSync(join(packageFolder, file), join(folder, file));
    }
    symlinkSync(join(packageFolder, 'node_modules'), join(folder, 'node_modules'));
    mkdirSync(join(folder, 'spec'));
    for (const [path, imports] of Object.entries(ALLOWED)) write(path, imports);
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  function write(path: string, imports: readonly string[]): void {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), imports.map((from) => `import '${from}';\n`).join('') + 'export {};\n');
  }

  /** Cruises the folder and returns what it reports, as 'rule: file'. */
  function cruise(): { exitCode: number | null; violations: string[] } {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [
        join(packageFolder, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs'),
        ...['--config', '.dependency-cruiser.cjs', '--output-type', 'json'],
        ...['src', 'operators', 'examples', 'spec'],
      ],
      { cwd: folder, env: quietEnvironment, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
    );
    expect(stderr).to.equal('');
    const report = JSON.parse(stdout) as {
      summary: { violations: { rule: { name: string }; from: string }[] };
    };
    const violations = report.summary.violations.map(({ rule, from }) => `${rule.name}: ${from}`);
    return { exitCode: status, violations: [...new Set(violations)].sort() };
  }

  it('should allow what goes the right way', function () {
    this.timeout(60_000);
    expect(cruise().violations).to.deep.equal([]);
  });

  it('should report each planted violation', function () {
    this.timeout(60_000);
    const expected = PLANTED.flatMap(([rules, path, imported]) => {
      write(path, [imported]);
      return rules.map((rule) => `${rule}: ${path}`);
    });
    expect(cruise().violations).to.deep.equal(expected.sort());
  });

  it('should report imports of types like any other', function () {
    this.timeout(60_000);
    writeFileSync(join(folder, 'src/internal/typed.ts'), "export type { a } from '../../operators/a.js';\n");
    writeFileSync(join(folder, 'operators/a.ts'), "export type { b } from './b.js';\nexport type a = 1;\n");
    writeFileSync(join(folder, 'operators/b.ts'), "export type { a } from './a.js';\nexport type b = 1;\n");
    expect(cruise().violations).to.deep.equal([
      'no-cycles: operators/a.ts',
      'src-below-operators: src/internal/typed.ts',
    ]);
  });
});

/** A small package that keeps every rule: its files and what each imports. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  'src/index.ts': ['./entry/balancer.js', './internal/loop.js', '../operators/index.js', 'rxjs'],
  'src/entry/balancer.ts': ['../../operators/balance.js', '../internal/loop.js', 'rxjs-for-await'],
  'operators/index.ts': ['./balance.js'],
  'operators/balance.ts': ['../src/internal/loop.js', 'rxjs'],
  'src/internal/loop.ts': ['../outcome.js', 'rxjs'],
  'src/outcome.ts': [],
  'src/libbeat/index.ts': ['../internal/loop.js', 'rxjs'],
  'src/testing/index.ts': ['../outcome.js', 'rxjs', 'rxjs/testing'],
  'src/connections/http.ts': ['node:http', '../outcome.js', 'rxjs', 'undici'],
  'examples/ship.ts': [
    ...['rxjs-load-balance', 'rxjs-load-balance/operators', 'rxjs-load-balance/libbeat'],
    ...['rxjs-load-balance/testing', 'node:fs', 'rxjs', './composed.js'],
  ],
  'examples/ship/liveDisplay.ts': ['log-update', 'chalk', 'rxjs'],
  'src/jetStream/index.ts': [
    '../../operators/balance.js',
    '../internal/loop.js',
    '@nats-io/jetstream',
    'rxjs',
  ],
  'examples/cluster/display.ts': ['rxjs-load-balance', '@nats-io/jetstream', 'log-update', 'chalk', 'rxjs'],
  'examples/recipes/workerThreads.ts': ['rxjs-load-balance', 'piscina', 'rxjs'],
  'examples/composed.ts': ['rxjs'],
  'spec/ship-spec.ts': [
    '../examples/ship.js',
    '../src/index.js',
    '../src/internal/loop.js',
    'chai',
    'node:fs',
  ],
};

/** The rules that must report a file, the file, and what it imports. */
const PLANTED: readonly (readonly [rules: readonly string[], path: string, imported: string])[] = [
  [['src-below-operators'], 'src/internal/up.ts', '../../operators/balance.js'],
  [['src-below-operators'], 'src/libbeat/up.ts', '../../operators/balance.js'],
  [['src-below-operators'], 'src/testing/up.ts', '../../operators/index.js'],
  [['src-below-operators'], 'src/up.ts', '../operators/index.js'],
  [['src-below-faces'], 'src/internal/face.ts', '../entry/balancer.js'],
  [['src-below-faces'], 'src/connections/face.ts', '../index.js'],
  [['src-below-faces'], 'src/internal/queue.ts', '../jetStream/index.js'],
  [['operators-below-faces'], 'operators/face.ts', '../src/entry/balancer.js'],
  [['operators-below-faces'], 'operators/front.ts', '../src/index.js'],
  [['entry-below-index'], 'src/entry/front.ts', '../index.js'],
  [['package-alone'], 'src/internal/spec.ts', '../../spec/ship-spec.js'],
  [['package-alone'], 'operators/example.ts', '../examples/composed.js'],
  [['package-by-path'], 'src/entry/named.ts', 'rxjs-load-balance/testing'],
  [['only-rxjs'], 'src/internal/node.ts', 'node:fs'],
  [['only-rxjs'], 'operators/node.ts', 'node:timers'],
  [['only-rxjs', 'no-dev-dependencies'], 'src/testing/dev.ts', 'chai'],
  [['only-rxjs'], 'src/internal/deep.ts', 'undici-types'],
  [['only-rxjs'], 'src/internal/peer.ts', 'undici'],
  [['no-dev-dependencies'], 'src/connections/dev.ts', 'sinon'],
  [['no-dev-dependencies'], 'examples/dev.ts', 'fast-check'],
  [['no-dev-dependencies'], 'examples/coloured.ts', 'chalk'],
  [['no-dev-dependencies'], 'examples/collector/live.ts', 'log-update'],
  [['shipper-dev-dependencies'], 'examples/ship/dev.ts', 'selfsigned'],
  [['rxjs-testing-in-testing'], 'src/internal/testing.ts', 'rxjs/testing'],
  [['examples-by-name'], 'examples/path.ts', '../src/index.js'],
  [['examples-by-name'], 'examples/operator.ts', '../operators/balance.js'],
  [['cluster-dev-dependencies'], 'examples/cluster/dev.ts', 'selfsigned'],
  [['recipe-dev-dependencies'], 'examples/recipes/expect.ts', 'chai'],
  [['node-free-websocket'], 'src/connections/webSocket/socket.ts', 'node:net'],
  [['resolvable'], 'spec/lost-spec.ts', './nowhere.js'],
];

/** What each ready-made connection is made of: entry point, export, a URL that it takes, and the package. */
const PEERS = [
  ['http', 'httpConnection', 'http://localhost/', 'undici@7'],
  ['nats', 'natsConnection', 'nats://localhost', '@nats-io/transport-node@3'],
  ['redis', 'redisConnection', 'redis://localhost', 'redis@6'],
  ['websocket', 'webSocketConnection', 'ws://localhost/', 'ws@8'],
] as const;

/** The package by its name alone. */
function needed([, , , peer]: readonly [string, string, string, string]): string {
  return peer.slice(0, peer.lastIndexOf('@'));
}

describe('the package from CommonJS', () => {
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'rxjs-load-balance-commonjs-'));
    const installed = join(folder, 'node_modules/rxjs-load-balance');
    mkdirSync(installed, { recursive: true });
    execFileSync('tar', ['-xzf', packPackage().file, '-C', installed, '--strip-components=1']);
    for (const dependency of ['rxjs', 'rxjs-for-await', 'tslib', ...PEERS.map(needed)]) {
      mkdirSync(dirname(join(folder, 'node_modules', dependency)), { recursive: true });
      symlinkSync(join(packageFolder, 'node_modules', dependency), join(folder, 'node_modules', dependency));
    }
  });

  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  /** Runs a CommonJS program beside the installed package and returns what it printed as JSON. */
  function run(program: string): unknown {
    writeFileSync(join(folder, 'program.cjs'), program);
    const { status, stdout, stderr } = spawnSync(process.execPath, ['program.cjs'], {
      cwd: folder,
      env: quietEnvironment,
      encoding: 'utf8',
      timeout: 30_000,
    });
    expect(status, stderr).to.equal(0);
    return JSON.parse(stdout);
  }

  it('should be required, every entry point of it', function () {
    this.timeout(60_000);
    const kinds = run(`
      const entries = Object.keys(require('rxjs-load-balance/package.json').exports)
        .filter((entry) => !entry.endsWith('.json'));
      console.log(JSON.stringify(entries.map((entry) =>
        [entry, Object.keys(require('rxjs-load-balance' + entry.slice(1))).length > 0])));
    `);
    expect(kinds).to.deep.equal([
      ['.', true],
      ['./operators', true],
      ['./libbeat', true],
      ['./testing', true],
      ['./http', true],
      ['./jetstream', true],
      ['./nats', true],
      ['./redis', true],
      ['./tcp', true],
      ['./websocket', true],
    ]);
  });

  for (const [entry, name, url, peer] of PEERS) {
    it(`should do without ${peer}, and say that ${name} needs it`, () => {
      const missing = needed([entry, name, url, peer]);
      const at = join(folder, 'node_modules', missing);
      unlinkSync(at);
      try {
        const missed = run(`
          const { ${name} } = require('rxjs-load-balance/${entry}');
          let missed = 'nothing';
          try {
            ${name}('${url}', {});
          } catch (error) {
            missed = error.message;
          }
          console.log(JSON.stringify(missed));
        `);
        expect(missed).to.equal(`${name} needs the package ${missing}: npm install ${peer}`);
      } finally {
        symlinkSync(join(packageFolder, 'node_modules', missing), at);
      }
    });
  }

  it('should share one copy of rxjs with the program', function () {
    this.timeout(60_000);
    const program = `
      const { Observable, of } = require('rxjs');
      const { loadBalance } = require('rxjs-load-balance');
      require('rxjs-load-balance/operators');
      require('rxjs-load-balance/libbeat');
      require('rxjs-load-balance/testing');
      require('rxjs-load-balance/http');
      const outcomes = of(1).pipe(loadBalance([(event) => of(event + 1)]));
      const copies = Object.keys(require.cache)
        .map((file) => /^.*[/\\\\]rxjs[/\\\\]dist[/\\\\][^/\\\\]+(?=[/\\\\])/.exec(file)?.[0])
        .filter((copy) => copy !== undefined);
      const values = [];
      outcomes.subscribe({
        next: ({ status, value }) => values.push([status, value]),
        complete: () => console.log(JSON.stringify({
          ours: outcomes instanceof Observable,
          copies: new Set(copies).size,
          values,
        })),
      });
    `;
    expect(run(program)).to.deep.equal({ ours: true, copies: 1, values: [['delivered', 2]] });
  });
});
