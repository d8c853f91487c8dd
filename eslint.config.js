import { readdirSync, readFileSync } from 'node:fs';
import { createProjectGraphAsync } from '@nx/devkit';
import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

// Without a project graph @nx/enforce-module-boundaries says so once and passes everything: make it, do not hope for it.
process.env.NX_DAEMON = 'false';
await createProjectGraphAsync({ exitOnError: true });

/** A service's own code may be used by that service only: one constraint per scope that an app declares. */
const appScopes = readdirSync(new URL('apps/', import.meta.url))
  .map((app) => JSON.parse(readFileSync(new URL(`apps/${app}/package.json`, import.meta.url), 'utf8')))
  .flatMap(({ nx: { tags } }) => tags.filter((tag) => tag.startsWith('scope:')));

const boundaries = [
  { sourceTag: 'type:app', onlyDependOnLibsWithTags: ['type:lib', 'type:contract'] },
  { sourceTag: 'type:lib', onlyDependOnLibsWithTags: ['type:lib', 'type:contract'] },
  { sourceTag: 'type:contract', onlyDependOnLibsWithTags: [] },
  { sourceTag: 'type:tool', onlyDependOnLibsWithTags: ['type:lib', 'type:contract', 'type:tool'] },
  { sourceTag: 'scope:shared', onlyDependOnLibsWithTags: ['scope:shared'] },
  { sourceTag: 'scope:tools', onlyDependOnLibsWithTags: ['scope:tools', 'scope:shared'] },
  ...appScopes.map((scope) => ({ sourceTag: scope, onlyDependOnLibsWithTags: [scope, 'scope:shared'] })),
];

export default tseslint.config(
  { ignores: ['**/dist/', '**/gen/', '.nx/', '.tributary/'] },
  {
    // No rule is switched off in place: a rule that is wrong is changed here, for everybody.
    linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: 'off' },
    plugins: { '@nx': nx },
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        {
          enforceBuildableLibDependency: false,
          allow: [],
          banTransitiveDependencies: true,
          depConstraints: boundaries,
        },
      ],
      'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx'] }],
      'max-lines': ['warn', 300],
      eqeqeq: 'error',
    },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: { project: './tsconfig.eslint.json', tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            {
              from: 'package',
              package: 'node:test',
              name: ['test', 'it', 'describe', 'suite', 'before', 'after'],
            },
          ],
        },
      ],
      '@typescript-eslint/only-throw-error': 'error',
      // The numbers and flags of a log line or a URL are meant to be printed.
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // Collaborators are often taken apart where they come in, and theirs are functions, not methods that need `this`.
      '@typescript-eslint/unbound-method': 'off',
      // Implementing an asynchronous interface is reason enough.
      '@typescript-eslint/require-await': 'off',
      'no-restricted-syntax': [
        'error',
        {
          selector: 'TSAsExpression > TSAsExpression[typeAnnotation.type="TSUnknownKeyword"]',
          message: 'A cast through unknown hides a wrong type; narrow it or fix the type.',
        },
      ],
    },
  },
  {
    files: ['apps/*/src/**', 'libs/*/src/**'],
    ignores: ['libs/testing/**'],
    rules: {
      'no-console': 'error',
      'no-restricted-imports': [
        'error',
        {
          paths: [
            { name: '@tributary/testing', message: 'Real servers are for tests.' },
            { name: 'node:test', message: 'Only in test/.' },
          ],
        },
      ],
    },
  },
  {
    // The mapping language is pure: text in, plan or findings out (no clock, no files, no network).
    files: ['libs/mapping/src/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: ['node:*', '!node:buffer', '!node:crypto', '!node:util'],
              message: 'libs/mapping is pure.',
            },
            { group: ['@tributary/testing'], message: 'Real servers are for tests.' },
          ],
        },
      ],
    },
  },
);
