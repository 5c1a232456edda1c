import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../services/processes.mjs';
import { build } from '../setup/build.mjs';
import { addAModule } from './add-a-module.mjs';
import { extension } from './extension.mjs';
import { root } from '../setup/project.mjs';

const node = process.execPath;
const installed = (path) => join('node_modules', path);

/**
 * The checks that are programs: each passes or fails as a whole. In two lanes that share nothing and run side by side,
 * each on one processor and for about as long.
 */
export async function programs() {
  const reading = [
    program('Boundaries', node, installed('dependency-cruiser/bin/dependency-cruise.mjs'), 'src', '--config'),
    program('Unused code', node, installed('knip/bin/knip.js'), '--no-progress'),
    program('Lint', node, installed('eslint/bin/eslint.js'), '--max-warnings=0', '.'),
  ];
  const building = [
    program('Format', node, installed('prettier/bin/prettier.cjs'), '--check', '--log-level=warn', '.'),
    program('Types', node, installed('typescript/bin/tsc'), '--noEmit', '-p', 'tsconfig.json'),
    { title: 'Build', work: (signal) => outcome(build({ signal })) },
  ];
  const openapi = 'scripts/check-openapi.mjs';
  if (await exists(openapi)) building.push(program('OpenAPI documents', node, openapi));
  if (process.env.DAYBOOK_CHECKS !== 'of a copy') {
    // as short as it can be: whether it runs, not what it says
    building.push(
      programIn({ BENCH_SECONDS: '0.1', BENCH_PAIRS: '1' }, 'Bench', node, 'scripts/bench.mjs', 'against', '.'),
    );
    reading.push({ title: 'A module of the generator, by its guide', work: addAModule });
    building.push({ title: 'A project that builds on the package', work: extension });
  }
  return [reading, building];
}

function program(title, command, ...args) {
  return programIn({}, title, command, ...args);
}

/** @param more environment variables */
function programIn(more, title, command, ...args) {
  return {
    title,
    work: async (signal) => {
      const { code, output } = await run(command, args, { cwd: root, signal, env: { ...process.env, ...more } });
      return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1, output };
    },
  };
}

async function outcome(work) {
  try {
    await work;
    return { passed: 1, failed: 0 };
  } catch (error) {
    return { passed: 0, failed: 1, output: error.output || error.message };
  }
}

const exists = (path) =>
  access(join(root, path)).then(
    () => true,
    () => false,
  );
