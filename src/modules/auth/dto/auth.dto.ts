import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsNotEmpty, IsOptional, IsString, IsUUID, Length, MaxLength } from 'class-validator';
import { normaliseEmail, PASSWORD_MAX, PASSWORD_MIN } from '../../users';

const TENANT_ID = '01980c2e-5f7a-7c3e-9d11-5b7f2f9f6d00';

export class SignInRequest {
  @ApiProperty({
    description: 'Upper and lower case are the same.',
    format: 'email',
    maxLength: 254,
    example: 'ada@example.com',
  })
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? normaliseEmail(value) : value))
  @IsString()
  @IsNotEmpty()
  @MaxLength(254)
  email: string;

  @ApiProperty({ format: 'password', maxLength: PASSWORD_MAX, example: 'correct horse battery staple' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(PASSWORD_MAX)
  password: string;

  @ApiPropertyOptional({
    description: 'The tenant to work in; without it, the first that the person belongs to.',
    format: 'uuid',
    example: TENANT_ID,
  })
  @IsOptional()
  @IsUUID()
  tenantId?: string;
}

export class RefreshRequest {
  @ApiProperty({
    description: 'From the last sign-in or refresh. Good for one use.',
    maxLength: 100,
    example: 'q0f3V0m2cXk0bq1b3Zl1y4u8m9s7d6f5g4h3j2k1l0A',
  })
  @IsString()
  @IsNotEmpty()
  @MaxLength(100)
  refreshToken: string;
}

export class ChangePasswordRequest {
  @ApiProperty({ format: 'password', maxLength: PASSWORD_MAX, example: 'kq7m2x-w9dhtb-4zvne3-rfp8ga-c5yjsu' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(PASSWORD_MAX)
  currentPassword: string;

  @ApiProperty({
    description: 'Any characters; long is what counts. What is easily guessed is refused.',
    format: 'password',
    minLength: PASSWORD_MIN,
    maxLength: PASSWORD_MAX,
    example: 'correct horse battery staple',
  })
  @IsString()
  @Length(PASSWORD_MIN, PASSWORD_MAX)
  newPassword: string;
}

export class TenantNameResponse {
  @ApiProperty({ format: 'uuid', description: 'Id of the tenant.', example: TENANT_ID })
  id: string;

  @ApiProperty({ description: 'What it is called.', example: 'Acme Payments' })
  name: string;
}

export class TokenResponse {
  @ApiProperty({
    description: 'For `Authorization: Bearer`. A signed JWT; treat it as opaque.',
    example: 'eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6Ii4uLiJ9.eyJzdWIiOiIuLi4ifQ.c2lnbmF0dXJl',
  })
  accessToken: string;

  @ApiProperty({ enum: ['Bearer'], description: 'RFC 6750.', example: 'Bearer' })
  tokenType: 'Bearer';

  @ApiProperty({ type: 'integer', description: 'Life of the access token in seconds.', example: 300 })
  expiresIn: number;

  @ApiProperty({
    description: 'For the next refresh, once. Keep it where scripts cannot read it.',
    example: 'q0f3V0m2cXk0bq1b3Zl1y4u8m9s7d6f5g4h3j2k1l0A',
  })
  refreshToken: string;

  @ApiProperty({
    type: () => TenantNameResponse,
    nullable: true,
    description: 'The tenant that the token works in; null for a person who belongs to none.',
  })
  tenant: TenantNameResponse | null;
}

export class JsonWebKeyResponse {
  @ApiProperty({ description: 'RFC 7517.', example: 'EC' })
  kty: string;

  @ApiProperty({ description: 'The curve.', example: 'P-256' })
  crv: string;

  @ApiProperty({ description: 'First coordinate, base64url.', example: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU' })
  x: string;

  @ApiProperty({ description: 'Second coordinate, base64url.', example: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0' })
  y: string;

  @ApiProperty({
    description: 'What a token’s header names the key by.',
    example: 'oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U',
  })
  kid: string;

  @ApiProperty({ description: 'For signatures.', example: 'sig' })
  use: string;

  @ApiProperty({ description: 'The one algorithm of the key.', example: 'ES256' })
  alg: string;
}

export class JsonWebKeySetResponse {
  @ApiProperty({ type: () => [JsonWebKeyResponse], description: 'In no particular order: `kid` says which one it is.' })
  keys: JsonWebKeyResponse[];
}
