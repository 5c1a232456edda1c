import { type Migration, MIGRATION_SETTINGS, tenantTable } from 'daybook';
import { type QueryRunner } from 'typeorm';

export class Invoices1795863041962 implements Migration {
  readonly name = 'Invoices1795863041962';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`${MIGRATION_SETTINGS}
    CREATE TABLE invoices (
      tenant_id uuid NOT NULL DEFAULT current_tenant_id(),
      id uuid NOT NULL,
      number text NOT NULL,
      total_amount numeric(38,0) NOT NULL,
      total_currency text NOT NULL,
      due_on date NOT NULL,
      note text,
      ledger_id uuid,
      job_id uuid,
      transaction_id uuid,
      version integer NOT NULL DEFAULT 1,
      created_at timestamptz NOT NULL DEFAULT tenant_now(),
      updated_at timestamptz NOT NULL DEFAULT tenant_now(),
      PRIMARY KEY (tenant_id, id),
      CONSTRAINT invoices_number_key UNIQUE (tenant_id, number),
      CONSTRAINT invoices_ledger_fkey FOREIGN KEY (tenant_id, ledger_id) REFERENCES ledgers (tenant_id, id),
      CONSTRAINT invoices_total_currency_fkey FOREIGN KEY (tenant_id, total_currency) REFERENCES currencies (tenant_id, code),
      CONSTRAINT invoices_paid_check CHECK (transaction_id IS NULL OR ledger_id IS NOT NULL),
      CONSTRAINT invoices_number_check CHECK (char_length(number) BETWEEN 1 AND 200),
      CONSTRAINT invoices_total_check CHECK (total_amount >= 0),
      CONSTRAINT invoices_note_check CHECK (char_length(note) <= 5000)
    );
    CREATE INDEX invoices_ledger ON invoices (tenant_id, ledger_id);
    CREATE INDEX invoices_total_currency ON invoices (tenant_id, total_currency);
    ${tenantTable('invoices', 'SELECT, INSERT, UPDATE, DELETE')}`);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only: restore, or write the next one'));
  }
}
