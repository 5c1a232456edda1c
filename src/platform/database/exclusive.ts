import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { type PoolClient } from 'pg';
import { type DataSource } from 'typeorm';

/** Work that one process at a time should do. It saves double work; what must not happen twice needs a row lock as well. */
@Injectable()
export class Exclusive {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /**
   * Runs `work` unless another process holds `lock`.
   * @returns false when another one does
   */
  async tryRun(lock: number, work: () => Promise<void>): Promise<boolean> {
    const runner = this.dataSource.createQueryRunner();
    try {
      const client = (await runner.connect()) as PoolClient;
      // a lock of the transaction, not of the session: it survives neither this connection nor a pooler in between
      const answer = (await client.query(
        `BEGIN READ ONLY; SET LOCAL idle_in_transaction_session_timeout = 0; SELECT pg_try_advisory_xact_lock(${Math.trunc(lock)}) AS mine`,
      )) as unknown as { rows: { mine?: boolean }[] }[];
      try {
        if (answer.at(-1)?.rows[0]?.mine !== true) return false;
        await work();
        return true;
      } finally {
        await client.query('COMMIT');
      }
    } finally {
      await runner.release();
    }
  }
}
