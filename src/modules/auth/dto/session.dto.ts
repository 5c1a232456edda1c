import { ApiProperty } from '@nestjs/swagger';
import { formatInstant } from '../../../common/time/instant';
import { type Session } from '../entities/session.entity';

const INSTANT = { type: 'string', format: 'date-time', example: '2026-11-23T10:15:00.000Z' } as const;

export class SessionResponse {
  @ApiProperty({ format: 'uuid', example: '01980c2e-5f7a-7c3e-9d11-5b7f2f9f6d02' })
  id: string;

  @ApiProperty({ description: 'Whether it is the one that asks.', example: true })
  current: boolean;

  @ApiProperty({ ...INSTANT, description: 'When the person signed in.' })
  createdAt: string;

  @ApiProperty({ ...INSTANT, description: 'The last sign-in or refresh.' })
  lastUsedAt: string;

  @ApiProperty({ ...INSTANT, description: 'It ends then, unless it is refreshed before.' })
  idleExpiresAt: string;

  @ApiProperty({ ...INSTANT, description: 'It ends then, used or not.' })
  expiresAt: string;

  @ApiProperty({ type: String, nullable: true, example: '203.0.113.7', description: 'The address that signed in.' })
  source: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    example: 'Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0',
    description: 'What signed in, as it called itself: believe it as far as that goes.',
  })
  userAgent: string | null;

  static of(session: Session, current: string): SessionResponse {
    return {
      id: session.id,
      current: session.id === current,
      createdAt: formatInstant(session.createdAt),
      lastUsedAt: formatInstant(session.lastUsedAt),
      idleExpiresAt: formatInstant(session.idleExpiresAt),
      expiresAt: formatInstant(session.expiresAt),
      source: session.source,
      userAgent: session.userAgent,
    };
  }
}

export class SessionList {
  @ApiProperty({
    type: () => [SessionResponse],
    description: 'The one that was used last comes first; 50 at the most.',
  })
  items: SessionResponse[];
}

export class EndedSessionsResponse {
  @ApiProperty({ type: 'integer', example: 3, description: 'How many were ended.' })
  ended: number;
}
