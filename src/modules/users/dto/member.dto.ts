import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsEmail, IsIn, IsOptional, IsString, Length, MaxLength } from 'class-validator';
import { formatInstant } from '../../../common/time/instant';
import { PageOf } from '../../../platform/http/pagination/page.dto';
import { type Role, ROLES } from '../../../platform/security/roles';
import { normaliseEmail } from '../entities/user.entity';
import { type MemberRow } from '../members.service';

const MEANING =
  'From most to least. `owner` and `admin` manage members and settings, `accountant` posts, `viewer` reads. Nobody can give a role above their own.';
/** For properties that are a role. */
export const ROLE_SCHEMA = { enum: ROLES, enumName: 'Role', enumSchema: { description: MEANING } };
const ROLE = { ...ROLE_SCHEMA, description: MEANING, example: 'accountant' };

export class AddMemberRequest {
  @ApiProperty({
    description: 'Upper and lower case are the same.',
    format: 'email',
    maxLength: 254,
    example: 'ada@example.com',
  })
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? normaliseEmail(value) : value))
  @IsEmail()
  @MaxLength(254)
  email: string;

  @ApiPropertyOptional({
    description: 'Used only when the person is new to Daybook.',
    minLength: 1,
    maxLength: 200,
    example: 'Ada Lovelace',
  })
  @IsOptional()
  @IsString()
  @Length(1, 200)
  name?: string;

  @ApiProperty(ROLE)
  @IsIn(ROLES)
  role: Role;
}

export class ChangeMemberRequest {
  @ApiProperty(ROLE)
  @IsIn(ROLES)
  role: Role;
}

export class MemberResponse {
  @ApiProperty({ description: 'Id of the person.', format: 'uuid', example: '01980c2e-5f7a-7c3e-9d11-5b7f2f9f6d01' })
  userId: string;

  @ApiProperty({ format: 'email', description: 'In lower case.', example: 'ada@example.com' })
  email: string;

  @ApiProperty({ type: String, nullable: true, description: 'What they are called.', example: 'Ada Lovelace' })
  name: string | null;

  @ApiProperty(ROLE)
  role: Role;

  @ApiProperty({
    enum: ['active', 'disabled'],
    description: 'A disabled person cannot sign in, in any tenant.',
    example: 'active',
  })
  status: 'active' | 'disabled';

  @ApiProperty({
    format: 'date-time',
    description: 'When they joined the tenant.',
    example: '2026-11-21T10:15:00.000Z',
  })
  createdAt: string;

  @ApiProperty({
    format: 'date-time',
    description: 'When their role last changed.',
    example: '2026-11-21T10:15:00.000Z',
  })
  updatedAt: string;
}

export class AddedMemberResponse extends MemberResponse {
  @ApiProperty({
    type: String,
    nullable: true,
    description:
      'First password of a person who is new to Daybook; hand it over in person, they should change it at once. It is in this one answer only: a replay of the request has null here. Null, too, for a person who has an account.',
    example: 'kq7m2x-w9dhtb-4zvne3-rfp8ga-c5yjsu',
  })
  initialPassword: string | null;
}

export class MemberPage extends PageOf(MemberResponse) {}

export function memberResponse({ member, user }: MemberRow): MemberResponse {
  const { userId, role, createdAt, updatedAt } = member;
  return {
    userId,
    email: user.email,
    name: user.name,
    role,
    status: user.status,
    createdAt: formatInstant(createdAt),
    updatedAt: formatInstant(updatedAt),
  };
}
