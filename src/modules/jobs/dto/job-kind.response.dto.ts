import { ApiProperty } from '@nestjs/swagger';

export class JobKindResponse {
  @ApiProperty({ type: 'string', example: 'maintenance.purge' })
  name: string;

  @ApiProperty({ type: 'string', example: 'Deletes finished jobs and expired idempotency keys.' })
  description: string;

  /** JSON Schema of the payload. */
  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    example: { type: 'object', properties: { olderThanDays: { type: 'integer', minimum: 1, default: 30 } } },
  })
  payload: object;

  @ApiProperty({ type: 'integer', minimum: 1, example: 3 })
  maxAttempts: number;

  /** Longest run, in milliseconds. */
  @ApiProperty({ type: 'integer', example: 600_000 })
  timeoutMs: number;
}

export class JobKindList {
  @ApiProperty({ type: () => [JobKindResponse] })
  items: JobKindResponse[];
}
