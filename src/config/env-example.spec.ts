import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { envExample } from './env-example';
import { environmentSchema } from './environment';

describe('.env.example', () => {
  it('is what the table of variables says (npm run env:example)', () => {
    expect(readFileSync(join(__dirname, '../../.env.example'), 'utf8')).toBe(envExample());
  });

  it('describes every variable, and leaves only those open that must be set', () => {
    const text = envExample();
    for (const [name, schema] of Object.entries(environmentSchema.shape)) {
      expect([name, schema.description?.length]).not.toEqual([name, undefined]);
      expect(text).toMatch(new RegExp(`^# .+\\n(# )?${name}=`, 'm'));
    }
    expect([...text.matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name)).toEqual(['DATABASE_URL', 'REDIS_URL']);
  });

  it('works as it stands, once the passwords are put in', () => {
    const variables: Record<string, unknown> = Object.fromEntries(
      [...envExample().matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value] as const),
    );
    expect(environmentSchema.safeParse(variables).success).toBe(true);
  });

  it('says of everything with a password or a key that it is a secret', () => {
    for (const [, description = '', name = '', value = ''] of envExample().matchAll(
      /((?:^# .*\n)+)(?:# )?([A-Z_]+)=(.*)$/gm,
    ))
      if (/PASSWORD|secret|openssl/.test(value))
        expect([name, description]).toEqual([name, expect.stringContaining('[secret]')]);
  });
});
