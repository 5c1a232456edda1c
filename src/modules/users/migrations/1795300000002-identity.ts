import { type MigrationInterface, type QueryRunner } from 'typeorm';
import {
  MIGRATION_SETTINGS,
  platformTable,
  systemFunction,
  tenantTable,
} from '../../../platform/database/tenant-table';

export class Identity1795300000002 implements MigrationInterface {
  readonly name = 'Identity1795300000002';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`${MIGRATION_SETTINGS}
    CREATE TABLE tenants (
      id         uuid PRIMARY KEY,
      name       text NOT NULL,
      slug       text NOT NULL,
      status     text NOT NULL DEFAULT 'active',
      settings   jsonb NOT NULL,
      version    integer NOT NULL DEFAULT 1,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      CONSTRAINT tenants_slug_key UNIQUE (slug),
      -- the nil UUID is the platform itself
      CONSTRAINT tenants_id_check CHECK (id <> '00000000-0000-0000-0000-000000000000'),
      CONSTRAINT tenants_name_check CHECK (char_length(name) BETWEEN 1 AND 200),
      CONSTRAINT tenants_slug_check CHECK (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
      CONSTRAINT tenants_status_check CHECK (status IN ('active', 'suspended')),
      CONSTRAINT tenants_settings_check CHECK (jsonb_typeof(settings) = 'object')
    );
    ${platformTable('tenants', 'SELECT, INSERT, UPDATE')}

    CREATE TABLE users (
      id             uuid PRIMARY KEY,
      email          text NOT NULL,
      name           text,
      password_hash  text NOT NULL,
      platform_admin boolean NOT NULL DEFAULT false,
      status         text NOT NULL DEFAULT 'active',
      signed_in_at   timestamptz,
      version        integer NOT NULL DEFAULT 1,
      created_at     timestamptz NOT NULL DEFAULT now(),
      updated_at     timestamptz NOT NULL DEFAULT now(),
      CONSTRAINT users_email_key UNIQUE (email),
      CONSTRAINT users_email_check CHECK (email = lower(email) AND char_length(email) BETWEEN 3 AND 254),
      CONSTRAINT users_name_check CHECK (char_length(name) BETWEEN 1 AND 200),
      CONSTRAINT users_password_hash_check CHECK (password_hash LIKE '$argon2id$%'),
      CONSTRAINT users_status_check CHECK (status IN ('active', 'disabled'))
    );
    COMMENT ON COLUMN users.signed_in_at IS 'NULL: never; the initial password may still be replaced.';
    ${platformTable('users', 'SELECT, INSERT, UPDATE')}

    CREATE TABLE members (
      tenant_id  uuid NOT NULL DEFAULT current_tenant_id(),
      user_id    uuid NOT NULL,
      role       text NOT NULL,
      version    integer NOT NULL DEFAULT 1,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, user_id),
      CONSTRAINT members_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id),
      CONSTRAINT members_user_fkey FOREIGN KEY (user_id) REFERENCES users (id),
      CONSTRAINT members_role_check CHECK (role IN ('owner', 'admin', 'accountant', 'viewer'))
    );
    CREATE INDEX members_user ON members (user_id);
    ${tenantTable('members', 'SELECT, INSERT, UPDATE, DELETE')}

    -- A tenant keeps an owner. The lock orders two owners who demote each other; each statement of the function sees
    -- what was committed before it.
    CREATE FUNCTION members_keep_owner() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
    BEGIN
      PERFORM 1 FROM tenants WHERE id = OLD.tenant_id FOR UPDATE;
      IF NOT EXISTS (SELECT FROM members WHERE tenant_id = OLD.tenant_id AND role = 'owner') THEN
        RAISE EXCEPTION 'the last owner' USING ERRCODE = '23514', CONSTRAINT = 'members_last_owner';
      END IF;
      RETURN NULL;
    END $$;
    ALTER FUNCTION members_keep_owner() OWNER TO daybook_owner;
    CREATE TRIGGER members_owner_removed AFTER DELETE ON members
      FOR EACH ROW WHEN (OLD.role = 'owner') EXECUTE FUNCTION members_keep_owner();
    CREATE TRIGGER members_owner_demoted AFTER UPDATE OF role ON members
      FOR EACH ROW WHEN (OLD.role = 'owner' AND NEW.role <> 'owner') EXECUTE FUNCTION members_keep_owner();

    CREATE TABLE sessions (
      id              uuid PRIMARY KEY,
      user_id         uuid NOT NULL,
      tenant_id       uuid,
      created_at      timestamptz NOT NULL DEFAULT now(),
      last_used_at    timestamptz NOT NULL DEFAULT now(),
      idle_expires_at timestamptz NOT NULL,
      expires_at      timestamptz NOT NULL,
      revoked_at      timestamptz,
      revoked_reason  text,
      CONSTRAINT sessions_user_fkey FOREIGN KEY (user_id) REFERENCES users (id),
      CONSTRAINT sessions_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id),
      CONSTRAINT sessions_expiry_check CHECK (idle_expires_at <= expires_at),
      CONSTRAINT sessions_reason_check CHECK (revoked_reason IN ('sign-out', 'token-reuse', 'password-change')),
      CONSTRAINT sessions_revoked_check CHECK ((revoked_at IS NULL) = (revoked_reason IS NULL))
    );
    CREATE INDEX sessions_user ON sessions (user_id);
    CREATE INDEX sessions_tenant ON sessions (tenant_id);
    ${platformTable('sessions', 'SELECT, INSERT, UPDATE, DELETE')}

    CREATE TABLE refresh_tokens (
      hash       bytea PRIMARY KEY,
      session_id uuid NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      spent_at   timestamptz,
      CONSTRAINT refresh_tokens_session_fkey FOREIGN KEY (session_id) REFERENCES sessions (id) ON DELETE CASCADE,
      CONSTRAINT refresh_tokens_hash_check CHECK (octet_length(hash) = 32)
    );
    COMMENT ON COLUMN refresh_tokens.spent_at IS 'Kept after use: a second use betrays a stolen token.';
    CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);
    -- one family, one token that is good
    CREATE UNIQUE INDEX refresh_tokens_unspent ON refresh_tokens (session_id) WHERE spent_at IS NULL;
    ${platformTable('refresh_tokens', 'SELECT, INSERT, UPDATE, DELETE')}

    CREATE TABLE signing_keys (
      kid            text PRIMARY KEY,
      public_jwk     jsonb NOT NULL,
      sealed_private text NOT NULL,
      state          text NOT NULL,
      created_at     timestamptz NOT NULL DEFAULT now(),
      retired_at     timestamptz,
      CONSTRAINT signing_keys_state_check CHECK (state IN ('next', 'current', 'retired')),
      CONSTRAINT signing_keys_retired_check CHECK ((state = 'retired') = (retired_at IS NOT NULL))
    );
    CREATE UNIQUE INDEX signing_keys_one_active ON signing_keys (state) WHERE state <> 'retired';
    ${platformTable('signing_keys', 'SELECT, INSERT, UPDATE, DELETE')}

    CREATE FUNCTION daybook_system.memberships_of(person uuid) RETURNS TABLE (tenant_id uuid, role text)
      LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
      AS $$ SELECT m.tenant_id, m.role FROM public.members m WHERE m.user_id = person $$;
    ${systemFunction('daybook_system.memberships_of(uuid)')}

    -- The first member of a tenant: whoever creates it is not in it, so row-level security would refuse the row.
    GRANT INSERT ON members TO daybook_system;
    CREATE FUNCTION daybook_system.found_tenant(tenant uuid, owner uuid) RETURNS void
      LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    BEGIN
      IF EXISTS (SELECT FROM public.members m WHERE m.tenant_id = tenant) THEN
        RAISE EXCEPTION 'the tenant has members already' USING ERRCODE = '42501';
      END IF;
      INSERT INTO public.members (tenant_id, user_id, role) VALUES (tenant, owner, 'owner');
    END $$;
    ${systemFunction('daybook_system.found_tenant(uuid, uuid)')}
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only: restore, or write the next one'));
  }
}
