import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

const CLIENT_ID = '019ab3c4-7d10-7c11-8a52-0f6f3c1c9c01';

/** Form fields; read by hand, as OAuth asks that unknown ones are let pass (RFC 6749 section 3.2). */
export class TokenForm {
  @ApiProperty({ enum: ['client_credentials'], example: 'client_credentials' })
  grant_type: string;

  @ApiPropertyOptional({
    maxLength: 4000,
    example: 'transactions:write ledgers:read',
    description: 'Permissions, separated by spaces; left out: all that the client has.',
  })
  scope?: string;

  @ApiPropertyOptional({
    format: 'uuid',
    example: CLIENT_ID,
    description: 'The id of the API key; not with HTTP Basic.',
  })
  client_id?: string;

  @ApiPropertyOptional({ maxLength: 200, description: 'The secret of the API key; not with HTTP Basic.' })
  client_secret?: string;

  @ApiPropertyOptional({ enum: ['urn:ietf:params:oauth:client-assertion-type:jwt-bearer'] })
  client_assertion_type?: string;

  @ApiPropertyOptional({ maxLength: 8000, description: 'RFC 7523: a JWT that one of the client’s public keys signed.' })
  client_assertion?: string;
}

export class TokenIdForm {
  @ApiProperty({ maxLength: 4096, description: 'An access token of a client.' })
  token: string;
}

export class OAuthTokenResponse {
  @ApiProperty({ example: 'eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6Ii4uLiJ9.eyJzdWIiOiIuLi4ifQ.c2lnbmF0dXJl' })
  access_token: string;

  @ApiProperty({ enum: ['Bearer'], example: 'Bearer' })
  token_type: string;

  @ApiProperty({ type: 'integer', example: 300, description: 'Seconds.' })
  expires_in: number;

  @ApiProperty({ example: 'ledgers:read transactions:write', description: 'What it may do.' })
  scope: string;
}

export class OAuthErrorResponse {
  @ApiProperty({
    enum: ['invalid_request', 'invalid_client', 'unauthorized_client', 'unsupported_grant_type', 'invalid_scope'],
    example: 'invalid_client',
  })
  error: string;

  @ApiProperty({ example: 'The client is not known, or did not prove who it is.' })
  error_description: string;
}

export class IntrospectionResponse {
  @ApiProperty({ example: true, description: 'Whether it would be taken now. The rest is there only if so.' })
  active: boolean;

  @ApiPropertyOptional({ example: 'Bearer' })
  token_type?: string;

  @ApiPropertyOptional({ format: 'uuid', example: CLIENT_ID })
  client_id?: string;

  @ApiPropertyOptional({ format: 'uuid', example: CLIENT_ID })
  sub?: string;

  @ApiPropertyOptional({ example: 'ledgers:read transactions:write' })
  scope?: string;

  @ApiPropertyOptional({ format: 'uuid', example: '01980c2e-5f7a-7c3e-9d11-5b7f2f9f6d00' })
  tenant?: string;

  @ApiPropertyOptional({ format: 'uuid', example: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9c09' })
  jti?: string;

  @ApiPropertyOptional({ type: 'integer', example: 1795875514 })
  exp?: number;

  @ApiPropertyOptional({ type: 'integer', example: 1795875214 })
  iat?: number;
}

export class AuthorizationServerResponse {
  @ApiProperty({ format: 'uri', example: 'https://api.daybook.example' })
  issuer: string;

  @ApiProperty({ format: 'uri', example: 'https://api.daybook.example/oauth/token' })
  token_endpoint: string;

  @ApiProperty({ format: 'uri', example: 'https://api.daybook.example/oauth/revoke' })
  revocation_endpoint: string;

  @ApiProperty({ format: 'uri', example: 'https://api.daybook.example/oauth/introspect' })
  introspection_endpoint: string;

  @ApiProperty({ format: 'uri', example: 'https://api.daybook.example/.well-known/jwks.json' })
  jwks_uri: string;

  @ApiProperty({ type: [String], example: [] })
  response_types_supported: string[];

  @ApiProperty({ type: [String], example: ['client_credentials'] })
  grant_types_supported: string[];

  @ApiProperty({ type: [String], example: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'] })
  token_endpoint_auth_methods_supported: string[];

  @ApiProperty({ type: [String], example: ['ES256', 'PS256'] })
  token_endpoint_auth_signing_alg_values_supported: string[];

  @ApiProperty({ type: [String], example: ['ledgers:read', 'transactions:write'] })
  scopes_supported: string[];

  @ApiProperty({ format: 'uri', example: 'https://api.daybook.example/reference' })
  service_documentation: string;
}
