/** The machine that was measured on, and the versions of everything that was measured. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, cpus, totalmem, type } from 'node:os';
import { fileURLToPath } from 'node:url';

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  /** Bytes. */
  readonly memory: number;
  readonly system: string;
  readonly node: string;
}

export function machine(): Machine {
  const processors = cpus();
  return {
    processor: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memory: totalmem(),
    system: `${type()} ${arch()}`,
    node: process.versions.node,
  };
}

/** The machine in one line. */
export function machineInWords({ processor, cores, memory, system, node }: Machine): string {
  return `${processor}, ${cores} cores, ${Math.round(memory / 2 ** 30)} GiB, ${system}, Node.js ${node}`;
}

interface Manifest {
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

const here = new URL('../', import.meta.url);
const manifestAt = (path: string) => JSON.parse(readFileSync(new URL(path, here), 'utf8')) as Manifest;

/** What the package under test is made of, or its connections are: installed at the root, for it and for the bare clients. */
const shared = ['rxjs', 'undici', 'ws', 'redis', '@nats-io/transport-node', '@nats-io/jetstream'];

/** What was installed here, and at the root. */
export function versions(): Record<string, string> {
  const own = Object.keys(manifestAt('package.json').dependencies ?? {});
  const found = [
    ...own.map((name) => [name, `node_modules/${name}/package.json`] as const),
    ...shared.map((name) => [name, `../node_modules/${name}/package.json`] as const),
  ];
  return Object.fromEntries(found.map(([name, path]) => [name, manifestAt(path).version] as const).sort());
}

/**
 * Throws unless the package under test uses the very copies of rxjs and of the clients that are imported here: with
 * two, the package would meet Observables of a foreign class, and a client would be compared to another version.
 */
export function expectOneCopy(): void {
  const ofPackage = createRequire(import.meta.resolve('rxjs-load-balance'));
  const ofBench = createRequire(import.meta.url);
  for (const name of shared) {
    const [theirs, ours] = [ofPackage.resolve(name), ofBench.resolve(name)];
    if (theirs !== ours) {
      const root = fileURLToPath(new URL('../', here));
      throw new Error(`expected one copy of ${name}, that of ${root}; got ${theirs} and ${ours}`);
    }
  }
}
