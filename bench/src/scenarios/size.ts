/** How much the package adds to a bundle. */
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { Measured } from '../results.js';
import type { Case, Scenario } from '../scenario.js';

async function bundled(contents: string): Promise<Measured> {
  const { build } = await import('esbuild');
  const bundle = await build({
    stdin: { contents, resolveDir: fileURLToPath(new URL('..', import.meta.url)) },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    external: ['rxjs', 'rxjs/*'],
    // Not the package's tsconfig.json, whose "paths" lead to its source.
    tsconfigRaw: {},
    write: false,
    logLevel: 'silent',
  });
  const code = bundle.outputFiles[0]?.contents ?? new Uint8Array();
  return {
    kind: 'figured',
    figures: {
      'bytes, minified': code.length,
      'bytes, gzipped': gzipSync(code, { level: 9 }).length,
    },
  };
}

const one = (name: string, contents: string): Case => ({ name, run: () => bundled(contents) });

export const size: Scenario = {
  name: 'size',
  about: 'A bundle for browsers, minified and gzipped; rxjs is not counted.',
  cases: [
    one(
      'import { loadBalance }',
      "import { loadBalance } from 'rxjs-load-balance'; globalThis.used = loadBalance;",
    ),
    one('everything', "import * as all from 'rxjs-load-balance'; globalThis.used = { ...all };"),
  ],
};
