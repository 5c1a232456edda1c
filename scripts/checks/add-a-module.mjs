import { spawn } from 'node:child_process';
import { chmod, cp, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../services/ports.mjs';
import { run } from '../services/processes.mjs';
import { root } from '../setup/project.mjs';

/** The guide has a few kinds of field; the module that is made here has all of them. */
const ALL_KINDS =
  'number:string:unique, total:money, dueOn:date, note:text?, quantity:integer, settled:boolean, sentAt:instant?, customer:uuid?, discount:money?, code:string?';

/**
 * docs/guides/add-a-module.md, followed word for word in a copy of the repository: the module passes every check of the
 * house unedited, is served, and answers the guide's `curl`.
 */
export async function addAModule(signal) {
  const folder = await mkdtemp(join(tmpdir(), 'daybook-module-'));
  await chmod(folder, 0o755); // as root, PostgreSQL runs as another user, who must get in
  const copy = join(folder, 'daybook');
  let passed = 0;
  try {
    const guide = await readFile(join(root, 'docs/guides/add-a-module.md'), 'utf8');
    const [make, test, start, ask, ...others] = [...guide.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, text]) => text);
    if (others.length > 0 || !start?.startsWith('npm start'))
      throw new Error('the guide has other commands than those');
    await copyTo(copy);
    const shell = (script, env = {}) => bash(copy, script, env, signal);

    await shell(make.replace(/--fields "[^"]*"/, `--fields "${ALL_KINDS}"`));
    passed += 1;
    // the checks that make copies themselves are not made of the copy
    await shell(test, { DAYBOOK_CHECKS: 'of a copy' });
    passed += 1;

    await rm(join(copy, 'src/modules/invoices'), { recursive: true });
    await rm(join(copy, 'test/e2e/invoices.spec.ts'));
    await cp(join(root, 'src/app.features.ts'), join(copy, 'src/app.features.ts'));
    await shell(make);
    await served(copy, start, async (port) => {
      const answers = await shell(ask.replaceAll('localhost:3000', `localhost:${port}`));
      if (!/"items":\[\{[^\]]*"number":"2026-1"/.test(answers)) throw new Error(`the guide's curl printed ${answers}`);
    });
    return { passed: passed + 1, failed: 0 };
  } catch (error) {
    return { passed, failed: 1, output: error.message };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What git has, or would take: nothing that was built or installed. */
async function copyTo(copy) {
  const { output } = await run('git', ['ls-files', '-z', '-co', '--exclude-standard'], { cwd: root });
  for (const file of output.split('\0').filter((name) => name !== ''))
    // with its times, by which it is seen that the packages are those of the lock file
    await cp(join(root, file), join(copy, file), { preserveTimestamps: true }).catch((error) => {
      if (error.code !== 'ENOENT') throw error; // removed, and not yet committed
    });
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
}

async function bash(cwd, script, env, signal) {
  const { code, output } = await run('bash', ['-euo', 'pipefail', '-c', script], {
    cwd,
    signal,
    env: { ...process.env, ...env },
  });
  if (code !== 0) throw new Error(`${script}\n${output}`);
  return output;
}

/** Runs `work` while the product runs. */
async function served(cwd, script, work) {
  const port = await freePort();
  const env = { ...process.env, PORT: String(port) };
  // a group of its own: npm does not hand a signal on
  const child = spawn('bash', ['-c', script], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += String(data)));
  const ended = new Promise((resolve) => child.once('close', resolve));
  try {
    const deadline = Date.now() + 240_000;
    for (;;) {
      const answer = await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => undefined);
      if (answer?.ok) break;
      if (child.exitCode !== null || Date.now() > deadline) throw new Error(`npm start did not serve:\n${output}`);
      await delay(200);
    }
    await work(port);
  } finally {
    process.kill(-child.pid, 'SIGTERM');
    await ended;
  }
}
