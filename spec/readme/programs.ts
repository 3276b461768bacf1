/** The programs of README.md and of the doc comments: type-checked as one, and run in one process. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { commentBlocks, readmeBlocks, root, type Block } from './blocks.js';

/** What became of a program. */
export interface Run {
  /** What it printed, and what it printed as an error. */
  readonly log: readonly string[];
  readonly error: readonly string[];
  /** Why it could not run to its end. */
  readonly failure?: string;
}

/** Everything that is known of the programs, by where they stand. */
export interface Checked {
  readonly readme: readonly Block[];
  readonly comments: readonly Block[];
  /** What the compiler has to say. */
  readonly complaints: ReadonlyMap<string, readonly string[]>;
  /** Only of those that were run. */
  readonly runs: ReadonlyMap<string, Run>;
  /** What happened to the process in which they ran, besides. */
  readonly process: { readonly exitCode: number | null; readonly stderr: string };
}

const isProgram = ({ language }: Block): boolean => language === 'ts' || language === 'js';

/** Whether it needs a server that somebody has to install: it is run by spec/servers. */
export const needsServer = ({ text }: Pick<Block, 'text'>): boolean => /process\.env\['\w+_URL'\]/.test(text);

/** Whether it would need something to talk to. (Those of README.md bring it along.) */
const needsNetwork = ({ text }: Block): boolean => /'node:(net|http)'|\bfetch\(/.test(text);

/** Whether this is what tsc has made of the specs: the package is then what a user would get. */
const compiled = import.meta.url.endsWith('.js');

/** What a project that compiles to CommonJS would write. It is only type-checked. */
export const commonJsProgram: Block = {
  at: 'a CommonJS project',
  language: 'cts',
  info: '',
  text: `import balancing = require('rxjs-load-balance');
const balancer = new balancing.LoadBalancer([(event: string) => Promise.resolve(event.length)]);
`,
};

/** Where the source of each door of the package is. */
const { paths: sources } = (
  ts.readConfigFile(join(root, 'tsconfig.json'), (file) => ts.sys.readFile(file)).config as {
    compilerOptions: { paths: Readonly<Record<string, readonly string[]>> };
  }
).compilerOptions;

let checked: Checked | undefined;

/** Checks and runs them all, the first time that it is called. */
export function checkedPrograms(): Checked {
  checked ??= check();
  return checked;
}

function check(): Checked {
  const readme = readmeBlocks().filter(isProgram);
  const comments = commentBlocks().filter(isProgram);
  const complaints = complaintsAbout([
    ...[...readme, ...comments].filter(({ language }) => language === 'ts'),
    commonJsProgram,
  ]);
  const silent = comments.filter((block) => !needsNetwork(block));
  const whole = readme.filter((block) => !needsServer(block));
  return { readme, comments, complaints, ...run([...whole, ...silent]) };
}

/** Type-checks blocks as files of one program. */
function complaintsAbout(blocks: readonly Block[]): Map<string, string[]> {
  const config = ts.getParsedCommandLineOfConfigFile(join(root, 'tsconfig.json'), {}, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: (diagnostic) => {
      throw new Error(ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n'));
    },
  } satisfies ts.ParseConfigFileHost);
  if (config === undefined) {
    throw new Error('expected a readable tsconfig.json');
  }
  const { paths, rootDir, outDir, ...given } = config.options;
  const options: ts.CompilerOptions = {
    ...given,
    // Without these, the package by its name is what is in dist.
    ...(compiled ? {} : { paths, rootDir, outDir }),
    noEmit: true,
    declaration: false,
    declarationMap: false,
    types: ['node'],
    // An example may show a function that nobody calls.
    noUnusedLocals: false,
  };
  const nameOf = ({ at, language }: Block): string => join(root, `${at.replace(/\W/g, '_')}.${language}`);
  const files = new Map(blocks.map((block) => [nameOf(block), block]));
  const disk = ts.createCompilerHost(options);
  const host: ts.CompilerHost = {
    ...disk,
    fileExists: (file) => files.has(file) || disk.fileExists(file),
    readFile: (file) => files.get(file)?.text ?? disk.readFile(file),
    getSourceFile: (file, version, ...rest) => {
      const text = files.get(file)?.text;
      return text === undefined
        ? disk.getSourceFile(file, version, ...rest)
        : ts.createSourceFile(file, text, version);
    },
  };
  const program = ts.createProgram([...files.keys()], options, host);
  const complaints = new Map<string, string[]>();
  for (const [file, { at }] of files) {
    const source = program.getSourceFile(file);
    complaints.set(
      at,
      [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
        ({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'),
      ),
    );
  }
  return complaints;
}

/** Runs blocks in one process, all at the same time. It has to end by itself. */
function run(blocks: readonly Block[]): Pick<Checked, 'runs' | 'process'> {
  const folder = mkdtempSync(join(tmpdir(), 'rxjs-load-balance-programs-'));
  try {
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(root, join(folder, 'node_modules/rxjs-load-balance'));
    for (const name of readdirSync(join(root, 'node_modules'))) {
      symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
    }
    const urls = blocks.map((block, index) => {
      const isModule = block.language === 'ts';
      const file = join(folder, `${index}.${isModule ? 'mjs' : 'cjs'}`);
      const text = isModule ? transpile(block.text) : block.text;
      writeFileSync(file, `const console = globalThis.consoles[${index}]; ${withSource(text)}`);
      return pathToFileURL(file).href;
    });
    const all = join(folder, 'all.mjs');
    writeFileSync(all, `const urls = ${JSON.stringify(urls)};\n${RUNNER}`);
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [...(compiled ? [] : ['--import', 'tsx']), all],
      // Their coverage is nobody's business: they must not stand in for specs.
      {
        cwd: root,
        env: { ...process.env, NODE_V8_COVERAGE: undefined },
        encoding: 'utf8',
        timeout: 50_000,
      },
    );
    const results = stdout === '' ? [] : (JSON.parse(stdout) as Run[]);
    return {
      runs: new Map(
        blocks.map(({ at }, index) => [at, results[index] ?? { log: [], error: [], failure: 'not run' }]),
      ),
      process: { exitCode: status, stderr },
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function transpile(text: string): string {
  return ts.transpileModule(text, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
    },
  }).outputText;
}

/** While developing, the package is its source. */
function withSource(text: string): string {
  if (compiled) {
    return text;
  }
  return text.replace(/'(rxjs-load-balance(?:\/\w+)?)'/g, (quoted, door: string) => {
    const [file] = sources[door] ?? [];
    return file === undefined ? quoted : `'${join(root, file)}'`;
  });
}

const RUNNER = `
import { writeSync } from 'node:fs';
import { format } from 'node:util';

const runs = urls.map(() => ({ log: [], error: [] }));
globalThis.consoles = runs.map(({ log, error }) => ({
  log: (...values) => log.push(format(...values)),
  error: (...values) => error.push(format(...values)),
}));
process.on('exit', () => writeSync(1, JSON.stringify(runs)));
urls.forEach((url, index) => {
  import(url).catch((error) => {
    runs[index].failure = String(error?.stack ?? error);
  });
});
`;
