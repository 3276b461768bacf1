// The package as npm would publish it, packed once for all specs of this folder.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The package's own folder. npm and mocha run there. */
export const packageFolder = process.cwd();

/** The environment of child processes whose coverage nobody asks for. */
export const quietEnvironment = { ...process.env, NODE_V8_COVERAGE: undefined };

let packed: { file: string; bytes: Buffer } | undefined;

/** Packs what is in dist now, without building, and returns the tarball. */
export function packPackage(): { file: string; bytes: Buffer } {
  if (packed) return packed;
  if (!existsSync(join(packageFolder, 'dist/src/index.js'))) {
    throw new Error('expected a built package, got no dist/src/index.js: run "npm run build" first');
  }
  const folder = mkdtempSync(join(tmpdir(), 'rxjs-load-balance-packed-'));
  process.once('exit', () => {
    rmSync(folder, { recursive: true, force: true });
  });
  // The scripts stay out: prepack would build anew, under the specs that are running.
  execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], {
    cwd: packageFolder,
    env: quietEnvironment,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const { version } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as {
    version: string;
  };
  const file = join(folder, `rxjs-load-balance-${version}.tgz`);
  packed = { file, bytes: readFileSync(file) };
  return packed;
}
