import { ApiProperty, ApiPropertyOptional, IntersectionType } from '@nestjs/swagger';
import { IsIn, IsString, IsUUID, MaxLength } from 'class-validator';
import { formatInstant } from '../../../common/time/instant';
import { PageOf, PageQuery } from '../../../platform/http/pagination/page.dto';
import { IsInstant, MayBeAbsent } from '../../../platform/http/validators';
import { PRINCIPAL_KINDS, type PrincipalKind } from '../../../platform/security/principal';
import { type AuditRecord } from '../entities/audit-record.entity';

const OUTCOMES = ['success', 'failure'] as const;
const INSTANT = { type: 'string', format: 'date-time' } as const;

export class AuditFilter {
  @ApiPropertyOptional({ maxLength: 100, example: 'usersChange', description: 'What was done.' })
  @MayBeAbsent()
  @IsString()
  @MaxLength(100)
  action?: string;

  @ApiPropertyOptional({ format: 'uuid', example: '01980c2e-5f7a-7c3e-9d11-5b7f2f9f6d01', description: 'Who did it.' })
  @MayBeAbsent()
  @IsUUID()
  actorId?: string;

  @ApiPropertyOptional({ enum: OUTCOMES, example: 'failure' })
  @MayBeAbsent()
  @IsIn(OUTCOMES)
  outcome?: 'success' | 'failure';

  @ApiPropertyOptional({
    maxLength: 500,
    example: '/v1/members/01980c2e-5f7a-7c3e-9d11-5b7f2f9f6d01',
    description: 'What it was done to.',
  })
  @MayBeAbsent()
  @IsString()
  @MaxLength(500)
  subject?: string;

  @ApiPropertyOptional({ ...INSTANT, example: '2026-11-01T00:00:00Z', description: 'Not before.' })
  @MayBeAbsent()
  @IsInstant()
  from?: string;

  @ApiPropertyOptional({ ...INSTANT, example: '2026-12-01T00:00:00Z', description: 'Before.' })
  @MayBeAbsent()
  @IsInstant()
  to?: string;
}

export class AuditQuery extends IntersectionType(PageQuery, AuditFilter) {}

export class AuditRecordResponse {
  @ApiProperty({ format: 'uuid', example: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9d01' })
  id: string;

  @ApiProperty({ ...INSTANT, example: '2026-11-23T10:15:00.000Z' })
  at: string;

  @ApiProperty({
    example: 'usersChange',
    description: 'The operation (`operationId` of this description), or what else happened: `sign-in`, `refresh`.',
  })
  action: string;

  @ApiProperty({ enum: OUTCOMES, example: 'success' })
  outcome: 'success' | 'failure';

  @ApiProperty({ enum: PRINCIPAL_KINDS, nullable: true, example: 'person', description: 'Of who did it.' })
  actorKind: PrincipalKind | null;

  @ApiProperty({
    format: 'uuid',
    nullable: true,
    example: '01980c2e-5f7a-7c3e-9d11-5b7f2f9f6d01',
    description: 'The person, or the API key; null: nobody knows.',
  })
  actorId: string | null;

  @ApiProperty({
    format: 'uuid',
    nullable: true,
    example: '01980c2e-5f7a-7c3e-9d11-5b7f2f9f6d02',
    description: 'The session, or the API key.',
  })
  credentialId: string | null;

  @ApiProperty({ type: String, nullable: true, example: null, description: 'How they proved who they are: `pwd`.' })
  method: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    example: '/v1/members/01980c2e-5f7a-7c3e-9d11-5b7f2f9f6d01',
    description: 'What it was done to: its address.',
  })
  subject: string | null;

  @ApiProperty({ type: String, nullable: true, example: '203.0.113.7', description: 'The address that it came from.' })
  source: string | null;

  @ApiProperty({ type: String, nullable: true, example: null, description: 'Why it failed.' })
  reason: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    example: '4bf92f3577b34da6a3ce929d0e0e4736',
    description: 'Under which the log has the request.',
  })
  traceId: string | null;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    example: { role: 'viewer' },
    description: 'The fields that changed, as they were; null: not said.',
  })
  before: object | null;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    example: { role: 'admin' },
    description: 'The fields that changed, as they are since.',
  })
  after: object | null;

  static of(record: AuditRecord): AuditRecordResponse {
    const { id, at, action, outcome, actorKind, actorId, credentialId, method, subject, source, reason, traceId } =
      record;
    const [who, what] = [
      { actorKind, actorId, credentialId, method },
      { subject, source, reason, traceId },
    ];
    return { id, at: formatInstant(at), action, outcome, ...who, ...what, before: record.before, after: record.after };
  }
}

export class AuditRecordPage extends PageOf(AuditRecordResponse) {}
