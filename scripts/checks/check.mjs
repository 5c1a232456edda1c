import { dependenciesAreInstalled, installDependencies } from '../setup/dependencies.mjs';
import { asProblem, Problem } from '../setup/problem.mjs';
import { duration, showProblem, step } from '../setup/steps.mjs';
import { runJest } from './jest.mjs';
import { programs } from './programs.mjs';

/**
 * Runs every check, also after one has failed: whoever waited for a test run wants the whole list. What a failing check
 * printed is shown whole.
 *
 * @param filter what follows `npm test --`: passed to Jest, such as part of a file's name
 */
export async function check(filter) {
  const interruption = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(name, () => interruption.abort(new Problem('Interrupted.')));
  }
  const { signal } = interruption;
  const total = { passed: 0, failed: 0 };
  const failures = [];
  try {
    if (!(await dependenciesAreInstalled())) await step('Installing packages', () => installDependencies({ signal }));
    for (const { title, work } of [...(await programs()), ...jestProjects(filter)]) {
      const begun = performance.now();
      heading(title);
      const { passed, failed, output = '' } = await work(signal);
      if (failed > 0) {
        console.log(output.trimEnd());
        failures.push(title);
      }
      total.passed += passed;
      total.failed += failed;
      console.log(
        `${failed > 0 ? '✗' : '✓'} ${title}: ${passed} passed, ${failed} failed (${duration(performance.now() - begun)})`,
      );
    }
    if (!testsRan) {
      total.failed += 1;
      failures.push('no Jest test ran');
    }
  } catch (error) {
    showProblem(asProblem(error));
    total.failed += 1;
  }
  if (failures.length > 0) console.log(`\nFailed: ${failures.join(', ')}`);
  console.log(`\n${total.passed} passed, ${total.failed} failed`);
  process.exitCode = total.failed > 0 ? 1 : 0;
}

let testsRan = false;

function jestProjects(filter) {
  return ['unit', 'integration'].map((project) => ({
    title: `Jest: ${project}`,
    work: async (signal) => {
      const result = await runJest(project, filter, signal);
      testsRan ||= result.passed + result.failed > 0;
      return result;
    },
  }));
}

function heading(title) {
  console.log(`\n── ${title} ${'─'.repeat(Math.max(0, 70 - title.length))}`);
}
