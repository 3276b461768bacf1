/** How mutants are made and tried: `npm run mutation`, some twenty minutes, in a copy of the package, built. */

/** Those of size: an instrumented million takes too long to be tried for each mutant. */
const many = ['100,000', '1,000,000', 'a million', 'thousand', 'grow(ing)? the stack', 'without a pause'];

/** Many runs of their own. */
const long = 'one more when sends take any time';

/** @type {import('@stryker-mutator/api/core').PartialStrykerOptions} */
export default {
  mutate: ['operators/*.ts', 'src/internal/*.ts'],
  packageManager: 'npm',
  plugins: ['@stryker-mutator/mocha-runner'],
  ignorePatterns: ['/bench', '/coverage', '/dist', '/docs', '/mutation/report'],
  // Types are none of it: a mutant need not have them.
  buildCommand: 'tsc --noCheck',
  testRunner: 'mocha',
  mochaOptions: {
    'no-config': true,
    require: ['./mutation/hooks.js'],
    // A mutant is given up at its first failure, so those that take long come last.
    spec: [
      'dist/spec/clientConnection-spec.js',
      'dist/spec/errors-spec.js',
      'dist/spec/exponentialBackoff-spec.js',
      'dist/spec/outcome-spec.js',
      'dist/spec/{operators,libbeat,testing,conformance,entry,internal}/*-spec.js',
      'dist/spec/badInput/*-spec.js',
      'dist/spec/properties/{invariants,model}-spec.js',
    ],
    grep: `/^(?!.*(${[...many, long].join('|')}))/`,
  },
  coverageAnalysis: 'perTest',
  concurrency: 2,
  timeoutMS: 4_000,
  timeoutFactor: 1.5,
  reporters: ['progress', 'clear-text', 'html', 'json'],
  clearTextReporter: { allowEmojis: false, reportTests: false },
  htmlReporter: { fileName: 'mutation/report/index.html' },
  jsonReporter: { fileName: 'mutation/report/report.json' },
  thresholds: { high: 95, low: 90, break: 85 },
};
