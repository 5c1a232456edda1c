import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsInt,
  IsOptional,
  IsString,
  IsUUID,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateBy,
} from 'class-validator';
import { formatInstant } from '../../../common/time/instant';
import { IsInstant, MayBeAbsent } from '../../../platform/http/validators';
import { PageOf } from '../../../platform/http/pagination/page.dto';
import { ACCOUNT_PATTERN } from '../../transactions';
import { isAddressBlock } from '../addresses';
import { type PublicKey, readPublicKey } from '../public-key';
import { type KeyEnvironment, prefixOf } from '../api-key-token';
import { type ApiKeySecret } from '../entities/api-key-secret.entity';
import { type ApiKey } from '../entities/api-key.entity';

/** Days that a key lasts where nothing is said, and at the most. */
export const LIFE_DAYS = { default: 90, most: 366 } as const;
/** Hours that the old secret goes on working after a rotation, where nothing is said, and at the most. */
export const OVERLAP_HOURS = { default: 24, most: 168 } as const;
const LISTED_MAX = 100;
const QUOTA_MAX = 1_000_000;

const NAME = {
  example: 'Checkout server',
  minLength: 1,
  maxLength: 100,
  description: 'What it is for, in your words.',
};
const PERMISSIONS = {
  // filled in from the features when the API is described
  enum: [],
  enumName: 'Permission',
  isArray: true,
  example: ['transactions:write', 'ledgers:read'],
};
const listOf = (example: string[], items: { format?: string } = {}) =>
  ({
    type: 'array',
    items: { type: 'string', maxLength: 255, ...items },
    minItems: 1,
    maxItems: LISTED_MAX,
    nullable: true,
    example,
  }) as const;
const LEDGERS = listOf(['019ab3c4-7d10-7c11-8a52-0f6f3c1c9b01'], { format: 'uuid' });
const ACCOUNTS = listOf(['users:*:wallet', 'revenue:**']);
const ADDRESSES = listOf(['203.0.113.7', '2001:db8::/48']);
const INSTANT = { type: 'string', format: 'date-time' } as const;

const IsAddressBlocks = () =>
  ValidateBy({
    name: 'isAddressBlocks',
    validator: {
      validate: (value: unknown) => Array.isArray(value) && value.every(isAddressBlock),
      defaultMessage: () => '$property must have IP addresses or CIDR blocks, such as 203.0.113.7 or 2001:db8::/48',
    },
  });

const PUBLIC_KEYS = {
  type: 'array',
  items: { type: 'object', additionalProperties: true },
  minItems: 1,
  maxItems: 5,
  nullable: true,
  example: null,
} as const;

const IsPublicKeys = () =>
  ValidateBy({
    name: 'isPublicKeys',
    validator: {
      validate: (value: unknown) =>
        Array.isArray(value) &&
        value.length >= 1 &&
        value.length <= 5 &&
        value.every((each) => readPublicKey(each) !== undefined) &&
        new Set(value.map((each: PublicKey) => each.kid)).size === value.length,
      defaultMessage: () =>
        '$property must have 1 to 5 public JWKs of P-256 or RSA with 2048 bits or more, each with a kid of its own',
    },
  });

export class CreateApiKeyRequest {
  @ApiProperty(NAME)
  @IsString()
  @Length(1, 100)
  name: string;

  @ApiProperty({ ...PERMISSIONS, description: 'What it may do: some of what you may do yourself.' })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(LISTED_MAX)
  @ArrayUnique()
  @IsString({ each: true })
  @MaxLength(100, { each: true })
  permissions: string[];

  @ApiPropertyOptional({ ...LEDGERS, description: 'The only ledgers that it reaches. Left out or null: all.' })
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(LISTED_MAX)
  @ArrayUnique()
  @IsUUID(undefined, { each: true })
  ledgerIds?: string[] | null;

  @ApiPropertyOptional({
    ...ACCOUNTS,
    description:
      'Patterns of codes of the only accounts that it reaches: `*` is one segment, a last `**` one or more. Left out or null: all.',
  })
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(LISTED_MAX)
  @ArrayUnique()
  @Matches(ACCOUNT_PATTERN, { each: true, message: 'accounts must have patterns such as users:*:wallet or revenue:**' })
  accounts?: string[] | null;

  @ApiPropertyOptional({
    ...ADDRESSES,
    description: 'Addresses and CIDR blocks that it may be used from. Left out or null: anywhere.',
  })
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(LISTED_MAX)
  @IsAddressBlocks()
  allowedAddresses?: string[] | null;

