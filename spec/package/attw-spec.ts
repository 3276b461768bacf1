import { checkPackage, createPackageFromTarballData, type ProblemKind } from '@arethetypeswrong/core';
import { expect } from 'chai';
import { packPackage } from './packed.js';

/** What ESM only means, and is meant: CommonJS gets the package through `require(esm)` or `import()`. */
const INTENDED: readonly ProblemKind[] = ['CJSResolvesToESM'];

describe('are the types wrong', () => {
  it('should find the types of every entry point', async function () {
    this.timeout(60_000);
    const result = await checkPackage(createPackageFromTarballData(packPackage().bytes));
    if (!result.types) expect.fail('expected a package with types, got one without');

    expect(Object.keys(result.entrypoints).sort()).to.deep.equal([
      '.',
      './http',
      './jetstream',
      './libbeat',
      './nats',
      './operators',
      './package.json',
      './redis',
      './tcp',
      './testing',
      './websocket',
    ]);
    const problems = result.problems
      .filter((problem) => !INTENDED.includes(problem.kind))
      // "node10" knows no "exports"; the package asks for Node 20.19.
      .filter((problem) => !('resolutionKind' in problem && problem.resolutionKind === 'node10'));
    expect(problems).to.deep.equal([]);
  });
});
