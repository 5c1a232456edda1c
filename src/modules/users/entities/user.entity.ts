import { Check, Column, Entity, PrimaryColumn, Unique } from 'typeorm';
import { VERSION_COLUMN } from '../../../platform/database/columns';

export type UserStatus = 'active' | 'disabled';

/** A person, whatever tenants they belong to. */
@Entity('users')
@Unique('users_email_key', ['email'])
@Check('users_email_check', `email = lower(email) AND char_length(email) BETWEEN 3 AND 254`)
@Check('users_name_check', `char_length(name) BETWEEN 1 AND 200`)
@Check('users_password_hash_check', `password_hash LIKE '$argon2id$%'`)
@Check('users_status_check', `status IN ('active', 'disabled')`)
export class User {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  /** As `normaliseEmail` makes it. */
  @Column({ type: 'text' })
  email: string;

  @Column({ type: 'text', nullable: true })
  name: string | null;

  /** PHC string. */
  @Column({ name: 'password_hash', type: 'text' })
  passwordHash: string;

  @Column({ name: 'platform_admin', type: 'boolean', default: false })
  platformAdmin: boolean;

  @Column({ type: 'text', default: 'active' })
  status: UserStatus;

  @Column({
    name: 'signed_in_at',
    type: 'timestamptz',
    nullable: true,
    comment: 'NULL: never; the initial password may still be replaced.',
  })
  signedInAt: Date | null;

  @Column(VERSION_COLUMN)
  version: number;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt: Date;

  @Column({ name: 'updated_at', type: 'timestamptz', default: () => 'now()' })
  updatedAt: Date;
}

/** People write one address in many ways; this is the one under which it is stored and looked up. */
export const normaliseEmail = (email: string): string => email.trim().toLowerCase();
