import { type Type } from '@nestjs/common';
import { createAdmin } from './create-admin';
import { describe } from './openapi';
import { rotateKeys } from './rotate-keys';
import { seed } from './seed';
import { verify } from './verify';
import { type Features } from '../platform/features/features';
import { ConfigError, loadConfig } from '../config/config';
import { bootstrapDatabase } from '../platform/database/bootstrap';
import { auditCatalog } from '../platform/database/catalog-audit';
import { DatabaseClient } from '../platform/database/database-client';
import { connectionRefused } from '../platform/database/database-errors';
import { dataSourceOptions } from '../platform/database/data-source-options';
import { migrate } from '../platform/database/migrate';

/** What the commands are of. */
export interface Application {
  readonly features: Features;
  readonly module: () => Type<object>;
}

interface Command {
  readonly help: string;
  readonly run: (application: Application, args: readonly string[]) => Promise<void>;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  bootstrap: {
    help: 'make the roles and the database (needs DATABASE_ADMIN_URL)',
    run: () => bootstrapDatabase(loadConfig()),
  },
  migrate: {
    help: 'apply missing migrations (needs DATABASE_MIGRATION_URL)',
    run: async ({ features }) => {
      const applied = await migrate(
        dataSourceOptions(loadConfig(), features, 'migrator'),
        features.catalog.platformTables,
      );
      console.log(applied.length === 0 ? 'nothing to migrate' : applied.map((name) => `applied ${name}`).join('\n'));
    },
  },
  audit: {
    help: 'look for what could let one tenant see another’s rows; exit 1 when something is found',
    run: ({ features }) => audit(loadConfig().database.url, features),
  },
  verify: {
    help: 'recompute ledgers and look for what was altered: [--tenant ID [--ledger ID]]; exit 1 when something is found',
    run: ({ features }, args) => verify(features, args, console.log),
  },
  seed: {
    help: 'make the demo tenant and its login (not in production)',
    run: async ({ features }) => {
      // the last line is for programs
      console.log(JSON.stringify(await seed(features, loadConfig())));
    },
  },
  'users:create-admin': {
    help: 'make a platform administrator: --email ADDRESS [--name NAME] [--password-stdin]',
    run: async ({ features }, args) => {
      console.log(await createAdmin(features, args));
    },
  },
  'keys:rotate': {
    help: 'sign access tokens with the next key: [--early]',
    run: async ({ features }, args) => {
      console.log(await rotateKeys(features, args));
    },
  },
  openapi: {
    help: 'write the description of the API: FILE (default openapi/v1.json)',
    run: (application, [path]) => describe(application, path ?? 'openapi/v1.json'),
  },
};

async function audit(connectionString: string, { catalog }: Features): Promise<void> {
  const client = new DatabaseClient({ connectionString, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    const findings = await auditCatalog({ query: (text, values) => client.query(text, [...values]) }, catalog);
    for (const { rule, object, detail } of findings) console.log(`${rule}: ${object}: ${detail}`);
    if (findings.length > 0) throw new Error(`${findings.length} found`);
    console.log('nothing found');
  } finally {
    await client.end();
  }
}

/** @returns the exit code */
export async function runCommand(application: Application, [name, ...args]: readonly string[]): Promise<number> {
  const command = name === undefined ? undefined : COMMANDS[name];
  if (!command) {
    console.error(
      `usage: cli.js COMMAND\n${Object.entries(COMMANDS)
        .map(([key, { help }]) => `  ${key.padEnd(20)}${help}`)
        .join('\n')}`,
    );
    return 2;
  }
  try {
    await command.run(application, args);
    return 0;
  } catch (error) {
    const message = connectionRefused(error) ?? (error instanceof Error ? error.message : String(error));
    console.error(error instanceof ConfigError ? message : `${name ?? ''}: ${message}`);
    return 1;
  }
}
