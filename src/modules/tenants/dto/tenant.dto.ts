import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import {
  IsDefined,
  IsEmail,
  IsIn,
  IsOptional,
  IsString,
  Length,
  Matches,
  MaxLength,
  registerDecorator,
  ValidateNested,
} from 'class-validator';
import { formatInstant } from '../../../common/time/instant';
import { PageOf } from '../../../platform/http/pagination/page.dto';
import { normaliseEmail } from '../../users';
import { type Tenant, TENANT_STATUSES, type TenantSettings, type TenantStatus } from '../entities/tenant.entity';

const NAME = { description: 'What the tenant is called.', minLength: 1, maxLength: 200, example: 'Acme Payments' };
const SLUG = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** A value that `Intl` itself takes. */
const TakenBy =
  (name: string, message: string, intl: (text: string) => unknown): PropertyDecorator =>
  (target, propertyName) => {
    const validate = (value: unknown) => {
      try {
        return typeof value === 'string' && Boolean(intl(value));
      } catch {
        return false;
      }
    };
    registerDecorator({
      name,
      target: target.constructor,
      propertyName: String(propertyName),
      options: { message },
      validator: { validate },
    });
  };
const IsZone = () =>
  TakenBy(
    'isZone',
    'must be an IANA time zone such as Europe/Berlin',
    (timeZone) => new Intl.DateTimeFormat('en', { timeZone }),
  );
const IsLanguage = () =>
  TakenBy('isLanguage', 'must be a BCP 47 language tag such as de-CH', (tag) => Intl.getCanonicalLocales(tag).length);

/** For properties that are the status of a tenant. */
export const TENANT_STATUS_SCHEMA = {
  enum: TENANT_STATUSES,
  enumName: 'TenantStatus',
  enumSchema: { description: 'Whether its members can work.' },
};

export class OwnerRequest {
  @ApiProperty({
    format: 'email',
    maxLength: 254,
    description: 'Upper and lower case are the same.',
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
}

export class CreateTenantRequest {
  @ApiProperty(NAME)
  @IsString()
  @Length(1, 200)
  name: string;

  @ApiProperty({
    description: 'Unique and for ever: lower-case letters, digits and hyphens inside.',
    pattern: SLUG.source,
    example: 'acme-payments',
  })
  @Matches(SLUG, { message: 'must be 1 to 63 lower-case letters, digits or hyphens, with no hyphen at either end' })
  slug: string;

  @ApiProperty({ type: () => OwnerRequest, description: 'Who owns it at first.' })
  @IsDefined()
  @ValidateNested()
  @Type(() => OwnerRequest)
  owner: OwnerRequest;
}

export class ChangeTenantRequest {
  @ApiPropertyOptional(NAME)
  @IsOptional()
  @IsString()
  @Length(1, 200)
  name?: string;

  @ApiPropertyOptional({
    ...TENANT_STATUS_SCHEMA,
    description: 'A suspended tenant is closed to its members at once; nothing of it is lost.',
    example: 'suspended',
  })
  @IsOptional()
  @IsIn(TENANT_STATUSES)
  status?: TenantStatus;
}

export class ChangeSettingsRequest {
  @ApiPropertyOptional({
    type: String,
    nullable: true,
    description: 'IANA time zone; null: the default.',
    example: 'Europe/Berlin',
  })
  @IsOptional()
  @IsZone()
  timeZone?: string | null;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    description: 'BCP 47 language tag; null: the default.',
    example: 'de-CH',
  })
  @IsOptional()
  @IsLanguage()
  locale?: string | null;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    description: 'Currency that forms offer first; null: none.',
    pattern: '^[A-Z0-9.]{2,16}$',
    example: 'EUR',
  })
  @IsOptional()
  @Matches(/^[A-Z0-9.]{2,16}$/, { message: 'must be a currency code such as EUR' })
  defaultCurrency?: string | null;
}

export class ChangeOwnTenantRequest {
  @ApiPropertyOptional(NAME)
  @IsOptional()
  @IsString()
  @Length(1, 200)
  name?: string;

  @ApiPropertyOptional({
    type: () => ChangeSettingsRequest,
    description: 'What is left out stays; null takes a choice back.',
  })
  @IsOptional()
  @ValidateNested()
  @Type(() => ChangeSettingsRequest)
  settings?: ChangeSettingsRequest;
}

export class SettingsResponse implements TenantSettings {
  @ApiProperty({ description: 'IANA time zone; `UTC` where none was chosen.', example: 'Europe/Berlin' })
  timeZone: string;

  @ApiProperty({ description: 'BCP 47 language tag; `en` where none was chosen.', example: 'de-CH' })
  locale: string;

  @ApiProperty({ type: String, nullable: true, description: 'Currency that forms offer first.', example: 'EUR' })
  defaultCurrency: string | null;
}

export class TenantResponse {
  @ApiProperty({ format: 'uuid', description: 'Id of the tenant.', example: '01980c2e-5f7a-7c3e-9d11-5b7f2f9f6d00' })
  id: string;

  @ApiProperty(NAME)
  name: string;

  @ApiProperty({ description: 'Unique and for ever.', example: 'acme-payments' })
  slug: string;

  @ApiProperty({
    ...TENANT_STATUS_SCHEMA,
    description: 'Whether its members can work.',
    example: 'active',
  })
  status: TenantStatus;

  @ApiProperty({ type: () => SettingsResponse, description: 'With defaults for what was never chosen.' })
  settings: SettingsResponse;

  @ApiProperty({ format: 'date-time', description: 'When it was made.', example: '2026-11-21T10:15:00.000Z' })
  createdAt: string;

  @ApiProperty({ format: 'date-time', description: 'When it last changed.', example: '2026-11-21T10:15:00.000Z' })
  updatedAt: string;
}

export class CreatedTenantResponse extends TenantResponse {
  @ApiProperty({ format: 'uuid', description: 'Id of its owner.', example: '01980c2e-5f7a-7c3e-9d11-5b7f2f9f6d01' })
  ownerId: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description:
      'First password of an owner who is new to Daybook; hand it over in person. It is in this one answer only: null in a replay, and for an owner who has an account.',
    example: 'kq7m2x-w9dhtb-4zvne3-rfp8ga-c5yjsu',
  })
  initialPassword: string | null;
}

export class TenantPage extends PageOf(TenantResponse) {}

export function tenantResponse({ id, name, slug, status, settings, createdAt, updatedAt }: Tenant): TenantResponse {
  return {
    id,
    name,
    slug,
    status,
    settings: {
      timeZone: settings.timeZone ?? 'UTC',
      locale: settings.locale ?? 'en',
      defaultCurrency: settings.defaultCurrency ?? null,
    },
    createdAt: formatInstant(createdAt),
    updatedAt: formatInstant(updatedAt),
  };
}
