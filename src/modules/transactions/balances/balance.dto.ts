import { ApiProperty, ApiPropertyOptional, IntersectionType } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, Matches, Max, Min } from 'class-validator';
import { CUSTOM_CURRENCY_CODE } from '../../../common/money/currency';
import { PageOf, PageQuery } from '../../../platform/http/pagination/page.dto';
import { ACCOUNT_PATTERN, ACCOUNT_TYPES, type AccountType, type Direction, DIRECTIONS } from '../core/account';
import { AsOfQuery } from './as-of.dto';
import { MayBeAbsent } from '../../../platform/http/validators';

const AMOUNT = { type: 'string', example: '25.00' } as const;

const FLAG = ['true', 'false'] as const;

export class AccountBalancesQuery extends AsOfQuery {
  /** The account and all accounts below it, added up: `users:ann` and every `users:ann:…`. */
  @ApiPropertyOptional({ enum: FLAG, default: 'false' })
  @MayBeAbsent()
  @IsIn(FLAG)
  rollup?: (typeof FLAG)[number];
}

export class LedgerBalancesQuery extends IntersectionType(PageQuery, AsOfQuery) {
  /** A code: it and all below it. With `*` for any one segment and a last `**` for one or more: the accounts of the pattern. */
  @ApiPropertyOptional({ maxLength: 255, example: 'users:*:wallet' })
  @MayBeAbsent()
  @Matches(ACCOUNT_PATTERN, {
    message: 'code must be an account code, in which a segment may be * and the last one **',
  })
  code?: string;

  /** Added up by this many first segments of the codes. Without it: each account by itself. */
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 127, example: 1 })
  @MayBeAbsent()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(127)
  depth?: number;

  /** Of this currency. */
  @ApiPropertyOptional({ example: 'EUR' })
  @MayBeAbsent()
  @Matches(CUSTOM_CURRENCY_CODE, { message: 'currency must be a code such as EUR' })
  currency?: string;
}

export class PendingAmounts {
  @ApiProperty({ ...AMOUNT, example: '0.00', description: 'What open holds will debit at the most.' })
  debits: string;

  @ApiProperty({ ...AMOUNT, example: '5.00', description: 'What open holds will credit at the most.' })
  credits: string;
}

export class BalanceAmounts {
  @ApiProperty({ ...AMOUNT, description: 'Sum of the debits.' })
  debits: string;

  @ApiProperty({ ...AMOUNT, example: '0.00', description: 'Sum of the credits.' })
  credits: string;

  @ApiProperty({ ...AMOUNT, description: 'What the account holds on its normal side; negative when it is overdrawn.' })
  amount: string;
}

export class BalanceResponse {
  @ApiProperty({ example: 'EUR' })
  currency: string;

  @ApiProperty({ type: () => BalanceAmounts })
  posted: BalanceAmounts;

  @ApiProperty({ type: () => PendingAmounts })
  pending: PendingAmounts;

  @ApiProperty({
    ...AMOUNT,
    example: '20.00',
    description: 'Posted, less what outgoing holds reserve: what may be spent.',
  })
  available: string;

  @ApiProperty({ ...AMOUNT, description: 'Posted, and what incoming holds may bring.' })
  expected: string;

  @ApiProperty({ type: 'integer', minimum: 1, example: 1, description: 'Entries so far in this currency.' })
  version: number;
}

export class AccountBalancesResponse {
  @ApiProperty({ format: 'uuid', example: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b02' })
  accountId: string;

  @ApiProperty({ example: 'assets:bank:main' })
  account: string;

  @ApiProperty({ enum: DIRECTIONS, example: 'debit' })
  normalBalance: Direction;

  @ApiProperty({ example: false, description: 'Whether the accounts below it are in the sums.' })
  rollup: boolean;

  @ApiProperty({ type: 'string', format: 'date-time', nullable: true, example: null, description: 'null: now.' })
  asOf: string | null;

  @ApiProperty({ type: () => [BalanceResponse] })
  balances: BalanceResponse[];
}

export class TrialBalanceRow {
  @ApiProperty({ format: 'uuid', example: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b02' })
  accountId: string;

  @ApiProperty({ example: 'assets:bank:main' })
  account: string;

  @ApiProperty({ enum: ACCOUNT_TYPES, example: 'asset' })
  type: AccountType;

  @ApiProperty({ example: 'EUR' })
  currency: string;

  @ApiProperty(AMOUNT)
  debits: string;

  @ApiProperty({ ...AMOUNT, example: '0.00' })
  credits: string;

  @ApiProperty({ ...AMOUNT, description: 'Debits minus credits.' })
  balance: string;
}

export class TrialBalanceTotal {
  @ApiProperty({ example: 'EUR' })
  currency: string;

  @ApiProperty(AMOUNT)
  debits: string;

  @ApiProperty(AMOUNT)
  credits: string;

  @ApiProperty({ ...AMOUNT, example: '0.00', description: 'Debits minus credits: always zero.' })
  difference: string;
}

export class TrialBalanceResponse {
  @ApiProperty({ format: 'uuid', example: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b01' })
  ledgerId: string;

  @ApiProperty({ type: 'string', format: 'date-time', nullable: true, example: null, description: 'null: now.' })
  asOf: string | null;

  @ApiProperty({ enum: ['effective', 'created'], example: 'effective' })
  axis: 'effective' | 'created';

  @ApiProperty({ example: true, description: 'Whether every difference is zero.' })
  balanced: boolean;

  @ApiProperty({ type: () => [TrialBalanceTotal] })
  totals: TrialBalanceTotal[];

  @ApiProperty({ type: () => [TrialBalanceRow], description: 'By account code, then currency.' })
  rows: TrialBalanceRow[];
}

export class LedgerBalanceAmounts extends BalanceAmounts {
  @ApiProperty({ ...AMOUNT, description: 'Debits minus credits.' })
  declare amount: string;
}

export class LedgerBalanceResponse {
  @ApiProperty({
    example: 'assets',
    description: 'Of an account, or the first segments that several share; these need not be an account.',
  })
  code: string;

  @ApiProperty({ example: 'EUR' })
  currency: string;

  @ApiProperty({ type: 'integer', minimum: 1, example: 3, description: 'How many accounts are in the sums.' })
  accounts: number;

  @ApiProperty({ type: () => LedgerBalanceAmounts })
  posted: LedgerBalanceAmounts;

  @ApiProperty({ type: () => PendingAmounts })
  pending: PendingAmounts;
}

export class LedgerBalancePage extends PageOf(LedgerBalanceResponse) {}
