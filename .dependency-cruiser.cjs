'use strict';

// Imports run one way:
//
//   examples, spec  ->  src/index, src/entry  ->  operators  ->  the rest of src  ->  rxjs
//
// spec/package/imports-spec.ts plants a violation of each rule below and sees it reported.

/** The front door and the faces around the operator: they stand above operators. */
const FACES = '^src/(index\\.ts$|entry/|jetStream/)';

/** What users install beside the package, by what they use of it. */
const PEERS = 'rxjs|undici|redis|ws|@nats-io';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Files that import each other, types included, cannot be read one at a time.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'src-below-operators',
      comment: 'Only src/index.ts and src/entry stand above operators.',
      severity: 'error',
      from: { path: '^src/', pathNot: FACES },
      to: { path: '^operators/' },
    },
    {
      name: 'src-below-faces',
      comment: 'Nothing else in src (internal, libbeat, testing, …) knows src/index.ts or src/entry.',
      severity: 'error',
      from: { path: '^src/', pathNot: FACES },
      to: { path: FACES },
    },
    {
      name: 'operators-below-faces',
      comment: 'An operator does not know the faces built on it.',
      severity: 'error',
      from: { path: '^operators/' },
      to: { path: FACES },
    },
    {
      name: 'entry-below-index',
      comment: 'src/index.ts is the way in from outside, not from within.',
      severity: 'error',
      from: { path: '^src/entry/' },
      to: { path: '^src/index\\.ts$' },
    },
    {
      name: 'package-alone',
      comment: 'The published folders import none of the folders around them.',
      severity: 'error',
      from: { path: '^(src|operators)/' },
      to: { path: '^(examples|spec|bench)/' },
    },
    {
      name: 'package-by-path',
      comment: 'Within the package, files are imported by path; its name is for those outside.',
      severity: 'error',
      from: { path: '^(src|operators)/' },
      to: { path: '^(src|operators|dist)/', dependencyTypes: ['aliased'] },
    },
    {
      name: 'only-rxjs',
      comment:
        'Everything but src/connections and src/jetStream imports only rxjs and rxjs-for-await, and runs in a browser.',
      severity: 'error',
      from: { path: '^(src|operators)/', pathNot: '^src/(connections|jetStream)/' },
      to: {
        dependencyTypesNot: ['local'],
        pathNot: '(^|/)node_modules/(rxjs|rxjs-for-await)/|^(src|operators|dist)/',
      },
    },
    {
      name: 'rxjs-testing-in-testing',
      comment: "RxJS's test scheduler is for src/testing.",
      severity: 'error',
      from: { path: '^(src|operators)/', pathNot: '^src/testing/' },
      to: { path: '(^|/)node_modules/rxjs/(testing|dist/[^/]+/testing)/' },
    },
    {
      name: 'examples-by-name',
      comment: 'An example imports the package as a user does: by its name.',
      severity: 'error',
      from: { path: '^examples/' },
      to: { path: '^(src|operators|spec|dist)/', dependencyTypesNot: ['aliased'] },
    },
    {
      name: 'no-dev-dependencies',
      comment: 'Only spec may import what is not installed for a user. (Peers are installed here for spec.)',
      severity: 'error',
      from: { path: '^(src|operators|examples)/', pathNot: '^examples/(ship|recipes|cluster)/' },
      to: { dependencyTypes: ['npm-dev'], pathNot: `(^|/)node_modules/(${PEERS})/` },
    },
    {
      name: 'shipper-dev-dependencies',
      comment:
        'The shipper is a program and not installed with the package: its live view may use a terminal library.',
      severity: 'error',
      from: { path: '^examples/ship/' },
      to: { dependencyTypes: ['npm-dev'], pathNot: '(^|/)node_modules/(rxjs|log-update|chalk)/' },
    },
    {
      name: 'cluster-dev-dependencies',
      comment: 'The cluster is a program, too; it starts a NATS server, and talks to it.',
      severity: 'error',
      from: { path: '^examples/cluster/' },
      to: { dependencyTypes: ['npm-dev'], pathNot: '(^|/)node_modules/(rxjs|@nats-io|log-update|chalk)/' },
    },
    {
      name: 'recipe-dev-dependencies',
      comment: 'A recipe shows this package beside one that users have.',
      severity: 'error',
      from: { path: '^examples/recipes/' },
      to: {
        dependencyTypes: ['npm-dev'],
        pathNot: `(^|/)node_modules/(${PEERS}|piscina|@grpc/grpc-js)/`,
      },
    },
    {
      name: 'node-free-websocket',
      comment: './websocket runs in a browser.',
      severity: 'error',
      from: { path: '^src/connections/webSocket' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'resolvable',
      comment: 'What cannot be found cannot be judged by the rules above.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '^dist/'] },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['types', 'import', 'node', 'default'],
    },
  },
};
