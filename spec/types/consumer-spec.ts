/** The package as a project of its own compiles it, with other libraries and settings than ours. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import ts from 'typescript';
import { packageFolder, packPackage } from '../package/packed.js';

/** What a consumer without the types of Node or the DOM may write. */
const plain = `
  import { filter, map, NEVER, of, type Observable } from 'rxjs';
  import {
    connection, deadLetter, eachOutcomeFrom, exponentialBackoff, isDelivered, loadBalance, loadBalanceFrom, LoadBalancer,
    RejectedError, TemporaryError, toConnections,
    type BatchConnection, type CancelSignal, type Connection, type LoadBalanceOptions, type Outcome,
  } from 'rxjs-load-balance';
  import * as operators from 'rxjs-load-balance/operators';
  import * as libbeat from 'rxjs-load-balance/libbeat';
  import { fakeConnection } from 'rxjs-load-balance/testing';

  const single: Connection<string, number> = { name: 'single', state$: of('up' as const), send: () => of(1) };
  const batch: BatchConnection<string, boolean> = {
    name: 'batch',
    state$: NEVER,
    batch: { size: 2, send: async (events) => events.map((_, index) => ({ index, status: 'delivered', value: true })) },
  };
  const client = connection({
    name: 'client',
    open: async (signal) => {
      const cancelled: boolean = signal.aborted;
      signal.addEventListener('abort', () => undefined);
      return { port: cancelled ? 1 : 2 };
    },
    send: async ({ port }, event: string, { attempt, signal }) => {
      if (attempt > 2) {
        throw new RejectedError('too often', { cause: signal.reason });
      }
      throw new TemporaryError('later', { retryAfter: port, cause: event });
    },
  });
  export const options: LoadBalanceOptions<string> = {
    guaranteed: (event) => event === '',
    reconnectDelay: exponentialBackoff({ maxDelay: 10 }),
  };
  export const outcomes$: Observable<Outcome<string, number | boolean | undefined>> =
    of('a').pipe(loadBalance([single, batch, client, async (event) => event.length], options));
  export const values$: Observable<number> =
    of('a').pipe(operators.loadBalance([single]), filter(isDelivered), map(({ value }) => value));
  export const kept$: Observable<number> = loadBalanceFrom(['a'], [single]).pipe(deadLetter(({ reason }) => reason));
  export const members$ = of(['a']).pipe(toConnections((host) => async (event: string) => host + event));
  export const entries = [libbeat, fakeConnection] as const;

  export async function ship(signal: CancelSignal): Promise<number> {
    let delivered = 0;
    for await (const outcome of eachOutcomeFrom(['a'], members$, { signal, closeOn: signal })) {
      delivered += outcome.status === 'delivered' ? outcome.value.length : 0;
    }
    const balancer = new LoadBalancer([single, batch, client]);
    const outcome: Outcome<string, number | boolean | undefined> = await balancer.publish('a', { guaranteed: true });
    await balancer.publishAll(['a', 'b']);
    await balancer.drain();
    await balancer.close();
    return outcome.attempts + delivered;
  }
`;

/** What needs the type of AbortSignal, wherever that comes from. */
const withSignals = `
  import { from, of } from 'rxjs';
  import { connection, eachOutcomeFrom, loadBalance, type SendContext } from 'rxjs-load-balance';

  const controller = new AbortController();
  const post = async (event: string, { signal }: SendContext): Promise<number> =>
    (await fetch('http://localhost', { method: 'POST', body: event, signal })).status;
  export const opened = connection({
    name: 'opened',
    open: async (signal) => await fetch('http://localhost', { signal }),
    send: async ({ status }, event: string) => status + event.length,
  });
  export const outcomes$ = of('a').pipe(loadBalance([post, opened], { closeOn: controller.signal }));
  export const outcomes = eachOutcomeFrom(['a'], [post], { signal: AbortSignal.timeout(1) });
  export const composed$ = from(['a']).pipe(
    loadBalance([(event, { signal }) => post(event, { attempt: 1, signal: AbortSignal.any([signal, controller.signal]) })]),
  );
`;

/** What needs the library of explicit resource management. */
const withDisposal = `
  import { LoadBalancer } from 'rxjs-load-balance';

  export async function ship(): Promise<string> {
    await using balancer = new LoadBalancer([async (event: string) => event.length]);
    const disposable: AsyncDisposable = balancer;
    return (await balancer.publish('a')).status + typeof disposable;
  }
`;

