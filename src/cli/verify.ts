import { parseArgs } from 'node:util';
import { isUuid } from '../common/ids/uuid';
import { VerificationsService } from '../modules/evidence';
import { PLATFORM_TENANT, TenantDatabase } from '../platform/database/tenant-database';
import { type Features } from '../platform/features/features';
import { withServices } from './operator.module';

/**
 * Verifies ledgers: of all tenants, of one, or one ledger. Prints a line per ledger and one per finding.
 * @throws Error when something is wrong
 */
export async function verify(
  features: Features,
  args: readonly string[],
  print: (line: string) => void,
): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { tenant: { type: 'string' }, ledger: { type: 'string' } },
  });
  const { tenant, ledger } = values;
  for (const [name, id] of Object.entries(values)) if (!isUuid(id)) throw new Error(`--${name} takes an id`);
  if (ledger !== undefined && tenant === undefined) throw new Error('--ledger needs --tenant');
  const found = await withServices(features, async (services) => {
    const verifications = services.get(VerificationsService);
    const database = services.get(TenantDatabase);
    let total = 0;
    for (const tenantId of tenant === undefined ? await tenantsOf(database) : [tenant]) {
      for (const ledgerId of ledger === undefined ? await verifications.ledgersOf(tenantId) : [ledger]) {
        const result = await verifications.verify(tenantId, ledgerId, null);
        const { sequence, entries, balances, checkpoints, findingCount, findings } = result;
        const counts = `${sequence} transactions, ${entries} entries, ${balances} balances, ${checkpoints} checkpoints`;
        print(`tenant ${tenantId} ledger ${ledgerId}: ${counts}, ${findingCount} findings`);
        for (const { rule, object, detail } of findings) print(`  ${rule}: ${object}: ${detail}`);
        total += Number(findingCount);
      }
    }
    return total;
  });
  if (found > 0) throw new Error(`${found} found`);
  print('nothing found');
}

async function tenantsOf(database: TenantDatabase): Promise<string[]> {
  const { rows } = await database.run(PLATFORM_TENANT, 'read', ({ client }) =>
    client.query<{ id: string }>('SELECT id FROM tenants ORDER BY id'),
  );
  return rows.map(({ id }) => id);
}
