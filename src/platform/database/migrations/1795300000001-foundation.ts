import { type MigrationInterface, type QueryRunner } from 'typeorm';
import { MIGRATION_SETTINGS, tenantTable } from '../tenant-table';

export class Foundation1795300000001 implements MigrationInterface {
  readonly name = 'Foundation1795300000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`${MIGRATION_SETTINGS}
    CREATE FUNCTION current_tenant_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
      RETURN NULLIF(current_setting('app.tenant_id', true), '')::uuid;
    ALTER FUNCTION current_tenant_id() OWNER TO daybook_owner;

    -- API-02..08. The row is written in the transaction of the effect: one is there exactly when the other is.
    CREATE TABLE idempotency_keys (
      tenant_id    uuid NOT NULL DEFAULT current_tenant_id(),
      principal_id uuid NOT NULL,
      operation    text NOT NULL,
      key          text NOT NULL,
      fingerprint  bytea NOT NULL,
      status       smallint NOT NULL,
      headers      jsonb,
      body         text,
      resource_id  uuid,
      created_at   timestamptz NOT NULL DEFAULT now(),
      expires_at   timestamptz,
      PRIMARY KEY (tenant_id, principal_id, operation, key)
    );
    COMMENT ON COLUMN idempotency_keys.body IS 'JSON, as text: jsonb would order its fields anew, and a replay is the same answer.';
    COMMENT ON COLUMN idempotency_keys.resource_id IS 'The transaction that a posting made; its answer is rebuilt from there.';
    COMMENT ON COLUMN idempotency_keys.expires_at IS 'NULL: remembered for ever (imports).';
    CREATE INDEX idempotency_keys_expiry ON idempotency_keys (tenant_id, expires_at) WHERE expires_at IS NOT NULL;
    ${tenantTable('idempotency_keys', 'SELECT, INSERT, UPDATE, DELETE')}
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only: restore, or write the next one'));
  }
}
