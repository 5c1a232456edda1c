import { type MigrationInterface, type QueryRunner } from 'typeorm';
import { MIGRATION_SETTINGS, systemFunction, tenantTable } from '../../../platform/database/tenant-table';

export class ApiKeys1795863500000 implements MigrationInterface {
  readonly name = 'ApiKeys1795863500000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`${MIGRATION_SETTINGS}
    CREATE TABLE api_keys (
      tenant_id         uuid NOT NULL DEFAULT current_tenant_id(),
      id                uuid NOT NULL,
      name              text NOT NULL,
      permissions       text[] NOT NULL,
      ledger_ids        uuid[],
      accounts          text[],
      allowed_addresses text[],
      public_keys       jsonb,
      quota             integer,
      created_by        uuid NOT NULL,
      created_at        timestamptz NOT NULL DEFAULT tenant_now(),
      updated_at        timestamptz NOT NULL DEFAULT tenant_now(),
      expires_at        timestamptz NOT NULL,
      revoked_at        timestamptz,
      revoked_by        uuid,
      last_used_at      timestamptz,
      last_used_from    text,
      version           integer NOT NULL DEFAULT 1,
      PRIMARY KEY (tenant_id, id),
      CONSTRAINT api_keys_name_check CHECK (char_length(name) BETWEEN 1 AND 100),
      CONSTRAINT api_keys_permissions_check CHECK (cardinality(permissions) > 0),
      CONSTRAINT api_keys_quota_check CHECK (quota > 0),
      CONSTRAINT api_keys_life_check CHECK (expires_at > created_at),
      CONSTRAINT api_keys_revoked_check CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
    );
    COMMENT ON COLUMN api_keys.public_keys IS 'JWKs that sign its client assertions (private_key_jwt).';
    CREATE INDEX api_keys_lookup ON api_keys (id);
    ${tenantTable('api_keys', 'SELECT, INSERT, UPDATE')}

    CREATE TABLE api_key_secrets (
      tenant_id  uuid NOT NULL DEFAULT current_tenant_id(),
      public_id  text NOT NULL,
      key_id     uuid NOT NULL,
      hash       bytea NOT NULL,
      created_at timestamptz NOT NULL DEFAULT tenant_now(),
      expires_at timestamptz,
      PRIMARY KEY (tenant_id, public_id),
      CONSTRAINT api_key_secrets_key_fkey FOREIGN KEY (tenant_id, key_id) REFERENCES api_keys (tenant_id, id)
    );
    CREATE INDEX api_key_secrets_key ON api_key_secrets (tenant_id, key_id);
    -- random, 95 bits: two tenants never have the same
    CREATE INDEX api_key_secrets_lookup ON api_key_secrets (public_id);
    ${tenantTable('api_key_secrets', 'SELECT, INSERT, UPDATE, DELETE')}

    -- Whose key it is: there is no tenant yet when one comes in. Ids only; whether it is good is asked in the tenant.
    CREATE FUNCTION daybook_system.tenant_of_api_key(p_public_id text) RETURNS uuid
      LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
      AS $$ SELECT s.tenant_id FROM public.api_key_secrets s WHERE s.public_id = p_public_id LIMIT 1 $$;
    ${systemFunction('daybook_system.tenant_of_api_key(text)')}
    CREATE FUNCTION daybook_system.tenant_of_api_client(p_id uuid) RETURNS uuid
      LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
      AS $$ SELECT k.tenant_id FROM public.api_keys k WHERE k.id = p_id LIMIT 1 $$;
    ${systemFunction('daybook_system.tenant_of_api_client(uuid)')}
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only: restore, or write the next one'));
  }
}
