import { ApiProperty } from '@nestjs/swagger';
import { formatInstant } from '../../../common/time/instant';
import { PageOf } from '../../../platform/http/pagination/page.dto';
import { type Checkpoint } from '../entities/checkpoint.entity';

const HASH = {
  minLength: 64,
  maxLength: 64,
  example: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
} as const;

export class CheckpointResponse {
  @ApiProperty({ format: 'uuid', example: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b31' })
  id: string;

  @ApiProperty({ format: 'uuid', example: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b01' })
  ledgerId: string;

  /** It covers the transactions after this sequence, which is the one of the checkpoint before; 0 for the first. */
  @ApiProperty({ type: 'integer', minimum: 0, example: 1200 })
  after: number;

  /** The last transaction that it covers. */
  @ApiProperty({ type: 'integer', minimum: 1, example: 1500 })
  sequence: number;

  /** Of that transaction, and so of the whole chain up to it; hexadecimal. */
  @ApiProperty(HASH)
  hash: string;

  /** Merkle root (RFC 6962) over the hashes of the transactions that it covers; hexadecimal. */
  @ApiProperty(HASH)
  root: string;

  /** Of the key that signed it: GET /.well-known/checkpoint-keys.json. */
  @ApiProperty({ example: 'oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U' })
  keyId: string;

  /** The statement itself: a compact JWS (ES256, `typ` daybook-checkpoint+jwt). Keep it where Daybook’s operator cannot change it. */
  @ApiProperty({ example: 'eyJhbGciOiJFUzI1NiIsInR5cCI6ImRheWJvb2stY2hlY2twb2ludCtqd3QiLCJraWQiOiIuLi4ifQ.e30.c2ln' })
  jws: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-21T10:15:00.000Z' })
  createdAt: string;

  static of(found: Checkpoint): CheckpointResponse {
    return {
      id: found.id,
      ledgerId: found.ledgerId,
      after: Number(found.after),
      sequence: Number(found.sequence),
      hash: found.hash.toString('hex'),
      root: found.root.toString('hex'),
      keyId: found.keyId,
      jws: found.jws,
      createdAt: formatInstant(found.createdAt),
    };
  }
}

export class CheckpointPage extends PageOf(CheckpointResponse) {}
