import { type Problem } from '../../../common/problems/problem';
import { type Posting, type PostedTransaction } from '../core/posting';

/** Where a command's idempotency key is unique: per tenant, person and operation. */
export interface CommandKey {
  readonly principalId: string;
  /** Method and route pattern, or the name of the work, such as `import`. */
  readonly operation: string;
  readonly key: string;
  /** SHA-256 of the canonical request. */
  readonly fingerprint: Buffer;
  /** Null: remembered for ever. */
  readonly expiresAt: Date | null;
}

export interface Command {
  readonly posting: Posting;
  readonly key: CommandKey;
}

export type Outcome =
  | { readonly kind: 'posted'; readonly transaction: PostedTransaction; readonly replayed: boolean }
  /** A refusal; `replayed` when it is the answer to an earlier request. */
  | { readonly kind: 'refused'; readonly problem: Problem; readonly replayed: boolean }
  /** A refusal that an earlier request with the key got, as it was sent then. */
  | { readonly kind: 'stored'; readonly status: number; readonly body: unknown };

export const scopedKey = ({ principalId, operation, key }: Omit<CommandKey, 'fingerprint' | 'expiresAt'>): string =>
  `${principalId} ${operation} ${key}`;