// What is compiled here is the built package, so this runs where the specs are built too.
if (import.meta.filename.endsWith('.js')) {
  describe('a project that uses the package', function () {
    this.timeout(120_000);
    let folder: string;

    before(() => {
      folder = realpathSync(mkdtempSync(join(tmpdir(), 'rxjs-load-balance-consumer-')));
      const installed = join(folder, 'node_modules/rxjs-load-balance');
      mkdirSync(installed, { recursive: true });
      mkdirSync(join(folder, 'node_modules/@types'));
      execFileSync('tar', ['-xzf', packPackage().file, '-C', installed, '--strip-components=1']);
      for (const name of ['rxjs', 'rxjs-for-await', '@types/node', 'undici-types']) {
        symlinkSync(join(packageFolder, 'node_modules', name), join(folder, 'node_modules', name));
      }
      writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    });

    after(() => {
      rmSync(folder, { recursive: true, force: true });
    });

    /** The declarations of the platform are the same for all programs, so they are parsed once. */
    const parsed = new Map<string, ts.SourceFile | undefined>();

    function programOf(text: string, options: ts.CompilerOptions): ts.Program {
      const file = join(folder, 'program.ts');
      writeFileSync(file, text);
      const host = ts.createCompilerHost({});
      host.getCurrentDirectory = () => folder;
      const read = host.getSourceFile.bind(host);
      host.getSourceFile = (name, languageVersion) => {
        if (name === file) {
          return read(name, languageVersion);
        }
        if (!parsed.has(name)) {
          parsed.set(name, read(name, languageVersion));
        }
        return parsed.get(name);
      };
      const rest = {
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.NodeNext,
        strict: true,
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
        noEmit: true,
        types: [],
      };
      return ts.createProgram({ rootNames: [file], options: { ...rest, ...options }, host });
    }

    function show(diagnostics: readonly ts.Diagnostic[]): string[] {
      return diagnostics.map(({ file, messageText }) => {
        const where = file?.fileName.slice(folder.length + 1) ?? 'options';
        return `${where}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
      });
    }

    /** Compiles a program and our declarations: what is wrong with either. Others' declarations are theirs. */
    function diagnose(text: string, options: ts.CompilerOptions): string[] {
      const program = programOf(text, { skipLibCheck: false, ...options });
      const ours = program
        .getSourceFiles()
        .filter(({ fileName }) =>
          /\/(program|node_modules\/rxjs-load-balance\/dist\/.*)\.ts$/.test(fileName),
        );
      expect(ours, 'the declarations that were read').to.have.length.above(10);
      return show([
        ...program.getOptionsDiagnostics(),
        ...program.getGlobalDiagnostics(),
        ...ours.flatMap((file) => [
          ...program.getSyntacticDiagnostics(file),
          ...program.getSemanticDiagnostics(file),
        ]),
      ]);
    }

    const es2022 = ['lib.es2022.d.ts'];
    const newest = ['lib.esnext.d.ts', 'lib.dom.d.ts', 'lib.dom.asynciterable.d.ts'];

    it('should compile with ES2022 alone, and our declarations too', () => {
      expect(diagnose(plain, { lib: es2022 })).to.deep.equal([]);
    });

    it('should compile without a word from anybody when declarations are trusted', () => {
      const program = programOf(plain, { lib: es2022, skipLibCheck: true });
      expect(show(ts.getPreEmitDiagnostics(program))).to.deep.equal([]);
    });

    it('should compile with the newest library and the DOM', () => {
      expect(diagnose(plain, { lib: newest })).to.deep.equal([]);
    });

    it("should compile with Node's types", () => {
      expect(diagnose(plain, { lib: es2022, types: ['node'] })).to.deep.equal([]);
    });

    it('should compile with the resolution of bundlers', () => {
      const module = ts.ModuleKind.ESNext;
      const moduleResolution = ts.ModuleResolutionKind.Bundler;
      expect(diagnose(plain, { lib: es2022, module, moduleResolution })).to.deep.equal([]);
    });

    it('should pass signals to and fro with the DOM', () => {
      expect(diagnose(withSignals, { lib: newest })).to.deep.equal([]);
    });

    it("should pass signals to and fro with Node's types", () => {
      expect(diagnose(withSignals, { lib: es2022, types: ['node'] })).to.deep.equal([]);
    });

    it('should dispose of a LoadBalancer with await using', () => {
      expect(diagnose(withDisposal, { lib: newest })).to.deep.equal([]);
    });

    it("should dispose of a LoadBalancer with await using and Node's types", () => {
      expect(diagnose(withDisposal, { lib: es2022, types: ['node'] })).to.deep.equal([]);
    });

    it('should be told what is wrong', () => {
      const wrong = `
        import { of } from 'rxjs';
        import { loadBalance } from 'rxjs-load-balance';
        export const outcomes$ = of(1).pipe(loadBalance([(event: string) => of(event)]));
      `;
      const [message] = diagnose(wrong, { lib: es2022 });
      expect(message).to.match(/^program\.ts: .*not assignable/s);
    });
  });
}
