import { environmentSchema } from './environment';

/** Values that let somebody in, or read what is sealed. They belong in a secret store, not in a file that is shared. */
const SECRETS = new Set([
  'APP_SECRETS',
  'DATABASE_ADMIN_URL',
  'DATABASE_DIRECT_URL',
  'DATABASE_MIGRATION_URL',
  'DATABASE_URL',
  'METRICS_TOKEN',
  'REDIS_URL',
]);

/** What the variables without a default look like. */
const PLACEHOLDERS: Readonly<Record<string, string>> = {
  PUBLIC_URL: 'https://api.example.com',
  API_DOCS: 'true',
  METRICS_TOKEN: 'at-least-16-random-characters',
  DATABASE_URL: 'postgres://daybook_app:PASSWORD@localhost:5432/daybook',
  DATABASE_DIRECT_URL: 'postgres://daybook_app:PASSWORD@localhost:5432/daybook',
  DATABASE_MIGRATION_URL: 'postgres://daybook_migrator:PASSWORD@localhost:5432/daybook',
  DATABASE_ADMIN_URL: 'postgres://postgres:PASSWORD@localhost:5432/postgres',
  REDIS_URL: 'redis://:PASSWORD@localhost:6379',
};

const HEADER = `# Every variable that Daybook reads, with its default. Generated from src/config/environment.ts: npm run env:example
# What has no default must be set; the rest is commented out. [secret]: keep it out of repositories, images and logs.
# \`npm start\` needs none of them.
`;
const WIDTH = 118;

/** The text of `.env.example`. */
export function envExample(): string {
  const properties = Object.entries(environmentSchema.shape);
  return [HEADER, ...properties.map(([name, schema]) => entry(name, schema))].join('\n');
}

function entry(name: string, schema: (typeof environmentSchema.shape)[keyof typeof environmentSchema.shape]): string {
  const parsed = schema.safeParse(undefined);
  const required = !parsed.success;
  const fallback = parsed.success ? defaultText(parsed.data) : undefined;
  const description = `${SECRETS.has(name) ? '[secret] ' : ''}${schema.description ?? ''}`;
  const value = fallback ?? PLACEHOLDERS[name] ?? '';
  return [...wrapped(description), `${required ? '' : '# '}${name}=${value}`, ''].join('\n');
}

function defaultText(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  return Array.isArray(value) ? value.join(',') : `${value as string | number | boolean}`;
}

function wrapped(text: string): string[] {
  const lines: string[] = [];
  let line = '#';
  for (const word of text.split(' ')) {
    if (line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = '#';
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
