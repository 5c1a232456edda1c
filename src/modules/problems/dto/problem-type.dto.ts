import { ApiProperty } from '@nestjs/swagger';

export class ProblemTypeResponse {
  /** What programs look at; it never changes. */
  @ApiProperty({ example: 'unbalanced' })
  code: string;

  /** What `type` of the problem document says. */
  @ApiProperty({ format: 'uri', example: 'https://api.daybook.example/problems/unbalanced' })
  type: string;

  @ApiProperty({ type: 'integer', minimum: 400, maximum: 599, example: 422 })
  status: number;

  @ApiProperty({ example: 'Debits and credits differ' })
  title: string;

  /** What happened. */
  @ApiProperty({ example: 'The entries of a transaction sum to zero in each currency. These do not.' })
  description: string;

  /** What the caller can do about it. */
  @ApiProperty({ example: 'Mend the amounts or add the missing entry.' })
  remedy: string;

  /** A problem document of this type. */
  @ApiProperty({ type: 'object', additionalProperties: true, example: { code: 'unbalanced', status: 422 } })
  example: Record<string, unknown>;
}

export class ProblemTypeList {
  /** By code. */
  @ApiProperty({ type: () => [ProblemTypeResponse] })
  items: ProblemTypeResponse[];
}
