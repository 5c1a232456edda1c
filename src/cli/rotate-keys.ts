import { parseArgs } from 'node:util';
import { KeyRing } from '../modules/auth';
import { type Features } from '../platform/features/features';
import { withServices } from './operator.module';

/** The published next key signs from now on. @returns what the operator is told */
export async function rotateKeys(features: Features, args: readonly string[]): Promise<string> {
  const { values } = parseArgs({ args: [...args], options: { early: { type: 'boolean', default: false } } });
  const kid = await withServices(features, (services) => services.get(KeyRing).rotate(values.early));
  return `key ${kid} signs from now on; processes that run notice within a minute`;
}
