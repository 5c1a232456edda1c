import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { formatAmount } from '../../../common/money/amount';
import { formatInstant } from '../../../common/time/instant';
import { PageOf } from '../../../platform/http/pagination/page.dto';
import { type Direction, DIRECTIONS } from '../core/account';
import { inOneOrder } from '../../../common/http/metadata';
import { availableAmount, expectedAmount, postedAmount } from '../core/balance';
import { ENTRY_KINDS, type EntryKind, TRANSACTION_KINDS, type TransactionKind } from '../core/recorded';
import { type BalanceAfter } from '../engine/command';
import { TRANSACTION_STATUSES, type TransactionStatus, type TransactionView } from '../engine/replay';

export class EntryResponse {
  @ApiProperty({ example: 'assets:bank:main' })
  account: string;

  @ApiProperty({ format: 'uuid', example: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b02' })
  accountId: string;

  /** `held` and `released` ones move the pending balance, the others the posted one. */
  @ApiProperty({ enum: ENTRY_KINDS, example: 'posted' })
  kind: EntryKind;

  @ApiProperty({ enum: DIRECTIONS, example: 'debit' })
  direction: Direction;

  @ApiProperty({ type: 'string', example: '25.00' })
  amount: string;

  @ApiProperty({ example: 'EUR' })
  currency: string;

  /** What is left of it: of a hold to capture, of a posting to reverse; null where neither can be. */
  @ApiProperty({ type: 'string', nullable: true, example: '25.00' })
  remaining: string | null;
}

export class ChildResponse {
  @ApiProperty({ format: 'uuid', example: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b04' })
  id: string;

  @ApiProperty({ enum: ['capture', 'void', 'expiry', 'reversal'], example: 'reversal' })
  kind: TransactionKind;
}

export class BalanceAfterResponse {
  @ApiProperty({ example: 'assets:bank:main' })
  account: string;

  @ApiProperty({ format: 'uuid', example: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b02' })
  accountId: string;

  @ApiProperty({ example: 'EUR' })
  currency: string;

  /** In the sign of the account's normal balance. */
  @ApiProperty({ type: 'string', example: '125.00' })
  posted: string;

  /** Posted, less what outgoing holds reserve. */
  @ApiProperty({ type: 'string', example: '100.00' })
  available: string;

  /** Posted, and what incoming holds may bring. */
  @ApiProperty({ type: 'string', example: '125.00' })
  expected: string;

  /** Entries so far. */
  @ApiProperty({ type: 'integer', minimum: 1, example: 12 })
  version: number;
}

export class TransactionResponse {
  @ApiProperty({ format: 'uuid', example: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b03' })
  id: string;

  @ApiProperty({ format: 'uuid', example: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b01' })
  ledgerId: string;

  @ApiProperty({ type: 'integer', minimum: 1, example: 1, description: 'Place in the ledger: from 1, without gaps.' })
  sequence: number;

  /** What it records. */
  @ApiProperty({ enum: TRANSACTION_KINDS, example: 'posting' })
  kind: TransactionKind;

  @ApiProperty({ enum: TRANSACTION_STATUSES, example: 'posted' })
  status: TransactionStatus;

  /** Of a capture, void or expiry: the hold. Of a reversal: the original. */
  @ApiProperty({ type: 'string', format: 'uuid', nullable: true, example: null })
  parentId: string | null;

  /** Captures, void or expiry of a hold, reversals of a posted transaction; in their order. */
  @ApiProperty({ type: () => [ChildResponse] })
  children: ChildResponse[];

  /** The version of the transaction template that it was made with. */
  @ApiProperty({ type: 'string', format: 'uuid', nullable: true, example: null })
  templateId: string | null;

  @ApiProperty({ type: 'string', nullable: true, example: 'order-4711' })
  reference: string | null;

  @ApiProperty({ type: 'string', nullable: true, example: 'Order 4711' })
  description: string | null;

  @ApiProperty({ format: 'date-time', example: '2026-11-21T10:15:00.000Z', description: 'When it happened.' })
  effectiveAt: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-21T10:15:00.123Z', description: 'When the ledger knew.' })
  createdAt: string;

  @ApiProperty({
    format: 'uuid',
    example: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b00',
    description: 'The person who made it; the nil UUID for what the ledger did by itself.',
  })
  createdBy: string;

  /** Of a hold: when it ends by itself. */
  @ApiProperty({ type: 'string', format: 'date-time', nullable: true, example: null })
  expiresAt: string | null;

  @ApiProperty({ type: () => [EntryResponse] })
  entries: EntryResponse[];

  @ApiProperty({ type: 'object', additionalProperties: true, example: { channel: 'web' } })
  metadata: Record<string, unknown>;

  /** SHA-256, hexadecimal: of the hash of the transaction before it and this one. */
  @ApiProperty({
    minLength: 64,
    maxLength: 64,
    example: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  })
  hash: string;

  /** With `balances=true`: of each account and currency that it moved, right after it. */
  @ApiPropertyOptional({ type: () => [BalanceAfterResponse] })
  balances?: BalanceAfterResponse[];

  static of(
    { recorded, status, remaining, children }: TransactionView,
    balances?: readonly BalanceAfter[],
  ): TransactionResponse {
    return {
      id: recorded.id,
      ledgerId: recorded.ledgerId,
      sequence: Number(recorded.sequence),
      kind: recorded.kind,
      status,
      parentId: recorded.parentId,
      children: [...children],
      templateId: recorded.templateId,
      reference: recorded.reference,
      description: recorded.description,
      effectiveAt: formatInstant(recorded.effectiveAt),
      createdAt: formatInstant(recorded.createdAt),
      createdBy: recorded.createdBy,
      expiresAt: recorded.expiresAt && formatInstant(recorded.expiresAt),
      entries: recorded.entries.map(({ account, accountId, kind, direction, amount, currency, scale }, place) => {
        const left = kind === 'released' ? undefined : remaining?.[place];
        return {
          account,
          accountId,
          kind,
          direction,
          amount: formatAmount(amount, scale),
          currency,
          remaining: left === undefined ? null : formatAmount(left, scale),
        };
      }),
      metadata: inOneOrder({ ...recorded.metadata }),
      hash: recorded.hash,
      ...(balances ? { balances: balances.map(balanceAfterOf) } : {}),
    };
  }
}

function balanceAfterOf(balance: BalanceAfter): BalanceAfterResponse {
  const { account, accountId, currency, scale, normalBalance, version } = balance;
  return {
    account,
    accountId,
    currency,
    posted: formatAmount(postedAmount(balance, normalBalance), scale),
    available: formatAmount(availableAmount(balance, normalBalance), scale),
    expected: formatAmount(expectedAmount(balance, normalBalance), scale),
    version: Number(version),
  };
}

export class TransactionPage extends PageOf(TransactionResponse) {}
