import 'reflect-metadata';
import { FEATURES } from './app.features';
import { createAdmin } from './cli/create-admin';
import { rotateKeys } from './cli/rotate-keys';
import { seed } from './cli/seed';
import { verify } from './cli/verify';
import { ConfigError, loadConfig } from './config/config';
import { bootstrapDatabase } from './platform/database/bootstrap';
import { auditCatalog } from './platform/database/catalog-audit';
import { DatabaseClient } from './platform/database/database-client';
import { connectionRefused } from './platform/database/database-errors';
import { dataSourceOptions } from './platform/database/data-source-options';
import { migrate } from './platform/database/migrate';

const COMMANDS: Readonly<
  Record<string, { readonly help: string; readonly run: (args: readonly string[]) => Promise<void> }>
> = {
  bootstrap: {
    help: 'make the roles and the database (needs DATABASE_ADMIN_URL)',
    run: () => bootstrapDatabase(loadConfig()),
  },
  migrate: {
    help: 'apply missing migrations (needs DATABASE_MIGRATION_URL)',
    run: async () => {
      const applied = await migrate(dataSourceOptions(loadConfig(), FEATURES, 'migrator'));
      console.log(applied.length === 0 ? 'nothing to migrate' : applied.map((name) => `applied ${name}`).join('\n'));
    },
  },
  audit: {
    help: 'look for what could let one tenant see another’s rows; exit 1 when something is found',
    run: () => audit(loadConfig().database.url),
  },
  verify: {
    help: 'recompute ledgers and look for what was altered: [--tenant ID [--ledger ID]]; exit 1 when something is found',
    run: (args) => verify(args, console.log),
  },
  seed: {
    help: 'make the demo tenant and its login (not in production)',
    run: async () => {
      // the last line is for programs
      console.log(JSON.stringify(await seed(loadConfig())));
    },
  },
  'users:create-admin': {
    help: 'make a platform administrator: --email ADDRESS [--name NAME] [--password-stdin]',
    run: async (args) => {
      console.log(await createAdmin(args));
    },
  },
  'keys:rotate': {
    help: 'sign access tokens with the next key: [--early]',
    run: async (args) => {
      console.log(await rotateKeys(args));
    },
  },
};

async function audit(connectionString: string): Promise<void> {
  const client = new DatabaseClient({ connectionString, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    const findings = await auditCatalog({ query: (text, values) => client.query(text, [...values]) }, FEATURES.catalog);
    for (const { rule, object, detail } of findings) console.log(`${rule}: ${object}: ${detail}`);
    if (findings.length > 0) throw new Error(`${findings.length} found`);
    console.log('nothing found');
  } finally {
    await client.end();
  }
}

async function main([name, ...args]: readonly string[]): Promise<number> {
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
    await command.run(args);
    return 0;
  } catch (error) {
    const message = connectionRefused(error) ?? (error instanceof Error ? error.message : String(error));
    console.error(error instanceof ConfigError ? message : `${name ?? ''}: ${message}`);
    return 1;
  }
}

// a command that failed half-way may have left a connection open, which would keep the process
void main(process.argv.slice(2)).then((code) => process.exit(code));
