/** Major versions of PostgreSQL that each change is tested on, by `.ci/run` and `npm test -- --postgres 15`. */
export const SUPPORTED_POSTGRESQL = { oldest: 15, newest: 18 } as const;

/** The server is older than what we know to work. */
export class UnsupportedServerError extends Error {
  constructor(version: number) {
    const { oldest, newest } = SUPPORTED_POSTGRESQL;
    super(
      `Refusing: the server is PostgreSQL ${major(version)}. Daybook runs on ${oldest} to ${newest}: move the database to one of them.`,
    );
    this.name = 'UnsupportedServerError';
  }
}

export const SERVER_VERSION = `SELECT current_setting('server_version_num')::int AS version`;

/**
 * @param version `server_version_num`, such as 150018
 * @returns what to tell the operator about a server that is newer than those we know, which may well work
 */
export function checkServerVersion(version: number): string | undefined {
  const { oldest, newest } = SUPPORTED_POSTGRESQL;
  if (major(version) < oldest) throw new UnsupportedServerError(version);
  if (major(version) <= newest) return undefined;
  return `The server is PostgreSQL ${major(version)}, which is newer than this release: it was tested on ${oldest} to ${newest}.`;
}

const major = (version: number) => Math.floor(version / 10_000);
