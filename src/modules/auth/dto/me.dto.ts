import { ApiProperty } from '@nestjs/swagger';
import { PRINCIPAL_KINDS, type PrincipalKind } from '../../../platform/security/principal';
import { type Role } from '../../../platform/security/roles';
import { TENANT_STATUS_SCHEMA } from '../../tenants';
import { ROLE_SCHEMA } from '../../users';
import { TenantNameResponse } from './auth.dto';

const ROLE = { ...ROLE_SCHEMA, example: 'owner' };

export class MyUserResponse {
  @ApiProperty({ format: 'uuid', description: 'Id of the person.', example: '01980c2e-5f7a-7c3e-9d11-5b7f2f9f6d01' })
  id: string;

  @ApiProperty({ format: 'email', description: 'In lower case.', example: 'ada@example.com' })
  email: string;

  @ApiProperty({ type: String, nullable: true, description: 'What they are called.', example: 'Ada Lovelace' })
  name: string | null;

  @ApiProperty({ description: 'Whether they administer the platform.', example: false })
  platformAdmin: boolean;
}

export class MyTenantResponse extends TenantNameResponse {
  @ApiProperty({
    ...TENANT_STATUS_SCHEMA,
    description: 'A suspended tenant is closed to its members.',
    example: 'active',
  })
  status: 'active' | 'suspended';
}

export class MembershipResponse {
  @ApiProperty({ type: () => MyTenantResponse, description: 'The tenant.' })
  tenant: MyTenantResponse;

  @ApiProperty({ ...ROLE, description: 'Role in that tenant.' })
  role: Role;
}

export class MeResponse {
  @ApiProperty({
    enum: PRINCIPAL_KINDS,
    example: 'person',
    description: 'What made the request: a person, or a program.',
  })
  kind: PrincipalKind;

  @ApiProperty({
    format: 'uuid',
    example: '01980c2e-5f7a-7c3e-9d11-5b7f2f9f6d01',
    description: 'Of the person, or of the API key.',
  })
  id: string;

  @ApiProperty({ type: () => MyUserResponse, nullable: true, description: 'Who is signed in; null: a program.' })
  user: MyUserResponse | null;

  @ApiProperty({
    type: () => MyTenantResponse,
    nullable: true,
    description: 'The tenant that this request works in: the tenant header’s, else the token’s.',
  })
  tenant: MyTenantResponse | null;

  @ApiProperty({ ...ROLE, nullable: true, description: 'Role in that tenant.' })
  role: Role | null;

  @ApiProperty({
    // filled in from the features when the API is described
    enum: [],
    enumName: 'Permission',
    isArray: true,
    description: 'What may be done there.',
    example: ['tenant:read', 'transactions:write'],
  })
  permissions: string[];

  @ApiProperty({
    type: 'array',
    items: { type: 'string', format: 'uuid' },
    nullable: true,
    example: null,
    description: 'The only ledgers that the credential reaches; null: all.',
  })
  ledgerIds: string[] | null;

  @ApiProperty({
    type: 'array',
    items: { type: 'string' },
    nullable: true,
    example: null,
    description: 'Patterns of the only accounts that the credential reaches; null: all.',
  })
  accounts: string[] | null;

  @ApiProperty({ type: () => [MembershipResponse], description: 'Every tenant that the person belongs to.' })
  memberships: MembershipResponse[];
}
