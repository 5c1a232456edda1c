import { type Config } from '../config/config';
import { ApiKeysService } from '../modules/api-keys';
import { TenantsService } from '../modules/tenants';
import { UsersService } from '../modules/users';
import { PLATFORM_TENANT, TenantDatabase } from '../platform/database/tenant-database';
import { PasswordHasher } from '../platform/security/password-hasher';
import { type Features } from '../platform/features/features';
import { withServices } from './operator.module';

/** Known to everybody who can read: for laptops and sandboxes only. */
const DEMO = {
  email: 'demo@daybook.example',
  password: 'open-sesame-on-a-laptop',
  slug: 'demo',
  apiKey: 'daybook_test_OpenSesameLaptop_EverybodyKnowsThisSoOnlyOnLaptops2qV0R3',
} as const;

/** Makes the demo tenant with its login and its API key, or sets both back to what is documented. */
export async function seed(
  features: Features,
  config: Config,
): Promise<{ tenant: string; email: string; password: string; apiKey: string }> {
  if (config.environment === 'production')
    throw new Error('the demo login is public knowledge: it is not made in production (users:create-admin is)');
  return withServices(features, async (services) => {
    const database = services.get(TenantDatabase);
    const tenants = services.get(TenantsService);
    const users = services.get(UsersService);
    const passwordHash = await services.get(PasswordHasher).hash(DEMO.password);
    const { tenant, userId } = await database.run(PLATFORM_TENANT, 'write', async () => {
      const { user, created } = await users.findOrCreate({ email: DEMO.email, name: 'Demo', passwordHash });
      if (!created) await users.replaceHash(user, passwordHash);
      await users.makePlatformAdmin(user.id);
      const known = await tenants.bySlug(DEMO.slug);
      if (known) return { tenant: known, userId: user.id };
      const owner = { email: DEMO.email, name: 'Demo' };
      const made = await tenants.create({ name: 'Demo', slug: DEMO.slug, owner }, passwordHash);
      return { tenant: made.tenant, userId: user.id };
    });
    await database.run(tenant.id, 'write', () => services.get(ApiKeysService).install(DEMO.apiKey, 'Laptop', userId));
    return { tenant: tenant.id, email: DEMO.email, password: DEMO.password, apiKey: DEMO.apiKey };
  });
}
