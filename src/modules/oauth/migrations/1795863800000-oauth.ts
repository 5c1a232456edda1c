import { type MigrationInterface, type QueryRunner } from 'typeorm';
import { MIGRATION_SETTINGS, tenantTable } from '../../../platform/database/tenant-table';

export class OAuth1795863800000 implements MigrationInterface {
  readonly name = 'OAuth1795863800000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`${MIGRATION_SETTINGS}
    CREATE TABLE oauth_token_ids (
      tenant_id  uuid NOT NULL DEFAULT current_tenant_id(),
      use        text NOT NULL,
      client_id  uuid NOT NULL,
      jti        text NOT NULL,
      expires_at timestamptz NOT NULL,
      PRIMARY KEY (tenant_id, use, client_id, jti),
      CONSTRAINT oauth_token_ids_use_check CHECK (use IN ('assertion', 'revoked')),
      CONSTRAINT oauth_token_ids_jti_check CHECK (char_length(jti) BETWEEN 1 AND 255)
    );
    COMMENT ON TABLE oauth_token_ids IS 'Client assertions that were used, and access tokens that were revoked, until they end by themselves.';
    ${tenantTable('oauth_token_ids', 'SELECT, INSERT, DELETE')}
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only: restore, or write the next one'));
  }
}
