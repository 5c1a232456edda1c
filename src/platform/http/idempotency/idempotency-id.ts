import { hash } from 'node:crypto';

/** Where a key is unique: per tenant, person and operation. */
export interface IdempotencyScope {
  readonly principalId: string;
  /** Method and route pattern, or the name of the work, such as `import`. */
  readonly operation: string;
  readonly key: string;
}

/**
 * The id of the key's row: the first half of a SHA-256 of all that makes it unique, as a UUID. An index of these is a
 * third of one over the texts, and is looked up under row-level security.
 */
export function idempotencyId({ principalId, operation, key }: IdempotencyScope): string {
  const digest = hash('sha256', `${principalId} ${operation} ${key}`, 'hex');
  return `${digest.slice(0, 8)}-${digest.slice(8, 12)}-${digest.slice(12, 16)}-${digest.slice(16, 20)}-${digest.slice(20, 32)}`;
}
