// The rules of the house, executable (docs/architecture.md).
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'common-is-pure',
      comment: 'common has no I/O and no framework',
      severity: 'error',
      from: { path: '^src/common/', pathNot: '\\.spec\\.ts$' },
      to: { pathNot: '^src/common/', dependencyTypesNot: ['core'] },
    },
    {
      name: 'core-is-pure',
      comment: 'the ledger core decides in plain TypeScript: neither Nest nor TypeORM',
      severity: 'error',
      from: { path: '^src/modules/transactions/core/', pathNot: '\\.spec\\.ts$' },
      to: {
        pathNot: '^src/(common/|modules/transactions/core/)',
        dependencyTypesNot: ['core'],
      },
    },
    {
      name: 'evidence-core-is-pure',
      comment: 'what checks a ledger computes and nothing else: rows are read elsewhere',
      severity: 'error',
      from: { path: '^src/modules/evidence/core/', pathNot: '\\.spec\\.ts$' },
      to: {
        pathNot: '^src/(common/|modules/(evidence/core/|transactions/index\\.ts))',
        dependencyTypesNot: ['core'],
      },
    },
    {
      name: 'platform-knows-no-module',
      severity: 'error',
      from: { path: '^src/(platform|config)/' },
      to: { path: '^src/(modules/|testing/|cli/|(app|main|worker|cli|index|create-daybook)\\b)' },
    },
    {
      name: 'modules-through-index',
      comment: 'a module reaches another only through its index.ts',
      severity: 'error',
      from: { path: '^src/modules/([^/]+)/' },
      to: { path: '^src/modules/([^/]+)/', pathNot: ['^src/modules/$1/', '^src/modules/[^/]+/index\\.ts$'] },
    },
    {
      name: 'testing-is-for-tests',
      comment: 'what runs in production does without the support of tests',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/testing/|\\.spec\\.ts$' },
      to: { path: '^src/testing/' },
    },
    {
      name: 'not-to-dev-dep',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.spec\\.ts$' },
      to: { dependencyTypes: ['npm-dev'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
