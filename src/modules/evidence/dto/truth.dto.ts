import { ApiProperty } from '@nestjs/swagger';
import { CheckpointResponse } from './checkpoint.dto';
import { VerificationResponse } from './verification.dto';

export class TruthCurrencyResponse {
  @ApiProperty({ example: 'EUR' })
  currency: string;

  /** Of all balances, posted. */
  @ApiProperty({ type: 'string', example: '1250.00' })
  debits: string;

  @ApiProperty({ type: 'string', example: '1250.00' })
  credits: string;

  /** Debits minus credits: zero, or the book is broken. */
  @ApiProperty({ type: 'string', example: '0.00' })
  difference: string;

  /** What open holds reserve, counted once. */
  @ApiProperty({ type: 'string', example: '40.00' })
  held: string;
}

export class TruthComparisonResponse {
  /**
   * `entries`: each balance was compared with the sums of all its entries. `last-entries`: the ledger is too large for
   * that within a request, so each was compared with what its last entry says; the last verification has the rest.
   */
  @ApiProperty({ enum: ['entries', 'last-entries'], example: 'entries' })
  with: 'entries' | 'last-entries';

  @ApiProperty({ type: 'integer', minimum: 0, description: 'Balances that were compared.', example: 42 })
  balances: number;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'Balances that differ.', example: 0 })
  differing: number;
}

export class TruthHeadResponse {
  @ApiProperty({ type: 'integer', minimum: 0, example: 1500 })
  sequence: number;

  @ApiProperty({
    description: 'Hexadecimal; of the last transaction, 64 zeros for a ledger without any.',
    minLength: 64,
    maxLength: 64,
    example: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  })
  hash: string;
}

export class TruthResponse {
  @ApiProperty({ format: 'uuid', example: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b01' })
  ledgerId: string;

  @ApiProperty({
    format: 'date-time',
    description: 'The moment that all of it is of.',
    example: '2026-11-21T10:15:00.000Z',
  })
  asOf: string;

  /** Debits equal credits in every currency, and no balance differs from its entries. */
  @ApiProperty({ type: 'boolean', example: true })
  balanced: boolean;

  @ApiProperty({ type: () => [TruthCurrencyResponse] })
  currencies: TruthCurrencyResponse[];

  @ApiProperty({ type: () => TruthComparisonResponse })
  compared: TruthComparisonResponse;

  @ApiProperty({ type: () => TruthHeadResponse })
  head: TruthHeadResponse;

  /** Holds that are pending and have not expired. */
  @ApiProperty({ type: 'integer', minimum: 0, example: 3 })
  openHolds: number;

  @ApiProperty({ type: () => CheckpointResponse, nullable: true })
  lastCheckpoint: CheckpointResponse | null;

  @ApiProperty({ type: () => VerificationResponse, nullable: true })
  lastVerification: VerificationResponse | null;
}
