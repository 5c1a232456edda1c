import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { isEmail } from 'class-validator';
import { isGuessable, PASSWORD_MAX, PASSWORD_MIN, randomPassword, UsersService } from '../modules/users';
import { PLATFORM_TENANT, TenantDatabase } from '../platform/database/tenant-database';
import { PasswordHasher } from '../platform/security/password-hasher';
import { Revocations } from '../platform/security/revocations';
import { type Features } from '../platform/features/features';
import { withServices } from './operator.module';

/**
 * Makes a platform administrator: a new person, or one who is known.
 * @returns what the operator is told; a generated password is in it, this once
 */
export async function createAdmin(features: Features, args: readonly string[]): Promise<string> {
  const { values } = parseArgs({
    args: [...args],
    options: { email: { type: 'string' }, name: { type: 'string' }, 'password-stdin': { type: 'boolean' } },
  });
  const { email, name } = values;
  if (email === undefined || !isEmail(email))
    throw new Error('--email ADDRESS is needed (--name NAME and --password-stdin may be given)');
  const given = values['password-stdin'] ? (await text(process.stdin)).replace(/\r?\n$/, '') : undefined;
  if (given !== undefined && (given.length < PASSWORD_MIN || given.length > PASSWORD_MAX))
    throw new Error(`the password needs ${PASSWORD_MIN} to ${PASSWORD_MAX} characters`);
  if (given !== undefined && isGuessable(given, { email, name: name ?? null }))
    throw new Error('the password is too easy to guess: use several unrelated words');
  const password = given ?? randomPassword();

  return withServices(features, async (services) => {
    const users = services.get(UsersService);
    const passwordHash = await services.get(PasswordHasher).hash(password);
    const created = await services.get(TenantDatabase).run(PLATFORM_TENANT, 'write', async () => {
      const { user, created } = await users.findOrCreate({ email, name: name ?? null, passwordHash });
      await users.makePlatformAdmin(user.id);
      await services.get(Revocations).announce(user.id);
      return created;
    });
    if (!created) return `${email} has an account and administers the platform now; the password is unchanged`;
    return given === undefined
      ? `${email} administers the platform; password: ${password}`
      : `${email} administers the platform`;
  });
}
