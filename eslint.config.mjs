import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

const ENVIRONMENT = 'Only src/config reads the environment: add a line to its table (docs/guides/add-a-module.md).';

const PROCESS = {
  selector: "MemberExpression[property.name='process'][object.name=/^(globalThis|global)$/]",
  message: ENVIRONMENT,
};

const CLOCK = [
  "CallExpression[callee.object.name='Date'][callee.property.name='now']",
  "NewExpression[callee.name='Date'][arguments.length=0]",
  "CallExpression[callee.name='Date']",
].map((selector) => ({
  selector,
  message:
    'What is recorded takes PostgreSQL’s time, currentTransaction().now; a duration performance.now(); the rest the Clock (src/common/time/clock.ts).',
}));

const TENANT_TIME = ['Literal[value=%]', 'TemplateElement[value.raw=%]'].map((selector) => ({
  selector: selector.replace(
    '%',
    String.raw`/(?<!tenant_time\()\b(now|statement_timestamp|clock_timestamp|transaction_timestamp)\(\)|CURRENT_TIMESTAMP/`,
  ),
  message: 'In SQL that a tenant can see the effect of: tenant_now(), or tenant_time(…) (docs/decisions/0009-time.md).',
}));
const UPDATE_DATE = {
  selector: "ImportSpecifier[imported.name='UpdateDateColumn']",
  message: 'It takes the server’s time, whatever its default says: a column with TENANT_NOW, set by each update.',
};

export default defineConfig(
  {
    ignores: [
      'dist/**',
      'node_modules/**',
      'coverage/**',
      '.data/**',
      '.cache/**',
      'openapi/**',
      'examples/extension/**',
      '**/*.cjs',
    ],
  },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // a literal is as good as an instance of a response DTO: they carry no behaviour
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/config/**', 'src/testing/**', 'src/common/time/clock.ts', 'src/common/ids/uuid.ts', '**/*.spec.ts'],
    rules: {
      'no-restricted-properties': ['error', { object: 'process', property: 'env', message: ENVIRONMENT }],
      'no-restricted-imports': [
        'error',
        { paths: ['process', 'node:process'].map((name) => ({ name, message: ENVIRONMENT })) },
      ],
      'no-restricted-syntax': ['error', ...CLOCK, ...TENANT_TIME, UPDATE_DATE, PROCESS],
    },
  },
  {
    // the control plane and migrations: rows of no tenant take the server's time, and the audit looks at defaults
    files: [
      'src/modules/{auth,tenants}/**/*.ts',
      'src/modules/users/users.service.ts',
      'src/modules/users/entities/user.entity.ts',
      'src/platform/database/{catalog-audit,tenant-database}.ts',
      'src/**/migrations/*.ts',
    ],
    rules: { 'no-restricted-syntax': ['error', ...CLOCK, PROCESS] },
  },
  {
    // an answer can have any shape: a test says which by what it expects of it
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        fetch: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        performance: 'readonly',
        crypto: 'readonly',
        Buffer: 'readonly',
        AbortController: 'readonly',
        AbortSignal: 'readonly',
        setInterval: 'readonly',
        clearInterval: 'readonly',
      },
    },
  },
  prettier,
);