  @ApiPropertyOptional({
    type: 'integer',
    nullable: true,
    minimum: 1,
    maximum: QUOTA_MAX,
    example: 6000,
    description: 'Requests per window. Left out or null: what keys have by default.',
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(QUOTA_MAX)
  quota?: number | null;

  @ApiPropertyOptional({
    ...PUBLIC_KEYS,
    description:
      'For an OAuth client that signs its assertions (`private_key_jwt`): P-256 or RSA of 2048 bits or more, each with a `kid`. It gets no secret then.',
  })
  @IsOptional()
  @IsPublicKeys()
  publicKeys?: PublicKey[] | null;

  @ApiPropertyOptional({
    ...INSTANT,
    example: '2027-02-21T00:00:00Z',
    description: `When it stops working. Left out: in ${LIFE_DAYS.default} days; ${LIFE_DAYS.most} days at the most.`,
  })
  @MayBeAbsent()
  @IsInstant()
  expiresAt?: string;
}

/** What may do more is a new key. */
export class ChangeApiKeyRequest {
  @ApiPropertyOptional(NAME)
  @MayBeAbsent()
  @IsString()
  @Length(1, 100)
  name?: string;

  @ApiPropertyOptional({ ...ADDRESSES, description: 'null: anywhere.' })
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(LISTED_MAX)
  @IsAddressBlocks()
  allowedAddresses?: string[] | null;

  @ApiPropertyOptional({
    type: 'integer',
    nullable: true,
    minimum: 1,
    maximum: QUOTA_MAX,
    example: 6000,
    description: 'null: what keys have by default.',
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(QUOTA_MAX)
  quota?: number | null;
}

export class RotateApiKeyRequest {
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 0,
    maximum: OVERLAP_HOURS.most,
    default: OVERLAP_HOURS.default,
    example: 24,
    description: 'For so many hours the secret before goes on working; 0 where it is known to others.',
  })
  @MayBeAbsent()
  @IsInt()
  @Min(0)
  @Max(OVERLAP_HOURS.most)
  overlapHours?: number;
}

export class ApiKeySecretResponse {
  @ApiProperty({
    example: 'daybook_test_8XqT2mKpWv4ZrN1c',
    description: 'How the key begins, to tell it from others; no secret.',
  })
  prefix: string;

  @ApiProperty({ ...INSTANT, example: '2026-11-23T10:15:00.000Z' })
  createdAt: string;

  @ApiProperty({
    ...INSTANT,
    nullable: true,
    example: null,
    description: 'When it stops working after a rotation; null: with the key.',
  })
  expiresAt: string | null;
}

export class ApiKeyResponse {
  @ApiProperty({ format: 'uuid', example: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9c01' })
  id: string;

  @ApiProperty(NAME)
  name: string;

  @ApiProperty({ ...PERMISSIONS, description: 'What it may do.' })
  permissions: string[];

  @ApiProperty({ ...LEDGERS, description: 'The only ledgers that it reaches; null: all.' })
  ledgerIds: string[] | null;

  @ApiProperty({ ...ACCOUNTS, description: 'Patterns of the only accounts that it reaches; null: all.' })
  accounts: string[] | null;

  @ApiProperty({ ...ADDRESSES, description: 'Where it may be used from; null: anywhere.' })
  allowedAddresses: string[] | null;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    example: 6000,
    description: 'Requests per window; null: what keys have by default.',
  })
  quota: number | null;

  @ApiProperty({ ...PUBLIC_KEYS, description: 'Keys that sign its client assertions; null: it has a secret.' })
  publicKeys: PublicKey[] | null;

  @ApiProperty({ type: () => [ApiKeySecretResponse], description: 'Secrets that work, the newest first.' })
  secrets: ApiKeySecretResponse[];

  @ApiProperty({ format: 'uuid', example: '01980c2e-5f7a-7c3e-9d11-5b7f2f9f6d01', description: 'The person.' })
  createdBy: string;

  @ApiProperty({ ...INSTANT, example: '2026-11-23T10:15:00.000Z' })
  createdAt: string;

  @ApiProperty({ ...INSTANT, example: '2027-02-21T10:15:00.000Z' })
  expiresAt: string;

  @ApiProperty({ ...INSTANT, nullable: true, example: null, description: 'It has not worked since; null: it does.' })
  revokedAt: string | null;

  @ApiProperty({ format: 'uuid', nullable: true, example: null, description: 'Who revoked it.' })
  revokedBy: string | null;

  @ApiProperty({
    ...INSTANT,
    nullable: true,
    example: '2026-11-24T08:00:00.000Z',
    description: 'To the minute; null: never.',
  })
  lastUsedAt: string | null;

  @ApiProperty({ type: String, nullable: true, example: '203.0.113.7', description: 'The address then.' })
  lastUsedFrom: string | null;

  static of(key: ApiKey, secrets: readonly ApiKeySecret[], environment: KeyEnvironment): ApiKeyResponse {
    return {
      id: key.id,
      name: key.name,
      permissions: key.permissions,
      ledgerIds: key.ledgerIds,
      accounts: key.accounts,
      allowedAddresses: key.allowedAddresses,
      quota: key.quota,
      publicKeys: key.publicKeys,
      secrets: secrets.map(({ publicId, createdAt, expiresAt }) => ({
        prefix: prefixOf(environment, publicId),
        createdAt: formatInstant(createdAt),
        expiresAt: expiresAt && formatInstant(expiresAt),
      })),
      createdBy: key.createdBy,
      createdAt: formatInstant(key.createdAt),
      expiresAt: formatInstant(key.expiresAt),
      revokedAt: key.revokedAt && formatInstant(key.revokedAt),
      revokedBy: key.revokedBy,
      lastUsedAt: key.lastUsedAt && formatInstant(key.lastUsedAt),
      lastUsedFrom: key.lastUsedFrom,
    };
  }
}

export class ApiKeyWithSecretResponse extends ApiKeyResponse {
  @ApiProperty({
    type: String,
    nullable: true,
    example: 'daybook_test_8XqT2mKpWv4ZrN1c_cVn3kQ9sB7yLw5Tz2Hj8Rd4Xf6Gm1Pa0eEu2lRkXK1w',
    description:
      'The key itself, in this one answer only: it is stored nowhere. null in the answer to a retry, and for a client with public keys.',
  })
  secret: string | null;
}

export class ApiKeyPage extends PageOf(ApiKeyResponse) {}
