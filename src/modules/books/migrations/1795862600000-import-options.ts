import { type QueryRunner } from 'typeorm';
import { MIGRATION_SETTINGS } from '../../../platform/database/tenant-table';
import { type Migration } from '../../../platform/features/feature';

export class ImportOptions1795862600000 implements Migration {
  readonly name = 'ImportOptions1795862600000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`${MIGRATION_SETTINGS}
    ALTER TABLE imports ADD COLUMN options jsonb NOT NULL DEFAULT '{}';
    COMMENT ON COLUMN imports.options IS 'How the file is written, where it is not as our exports are.';`);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only: restore, or write the next one'));
  }
}
