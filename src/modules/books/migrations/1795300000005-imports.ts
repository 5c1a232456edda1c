import { type MigrationInterface, type QueryRunner } from 'typeorm';
import { MIGRATION_SETTINGS, tenantTable } from '../../../platform/database/tenant-table';

export class Imports1795300000005 implements MigrationInterface {
  readonly name = 'Imports1795300000005';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`${MIGRATION_SETTINGS}
    CREATE TABLE imports (
      tenant_id         uuid NOT NULL DEFAULT current_tenant_id(),
      id                uuid NOT NULL,
      ledger_id         uuid NOT NULL,
      file_name         text,
      content_sha256    bytea,
      size              bigint,
      row_count         integer,
      transaction_count integer,
      job_id            uuid,
      created_by        uuid NOT NULL,
      created_at        timestamptz NOT NULL DEFAULT now(),
      completed_at      timestamptz,
      PRIMARY KEY (tenant_id, id),
      CONSTRAINT imports_ledger_fkey FOREIGN KEY (tenant_id, ledger_id) REFERENCES ledgers (tenant_id, id),
      CONSTRAINT imports_job_fkey FOREIGN KEY (tenant_id, job_id) REFERENCES jobs (tenant_id, id) ON DELETE SET NULL (job_id),
      CONSTRAINT imports_file_name_check CHECK (length(file_name) BETWEEN 1 AND 255),
      CONSTRAINT imports_received_check
        CHECK ((content_sha256 IS NULL) = (size IS NULL) AND (content_sha256 IS NOT NULL OR job_id IS NULL)),
      CONSTRAINT imports_sha256_check CHECK (octet_length(content_sha256) = 32),
      CONSTRAINT imports_size_check CHECK (size > 0)
    );
    COMMENT ON COLUMN imports.content_sha256 IS 'NULL: the file is still on its way.';
    COMMENT ON COLUMN imports.completed_at IS 'When every transaction of the file was posted.';
    CREATE INDEX imports_ledger ON imports (tenant_id, ledger_id, id);
    -- purging a job looks for its import
    CREATE INDEX imports_job ON imports (tenant_id, job_id) WHERE job_id IS NOT NULL;
    ${tenantTable('imports', 'SELECT, INSERT, UPDATE, DELETE')}

    -- The file itself, so that any worker can read it and a backup has it.
    CREATE TABLE import_chunks (
      tenant_id uuid NOT NULL DEFAULT current_tenant_id(),
      import_id uuid NOT NULL,
      position  integer NOT NULL,
      bytes     bytea NOT NULL,
      PRIMARY KEY (tenant_id, import_id, position),
      CONSTRAINT import_chunks_import_fkey FOREIGN KEY (tenant_id, import_id) REFERENCES imports (tenant_id, id) ON DELETE CASCADE,
      CONSTRAINT import_chunks_position_check CHECK (position >= 0)
    );
    ${tenantTable('import_chunks', 'SELECT, INSERT, DELETE')}
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only: restore, or write the next one'));
  }
}
