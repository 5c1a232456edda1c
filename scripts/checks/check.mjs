import { dependenciesAreInstalled, installDependencies } from '../setup/dependencies.mjs';
import { asProblem, Problem } from '../setup/problem.mjs';
import { duration, showProblem, step } from '../setup/steps.mjs';
import { runJest } from './jest.mjs';
import { programs } from './programs.mjs';
import { RUNS } from './runs.mjs';

/**
 * Runs every check, also after one has failed: whoever waited for a test run wants the whole list. What a failing check
 * printed is shown whole.
 *
 * @param args what follows `npm test --`: `--postgres 15` for everything on another version; the rest is passed to Jest,
 * such as part of a file's name
 */
export async function check(args) {
  const { postgres, filter } = theirWishes(args);
  const interruption = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(name, () => interruption.abort(new Problem('Interrupted.')));
  }
  const { signal } = interruption;
  const total = { passed: 0, failed: 0 };
  const failures = [];
  try {
    if (!(await dependenciesAreInstalled())) await step('Installing packages', () => installDependencies({ signal }));
    const attempt = async ({ title, work }) => {
      const begun = performance.now();
      const { passed, failed, output = '' } = await work(signal);
      if (failed > 0) failures.push(title);
      total.passed += passed;
      total.failed += failed;
      const line = `${failed > 0 ? '✗' : '✓'} ${title}: ${passed} passed, ${failed} failed (${duration(performance.now() - begun)})`;
      console.log(failed > 0 && output ? `${output.trimEnd()}\n${line}` : line);
    };
    await Promise.all(
      (await programs()).map(async (lane) => {
        for (const program of lane) await attempt(program);
      }),
    );
    for (const jest of await jestRuns(postgres, filter)) {
      heading(jest.title);
      await attempt(jest);
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

function theirWishes(args) {
  const at = args.indexOf('--postgres');
  if (at < 0) return { filter: args };
  return { postgres: args[at + 1] ?? '', filter: args.toSpliced(at, 2) };
}

/** Who asks for a version or for some of the tests gets just that. */
async function jestRuns(postgres, filter) {
  const jest = (title, project, files, env) => ({
    title: `Jest: ${title}`,
    work: async (signal) => {
      const result = await runJest(project, files, signal, env);
      testsRan ||= result.passed + result.failed > 0;
      return result;
    },
  });
  if (postgres !== undefined) {
    return [jest(`integration, PostgreSQL ${postgres}`, 'integration', filter, { POSTGRES_PROGRAMS: postgres })];
  }
  const plain = ['unit', 'integration'].map((project) => jest(project, project, filter));
  if (filter.length > 0) return plain;
  const others = [];
  for (const { title, env, missing, files } of RUNS) {
    const lacks = await missing?.();
    if (lacks) console.log(`left out: ${title}: ${lacks}`);
    else others.push(jest(title, 'integration', files, env));
  }
  return [...plain, ...others];
}

function heading(title) {
  console.log(`\n── ${title} ${'─'.repeat(Math.max(0, 70 - title.length))}`);
}
