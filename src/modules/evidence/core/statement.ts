import { createHash } from 'node:crypto';
import { isUuid } from '../../../common/ids/uuid';

/** `typ` of a checkpoint's JWS: an access token has another one, so that neither passes for the other. */
export const CHECKPOINT_TYPE = 'daybook-checkpoint+jwt';
const FORM = 'daybook.checkpoint.1';

/** What a checkpoint says of a ledger. Sequences are decimal, hashes hexadecimal. */
export interface CheckpointStatement {
  readonly form: typeof FORM;
  readonly iss: string;
  readonly tenant: string;
  readonly ledger: string;
  /** Of the checkpoint before; "0" for the first. */
  readonly after: string;
  /** The last transaction that it covers. */
  readonly sequence: string;
  /** Of that transaction, and so of the whole chain up to it. */
  readonly hash: string;
  /** Merkle root (RFC 6962) over the hashes of the transactions after `after` up to `sequence`. */
  readonly root: string;
  /** SHA-256 of the JWS of the checkpoint before; null for the first. */
  readonly previous: string | null;
  /** Decimals of each currency in those transactions: amounts are minor units. */
  readonly currencies: Readonly<Record<string, number>>;
  /** RFC 3339, UTC. */
  readonly time: string;
}

export const statementOf = (said: Omit<CheckpointStatement, 'form'>): CheckpointStatement => ({ form: FORM, ...said });

/** The payload of a JWS, if it is a statement. */
export function readStatement(payload: unknown): CheckpointStatement | undefined {
  if (typeof payload !== 'object' || payload === null) return undefined;
  const said = payload as Record<string, unknown>;
  const numbers = [said.after, said.sequence].every((text) => typeof text === 'string' && /^\d{1,19}$/.test(text));
  const hashes = [said.hash, said.root].every(isHash) && (said.previous === null || isHash(said.previous));
  const names = isUuid(said.tenant) && isUuid(said.ledger);
  const texts = typeof said.iss === 'string' && typeof said.time === 'string';
  const scales = typeof said.currencies === 'object' && said.currencies !== null;
  const whole = said.form === FORM && numbers && hashes && names && texts && scales;
  return whole ? (payload as CheckpointStatement) : undefined;
}

const isHash = (text: unknown) => typeof text === 'string' && /^[0-9a-f]{64}$/.test(text);

/** How the next checkpoint names this one. */
export const digestOf = (jws: string): string => createHash('sha256').update(jws).digest('hex');
