/** Format and lint of the files that are about to be committed, as they are in the folder. Run by scripts/hooks/pre-commit. */
import { run } from './services/processes.mjs';
import { root } from './setup/project.mjs';

const { output } = await run('git', ['diff', '--cached', '--name-only', '-z', '--diff-filter=ACMR'], { cwd: root });
const files = output.split('\0').filter((name) => name !== '');
const code = files.filter((name) => /\.(ts|mjs)$/.test(name) && !name.startsWith('examples/extension/'));
const checks = [
  ['prettier', '--check', '--ignore-unknown', '--log-level=warn', ...files],
  ...(code.length > 0 ? [['eslint', '--max-warnings=0', '--no-warn-ignored', ...code]] : []),
];
for (const [program, ...args] of files.length > 0 ? checks : []) {
  const { code: exitCode, output: said } = await run('npx', ['--no-install', program, ...args], { cwd: root });
  if (exitCode === 0) continue;
  console.error(
    `${said.trimEnd()}\n\nNot committed: ${program} has something to say (npm run format mends what it can).`,
  );
  process.exit(1);
}
