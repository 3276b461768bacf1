import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { build } from 'esbuild';
import { packageFolder } from './packed.js';

/** Bytes that `import { loadBalance }` may add to a page: minified, gzipped, rxjs not counted. */
const LIMIT = 12_800;

describe('the size of the package', () => {
  it(`should add less than ${LIMIT} bytes to a bundle for loadBalance`, async function () {
    const bundle = await build({
      stdin: {
        contents: "import { loadBalance } from 'rxjs-load-balance'; globalThis.used = loadBalance;",
        resolveDir: packageFolder,
      },
      bundle: true,
      minify: true,
      format: 'esm',
      target: 'es2022',
      platform: 'browser',
      external: ['rxjs', 'rxjs/*'],
      // Not this repository's tsconfig.json, whose "paths" lead to the source.
      tsconfigRaw: {},
      write: false,
      metafile: true,
      logLevel: 'silent',
    });

    const inputs = Object.keys(bundle.metafile.inputs).filter((input) => input !== '<stdin>');
    expect(inputs, 'the files in the bundle').to.include('dist/operators/loadBalance.js');
    expect(inputs.filter((input) => !/^(dist\/(src|operators)|node_modules)\//.test(input))).to.deep.equal(
      [],
    );

    const [output] = bundle.outputFiles;
    const size = gzipSync(output?.contents ?? '', { level: 9 }).length;
    console.log(`      ${size} bytes of ${LIMIT}`);
    expect(size).to.be.within(100, LIMIT);
  });
});
