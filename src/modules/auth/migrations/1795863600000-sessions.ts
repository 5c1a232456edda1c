import { type MigrationInterface, type QueryRunner } from 'typeorm';
import { MIGRATION_SETTINGS } from '../../../platform/database/tenant-table';

/** Sessions that people can tell apart and end, and the successor of a refresh token whose answer was lost. */
export class Sessions1795863600000 implements MigrationInterface {
  readonly name = 'Sessions1795863600000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`${MIGRATION_SETTINGS}
    ALTER TABLE sessions
      ADD COLUMN source text,
      ADD COLUMN user_agent text,
      DROP CONSTRAINT sessions_reason_check,
      ADD CONSTRAINT sessions_reason_check CHECK (revoked_reason ~ '^[a-z-]+$') NOT VALID;
    ALTER TABLE sessions VALIDATE CONSTRAINT sessions_reason_check;
    COMMENT ON COLUMN sessions.source IS 'The address that signed in.';

    ALTER TABLE refresh_tokens ADD COLUMN sealed_successor text;
    COMMENT ON COLUMN refresh_tokens.sealed_successor IS
      'The token that it was exchanged for, sealed under a key that is derived from the spent one: whoever reads the database cannot open it.';
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only: restore, or write the next one'));
  }
}
