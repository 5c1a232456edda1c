import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { TENANT_ID_COLUMN, TENANT_NOW, VERSION_COLUMN } from '../../../platform/database/columns';
import { type Role } from '../../../platform/security/roles';
import { User } from './user.entity';

/** A person's place in a tenant. */
@Entity('members')
@Check('members_role_check', `role IN ('owner', 'admin', 'accountant', 'viewer')`)
export class Member {
  // by name: a tenant has members, and the module of tenants knows this one
  @ForeignKey('tenants', { name: 'members_tenant_fkey' })
  @PrimaryColumn(TENANT_ID_COLUMN)
  tenantId: string;

  @ForeignKey(() => User, { name: 'members_user_fkey' })
  @Index('members_user')
  @PrimaryColumn({ name: 'user_id', type: 'uuid' })
  userId: string;

  @Column({ type: 'text' })
  role: Role;

  @Column(VERSION_COLUMN)
  version: number;

  @Column({ name: 'created_at', type: 'timestamptz', default: TENANT_NOW })
  createdAt: Date;

  @Column({ name: 'updated_at', type: 'timestamptz', default: TENANT_NOW })
  updatedAt: Date;
}
