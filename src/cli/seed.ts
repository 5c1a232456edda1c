import { type Config } from '../config/config';
import { TenantsService } from '../modules/tenants';
import { UsersService } from '../modules/users';
import { PLATFORM_TENANT, TenantDatabase } from '../platform/database/tenant-database';
import { PasswordHasher } from '../platform/security/password-hasher';
import { type Features } from '../platform/features/features';
import { withServices } from './operator.module';

/** Known to everybody who can read: for laptops and sandboxes only. */
const DEMO = { email: 'demo@daybook.example', password: 'open-sesame-on-a-laptop', slug: 'demo' } as const;

/** Makes the demo tenant and its login, or sets the login's password back to what is documented. */
export async function seed(
  features: Features,
  config: Config,
): Promise<{ tenant: string; email: string; password: string }> {
  if (config.environment === 'production')
    throw new Error('the demo login is public knowledge: it is not made in production (users:create-admin is)');
  return withServices(features, async (services) => {
    const database = services.get(TenantDatabase);
    const tenants = services.get(TenantsService);
    const users = services.get(UsersService);
    const passwordHash = await services.get(PasswordHasher).hash(DEMO.password);
    const tenant = await database.run(PLATFORM_TENANT, 'write', async () => {
      const { user, created } = await users.findOrCreate({ email: DEMO.email, name: 'Demo', passwordHash });
      if (!created) await users.replaceHash(user, passwordHash);
      await users.makePlatformAdmin(user.id);
      const known = await tenants.bySlug(DEMO.slug);
      if (known) return known;
      const owner = { email: DEMO.email, name: 'Demo' };
      return (await tenants.create({ name: 'Demo', slug: DEMO.slug, owner }, passwordHash)).tenant;
    });
    return { tenant: tenant.id, email: DEMO.email, password: DEMO.password };
  });
}
