import { type MigrationInterface, type QueryRunner } from 'typeorm';
import { MIGRATION_SETTINGS, tenantTable } from '../../../platform/database/tenant-table';

export class Templates1795300000007 implements MigrationInterface {
  readonly name = 'Templates1795300000007';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`${MIGRATION_SETTINGS}
    -- The name and where it stands; what it means is in its versions.
    CREATE TABLE transaction_templates (
      tenant_id  uuid NOT NULL DEFAULT current_tenant_id(),
      id         uuid NOT NULL,
      ledger_id  uuid NOT NULL,
      name       text COLLATE "C" NOT NULL,
      latest     integer NOT NULL DEFAULT 1,
      retired_at timestamptz,
      version    integer NOT NULL DEFAULT 1,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, id),
      CONSTRAINT transaction_templates_name_key UNIQUE (tenant_id, ledger_id, name),
      CONSTRAINT transaction_templates_ledger_fkey FOREIGN KEY (tenant_id, ledger_id) REFERENCES ledgers (tenant_id, id),
      CONSTRAINT transaction_templates_name_check CHECK (name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'),
      CONSTRAINT transaction_templates_latest_check CHECK (latest > 0)
    );
    COMMENT ON COLUMN transaction_templates.latest IS 'The version that is meant where none is named.';
    COMMENT ON COLUMN transaction_templates.version IS 'Of this row, for If-Match.';
    ${tenantTable('transaction_templates', 'SELECT, INSERT, UPDATE')}

    CREATE TABLE transaction_template_versions (
      tenant_id   uuid NOT NULL DEFAULT current_tenant_id(),
      id          uuid NOT NULL,
      template_id uuid NOT NULL,
      version     integer NOT NULL,
      definition  jsonb NOT NULL,
      created_by  uuid NOT NULL,
      created_at  timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, id),
      CONSTRAINT transaction_template_versions_version_key UNIQUE (tenant_id, template_id, version),
      CONSTRAINT transaction_template_versions_template_fkey
        FOREIGN KEY (tenant_id, template_id) REFERENCES transaction_templates (tenant_id, id),
      CONSTRAINT transaction_template_versions_version_check CHECK (version > 0),
      CONSTRAINT transaction_template_versions_definition_check CHECK (jsonb_typeof(definition) = 'object')
    );
    -- REL-03: what a transaction was made from stays what it was.
    CREATE TRIGGER transaction_template_versions_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON transaction_template_versions
      EXECUTE FUNCTION refuse_change();
    ${tenantTable('transaction_template_versions', 'SELECT, INSERT')}

    CREATE TABLE account_templates (
      tenant_id      uuid NOT NULL DEFAULT current_tenant_id(),
      id             uuid NOT NULL,
      ledger_id      uuid NOT NULL,
      pattern        text COLLATE "C" NOT NULL,
      name           text,
      type           text NOT NULL,
      normal_balance text NOT NULL,
      currencies     text[],
      limits         jsonb NOT NULL DEFAULT '[]',
      metadata       jsonb NOT NULL DEFAULT '{}',
      version        integer NOT NULL DEFAULT 1,
      created_at     timestamptz NOT NULL DEFAULT now(),
      updated_at     timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, id),
      CONSTRAINT account_templates_pattern_key UNIQUE (tenant_id, ledger_id, pattern),
      CONSTRAINT account_templates_ledger_fkey FOREIGN KEY (tenant_id, ledger_id) REFERENCES ledgers (tenant_id, id),
      CONSTRAINT account_templates_pattern_check CHECK (length(pattern) BETWEEN 1 AND 255 AND pattern !~ '(^:|:$|::|[[:cntrl:]])'),
      CONSTRAINT account_templates_type_check CHECK (type IN ('asset', 'liability', 'equity', 'revenue', 'expense')),
      CONSTRAINT account_templates_normal_balance_check CHECK (normal_balance IN ('debit', 'credit')),
      CONSTRAINT account_templates_limits_check CHECK (jsonb_typeof(limits) = 'array')
    );
    COMMENT ON COLUMN account_templates.limits IS 'Per currency; amounts are minor units as text.';
    ${tenantTable('account_templates', 'SELECT, INSERT, UPDATE, DELETE')}
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only: restore, or write the next one'));
  }
}
