import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../services/processes.mjs';
import { root } from '../setup/project.mjs';

/**
 * Runs one Jest project, shows its output while it comes, and counts tests. A file that could not even be loaded has no
 * tests to count and counts as one failure; so does a Jest that ends badly without saying why.
 */
export async function runJest(project, filter, signal, env = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'daybook-jest-'));
  const results = join(folder, 'results.json');
  // Jest's own choice is one worker on two cores; integration tests wait for PostgreSQL more than they compute
  const workers = Math.min(8, Math.max(2, availableParallelism() - 1));
  const args = ['node_modules/jest/bin/jest.js', '--selectProjects', project, `--maxWorkers=${workers}`];
  args.push('--ci', '--passWithNoTests', '--json', `--outputFile=${results}`, ...filter);
  try {
    let said = '';
    const { code } = await run(process.execPath, args, {
      cwd: root,
      env: { ...process.env, ...env },
      signal,
      stdio: ['ignore', 'ignore', 'pipe'], // standard output would repeat the JSON
      output: (data) => {
        said += data;
        process.stdout.write(data);
      },
    });
    const text = await readFile(results, 'utf8').catch(() => '{}');
    const { numPassedTests: passed = 0, numFailedTests = 0, numRuntimeErrorTestSuites = 0 } = JSON.parse(text);
    const warnings = warningsIn(said);
    for (const warning of warnings) console.log(`✗ not a failure, and not as it should be: ${warning}`);
    const failed = numFailedTests + numRuntimeErrorTestSuites + warnings.length;
    return { passed, failed: code !== 0 && failed === 0 ? 1 : failed };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What becomes an error one day: deprecations and leaks that Node and packages warn of. */
const warningsIn = (text) => text.split('\n').filter((line) => /^\(node:\d+\) (\[\w+\] )?\w*Warning: /.test(line));
