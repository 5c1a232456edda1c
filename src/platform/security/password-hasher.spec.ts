import { type Config, loadConfig } from '../../config/config';
import { DUMMY_HASH, PasswordHasher } from './password-hasher';

describe('PasswordHasher', () => {
  const config: Config = loadConfig({ DATABASE_URL: 'postgres://a@b/c', REDIS_URL: 'redis://b' });
  const hasher = new PasswordHasher(config);

  it('AUTH-04 stores PHC strings with the parameters of RFC 9106', async () => {
    const stored = await hasher.hash('correct horse battery staple');
    expect(stored).toMatch(/^\$argon2id\$v=19\$m=65536,t=3,p=4\$[\w+/]{22}\$[\w+/]{43}$/);
    expect(hasher.isOutdated(stored)).toBe(false);
    expect(hasher.isOutdated('$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaA')).toBe(true);
    expect(await hasher.verify('correct horse battery staple', stored)).toBe(true);
    expect(await hasher.verify('correct horse battery stapl', stored)).toBe(false);
    expect(await hasher.verify('Correct horse battery staple', stored)).toBe(false);
  });

  it('AUTH-05 compares with a hash that costs the same when there is none, and nothing matches it', async () => {
    expect(hasher.isOutdated(DUMMY_HASH)).toBe(false);
    expect(await hasher.verify('', undefined)).toBe(false);
    expect(await hasher.verify('correct horse battery staple', undefined)).toBe(false);
  });
});
