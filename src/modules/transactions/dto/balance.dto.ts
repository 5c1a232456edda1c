import { ApiProperty } from '@nestjs/swagger';
import { PageOf } from '../../../platform/http/pagination/page.dto';
import { ACCOUNT_TYPES, type AccountType, type Direction, DIRECTIONS } from '../core/account';

const AMOUNT = { type: 'string', example: '25.00' } as const;

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

export class AccountEntryResponse {
  @ApiProperty({ format: 'uuid', example: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b03' })
  transactionId: string;

  @ApiProperty({
    type: 'integer',
    minimum: 1,
    example: 1,
    description: 'Place of the entry in the balance of this currency.',
  })
  version: number;

  @ApiProperty({ enum: DIRECTIONS, example: 'debit' })
  direction: Direction;

  @ApiProperty(AMOUNT)
  amount: string;

  @ApiProperty({ example: 'EUR' })
  currency: string;

  @ApiProperty({ ...AMOUNT, description: 'Debits minus credits after the entry.' })
  balanceAfter: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-21T10:15:00.000Z' })
  effectiveAt: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-21T10:15:00.000Z' })
  createdAt: string;
}

export class AccountEntryPage extends PageOf(AccountEntryResponse) {}
