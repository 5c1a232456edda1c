/**
 * `npm run coverage`: the lines of `src` that no test in this process runs, as a list, and a report in coverage/. What runs
 * in processes of its own (main, worker, the operator's commands) is tested by starting those, and is not seen here.
 */
import { requireNodeVersion } from './setup/node-version.mjs';

requireNodeVersion();
const { readFile } = await import('node:fs/promises');
const { join, relative } = await import('node:path');
const { run } = await import('./services/processes.mjs');
const { root } = await import('./setup/project.mjs');

/** Of all lines of `src`, in per cent. */
const WANTED = 90;

const args = [
  'node_modules/jest/bin/jest.js',
  '--coverage',
  '--coverageProvider=v8',
  '--coverageReporters=json-summary',
  '--coverageReporters=html',
  '--collectCoverageFrom=src/**/*.ts',
  '--collectCoverageFrom=!src/**/*.spec.ts',
  '--collectCoverageFrom=!src/testing/**',
  '--maxWorkers=2',
  ...process.argv.slice(2),
];
const { code } = await run(process.execPath, args, {
  cwd: root,
  stdio: ['ignore', 'inherit', 'pipe'],
  output: (data) => process.stderr.write(data),
});
const { total, ...files } = JSON.parse(await readFile(join(root, 'coverage/coverage-summary.json'), 'utf8'));
const least = Object.entries(files)
  .filter(([, { lines }]) => lines.pct < WANTED)
  .sort(([, one], [, other]) => one.lines.pct - other.lines.pct);
console.log(`\nFiles below ${WANTED} % of lines:`);
for (const [file, { lines }] of least)
  console.log(`${lines.pct.toFixed(1).padStart(6)} %  ${relative(root, file)} (${lines.total - lines.covered} lines)`);
console.log(`\n${total.lines.pct} % of ${total.lines.total} lines, ${total.branches.pct} % of branches`);
process.exitCode = code !== 0 || total.lines.pct < WANTED ? 1 : 0;
