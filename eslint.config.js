import { defineConfig, globalIgnores } from 'eslint/config';
import rxjsX from 'eslint-plugin-rxjs-x';
import tseslint from 'typescript-eslint';

export default defineConfig(
  globalIgnores(['dist/', 'coverage/', 'docs/api/', 'bench/', '.stryker-tmp/', 'mutation/report/']),
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
  },
  {
    files: ['**/*.ts'],
    extends: [
      tseslint.configs.strictTypeChecked,
      tseslint.configs.stylisticTypeChecked,
      rxjsX.configs.strict,
    ],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      // A number in a message needs no ceremony: `0/4 in flight`.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // What a user's function threw is passed on as it is, and nobody knows its type.
      // An error that nobody expects is thrown by RxJS, and so fails the spec, ends the program, or tells of a bug.
      'rxjs-x/no-ignored-error': 'off',
      'rxjs-x/throw-error': ['error', { allowThrowingAny: false, allowThrowingUnknown: true }],
    },
  },
  {
    files: ['spec/**/*.ts'],
    rules: {
      // chai's assertions are properties: `expect(x).to.be.true`.
      '@typescript-eslint/no-unused-expressions': 'off',
    },
  },
  {
    // Its own command lints it, once its peers are installed. Its senders are async functions on purpose.
    files: ['bench/**/*.ts'],
    rules: { '@typescript-eslint/require-await': 'off' },
  },
  {
    files: ['**/*.{js,cjs}'],
    extends: [tseslint.configs.base],
  },
);
