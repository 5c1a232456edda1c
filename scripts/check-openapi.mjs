/**
 * Checks the API description: that openapi/v1.json is what the build says, that two linters with their own recommended
 * rules find no error, and that every operation explains itself. Runs on the build (`npm run build` first).
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { lint, loadConfig } from '@redocly/openapi-core';
import spectral from '@stoplight/spectral-core';
import parsers from '@stoplight/spectral-parsers';
import rulesets from '@stoplight/spectral-rulesets';

const root = fileURLToPath(new URL('..', import.meta.url));
const committed = 'openapi/v1.json';
const text = await readFile(join(root, committed), 'utf8');

const findings = [
  ...(await drift()),
  ...explanations(JSON.parse(text)),
  ...(await redocly()),
  ...(await spectralOas()),
];
for (const { severity, rule, where, message } of findings) console.log(`${severity} ${rule} ${where}: ${message}`);
const errors = findings.filter(({ severity }) => severity === 'error').length;
console.log(`${committed}: ${errors} errors, ${findings.length - errors} warnings`);
process.exitCode = errors > 0 ? 1 : 0;

/** Regenerates the document elsewhere and compares. */
async function drift() {
  const folder = await mkdtemp(join(tmpdir(), 'daybook-openapi-'));
  try {
    const generated = join(folder, 'v1.json');
    await promisify(execFile)(process.execPath, ['dist/cli.js', 'openapi', generated], { cwd: root });
    if ((await readFile(generated, 'utf8')) === text) return [];
    const message = 'is not what this build describes: run `npm run openapi`, look at the difference, commit it';
    return [{ severity: 'error', rule: 'drift', where: committed, message }];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What generated clients and readers need of every operation. */
function explanations({ paths }) {
  const found = [];
  const ids = new Map();
  for (const [path, operations] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const where = `${method.toUpperCase()} ${path}`;
      const miss = (message) => found.push({ severity: 'error', rule: 'explained', where, message });
      for (const field of ['summary', 'description', 'operationId', 'tags'])
        if (!operation[field]?.length) miss(`has no ${field}`);
      if (operation.summary?.length > 60)
        miss('has a summary of more than 60 characters: say the rest in the description');
      const statuses = Object.keys(operation.responses);
      const keyed = operation.parameters?.some(({ name }) => name === 'Idempotency-Key');
      if (method === 'post' && !keyed && operation['x-idempotency'] !== 'none')
        miss('does not say whether it asks for an Idempotency-Key: @Idempotent');
      const needed = operation.security.length > 0 ? ['401', '403'] : [];
      for (const status of needed) if (!statuses.includes(status)) miss(`has no ${status}`);
      if (!statuses.some((status) => status.startsWith('4'))) miss('has no answer for a request that is refused');
      if (ids.has(operation.operationId)) miss(`has the operationId of ${ids.get(operation.operationId)}`);
      ids.set(operation.operationId, where);
    }
  }
  return found;
}

async function redocly() {
  const config = await loadConfig({ configPath: join(root, 'redocly.yaml') });
  const problems = await lint({ ref: join(root, committed), config });
  return problems.map(({ severity, ruleId, message, location }) => ({
    severity: severity === 'error' ? 'error' : 'warning',
    rule: ruleId,
    where: location[0]?.pointer ?? '#',
    message,
  }));
}

async function spectralOas() {
  const linter = new spectral.Spectral();
  linter.setRuleset({ extends: [[rulesets.oas, 'recommended']] });
  const problems = await linter.run(new spectral.Document(text, parsers.Json, committed));
  return problems.map(({ severity, code, path, message }) => ({
    severity: severity === 0 ? 'error' : 'warning',
    rule: String(code),
    where: `#/${path.join('/')}`,
    message,
  }));
}
