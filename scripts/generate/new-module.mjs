import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { asProblem, Problem } from '../setup/problem.mjs';
import { root } from '../setup/project.mjs';
import { showProblem } from '../setup/steps.mjs';
import { fieldsOf } from './fields.mjs';
import { importWriter } from './imports.mjs';
import { namesOf } from './names.mjs';
import * as templates from './templates.mjs';

const USAGE = `Writes a module: table, entity, DTOs, service, routes, problem, permissions, specs and an e2e test.

  npm run new:module -- invoices --fields "number:string:unique, total:money, dueOn:date, note:text?"

  --fields     name:type, with "?" after the type where it may be missing, and ":unique" where it is one of a kind.
               Types: string, text, integer, boolean, date, instant, uuid, money
  --singular   of a name that is irregular: staff --singular staff-member
  --job        a kind of job that goes over all records, and its test
`;

/** `npm run new:module` here, `npx daybook new:module` in a project that builds on Daybook. */
export async function newModule(args) {
  try {
    const { values, positionals } = readArguments(args);
    if (values.help || positionals.length !== 1) {
      console.log(USAGE);
      if (!values.help) process.exitCode = 2;
      return;
    }
    const project = await projectAt(root);
    const names = namesOf(positionals[0], values.singular);
    const files = await filesOf(project, names, fieldsOf(values.fields ?? ''), values.job);
    for (const path of files.keys())
      if (existsSync(join(root, path))) throw new Problem(`${path} is there already; nothing was written.`);
    for (const [path, text] of files) await write(join(root, path), text);
    const listed = await enlist(project, names);
    console.log([...files.keys()].map((path) => `wrote ${path}`).join('\n'));
    console.log(listed);
    console.log(
      `\nNow: ${project.isDaybook ? 'npm run openapi && ' : ''}npm test${project.isDaybook ? ` -- ${names.plural}` : ''}`,
    );
  } catch (error) {
    showProblem(asProblem(error));
    process.exitCode = 1;
  }
}

function readArguments(args) {
  const options = {
    fields: { type: 'string' },
    singular: { type: 'string' },
    job: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  };
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    throw new Problem(`${error.message}\n\n${USAGE}`);
  }
}

/** Where things are in this repository, and in one that has Daybook as a package. */
async function projectAt(folder) {
  const { name } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  if (name === 'daybook')
    return { root: folder, isDaybook: true, modules: 'src/modules', tests: 'test/e2e', list: 'src/app.features.ts' };
  const { version } = createRequire(import.meta.url)('../../package.json');
  return {
    root: folder,
    isDaybook: false,
    modules: 'src',
    tests: 'test',
    list: 'src/daybook.ts',
    compatibility: `^${version}`,
  };
}

async function filesOf(project, names, fields, withJob) {
  const { plural, singular, Plural } = names;
  const folder = `${project.modules}/${plural}`;
  const time = await newestTime(project);
  const migrationFile = `${time}-${plural}`;
  const context = {
    names,
    fields,
    withJob,
    migrationFile,
    className: `${Plural}${time}`,
    compatibility: project.compatibility,
    imports: importWriter(project),
    testing: project.isDaybook ? '../../src/testing' : 'daybook/testing',
    application: project.isDaybook ? '../../src/app' : '../src/daybook',
  };
  const written = [
    [`${folder}/migrations/${migrationFile}.ts`, templates.migration],
    [`${folder}/entities/${singular}.entity.ts`, templates.entity],
    [`${folder}/dto/${singular}.dto.ts`, templates.dto],
    [`${folder}/dto/${singular}.dto.spec.ts`, templates.dtoSpec],
    [`${folder}/${plural}.errors.ts`, templates.errors],
    [`${folder}/${plural}.service.ts`, templates.service],
    [`${folder}/${plural}.controller.ts`, templates.controller],
    ...(withJob ? [[`${folder}/jobs/count-${plural}.kind.ts`, templates.job]] : []),
    [`${folder}/${plural}.module.ts`, templates.featureModule],
    [`${folder}/index.ts`, templates.index],
    [`${project.tests}/${plural}.spec.ts`, templates.e2e],
  ];
  return new Map(written.map(([file, template]) => [file, template({ ...context, file })]));
}

/** Now, and after every migration that is there. */
async function newestTime({ root: folder, modules }) {
  const found = await readdir(join(folder, modules), { recursive: true });
  const times = found.flatMap((name) => Number(/[\\/]migrations[\\/](\d{13})-[^\\/]*\.ts$/.exec(name)?.[1] ?? 0));
  return Math.max(Date.now(), ...times.map((time) => time + 1));
}

/** The list of features gets the module. @returns what is said of it */
async function enlist({ root: folder, list, isDaybook }, { plural, Plural }) {
  const file = join(folder, list);
  const text = await readFile(file, 'utf8').catch(() => '');
  const from = isDaybook ? `./modules/${plural}` : `./${plural}`;
  const statement = `import { ${Plural}Module } from '${from}';\n`;
  const place = isDaybook ? /\n\] as const;/ : /\.\.\.CORE_FEATURES(,?)/;
  if (!place.test(text))
    return `add ${Plural}Module of ${from} to the features of createDaybook: ${list} has no place for it that was recognised`;
  const withModule = isDaybook
    ? text.replace(place, `\n  ${Plural}Module,$&`)
    : text.replace(place, `...CORE_FEATURES, ${Plural}Module$1`);
  await write(file, withImport(withModule, statement));
  return `listed ${Plural}Module in ${list}`;
}

/** Among the other imports of the same distance, in the order of their names. */
function withImport(text, statement) {
  const pathOf = (line) => /from '(.*)'/.exec(line)?.[1] ?? '';
  const lines = text.split('\n');
  const imports = lines.filter((line) => line.startsWith('import '));
  const rank = (line) => (pathOf(line).startsWith('.') ? 1 : 0);
  const before = imports.filter(
    (line) => rank(line) < rank(statement) || (rank(line) === rank(statement) && pathOf(line) < pathOf(statement)),
  );
  const at = before.length === 0 ? 0 : lines.lastIndexOf(before.at(-1)) + 1;
  return [...lines.slice(0, at), statement.trimEnd(), ...lines.slice(at)].join('\n');
}

/** As Prettier writes it, where the project has Prettier. */
async function write(file, text) {
  const formatted = await format(file, text);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, formatted);
}

async function format(file, text) {
  try {
    const prettier = createRequire(join(root, 'package.json'))('prettier');
    return await prettier.format(text, { ...(await prettier.resolveConfig(file)), filepath: file });
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    return text;
  }
}
