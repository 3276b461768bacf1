import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { packageFolder } from './packed.js';

// Coverage counts every file of the package, and a file that only holds types has nothing to count unless it
// is loaded. So this also keeps the gate honest without a list of exceptions.
describe('the modules of the package', () => {
  for (const folder of ['dist/src', 'dist/operators']) {
    it(`should each load on its own: ${folder}`, async () => {
      const files = readdirSync(join(packageFolder, folder), { encoding: 'utf8', recursive: true });
      const modules = files.filter((file) => file.endsWith('.js'));
      expect(modules).to.not.be.empty;
      for (const file of modules) {
        const loaded: unknown = await import(pathToFileURL(join(packageFolder, folder, file)).href);
        expect(loaded, file).to.be.a('module');
      }
    });
  }
});
