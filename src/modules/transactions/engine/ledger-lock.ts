import { createHash } from 'node:crypto';

/**
 * Advisory lock of a ledger: two 32-bit integers from a hash of its name. Two ledgers that share one by chance wait
 * for each other, and that is all.
 */
export function ledgerLock(tenantId: string, ledgerId: string): readonly [number, number] {
  const digest = createHash('sha256').update(`ledger ${tenantId} ${ledgerId}`).digest();
  return [digest.readInt32BE(0), digest.readInt32BE(4)];
}
