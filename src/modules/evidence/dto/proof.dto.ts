import { ApiProperty } from '@nestjs/swagger';
import { CheckpointResponse } from './checkpoint.dto';

const HASH = {
  minLength: 64,
  maxLength: 64,
  example: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
} as const;

export class ProofStepResponse {
  @ApiProperty({ enum: ['left', 'right'], description: 'On which side of the hash so far.', example: 'right' })
  side: 'left' | 'right';

  @ApiProperty({ description: 'Hexadecimal.', ...HASH })
  hash: string;
}

export class ProofResponse {
  @ApiProperty({ enum: ['daybook.proof.1'], example: 'daybook.proof.1' })
  form: 'daybook.proof.1';

  /** The text that stands for the transaction, byte by byte what is hashed. */
  @ApiProperty({ example: '["daybook.transaction.1","019ab3c4-7d10-7c11-8a52-0f6f3c1c9b01","1",…]' })
  canonical: string;

  /** Of the transaction before; 64 zeros for the first. */
  @ApiProperty(HASH)
  previousHash: string;

  /** SHA-256 of the previous hash, its 64 digits, and the canonical text after them. */
  @ApiProperty(HASH)
  hash: string;

  /** From the leaf, SHA-256(00 ‖ the 32 bytes of the hash), up: each step is SHA-256(01 ‖ left ‖ right). The last one is the checkpoint’s root. */
  @ApiProperty({ type: () => [ProofStepResponse] })
  path: ProofStepResponse[];

  @ApiProperty({ type: () => CheckpointResponse })
  checkpoint: CheckpointResponse;
}
