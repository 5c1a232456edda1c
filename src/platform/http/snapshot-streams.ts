import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Injectable, Logger } from '@nestjs/common';
import { UNAVAILABLE } from '../../common/problems/http.problems';
import { Problem } from '../../common/problems/problem';
import { Config } from '../../config/config';
import { TenantDatabase, type Transaction } from '../database/tenant-database';

/** A client that takes nothing for this long loses its stream: it holds a connection. */
const PATIENCE_MS = 60_000;

/** Long texts from the database, all of one moment, however long the client takes to read them. */
@Injectable()
export class SnapshotStreams {
  private readonly logger = new Logger(SnapshotStreams.name);
  private readonly atOnce: number;
  private open = 0;

  constructor(
    config: Config,
    private readonly database: TenantDatabase,
  ) {
    // most of the pool stays free for those who are quick
    this.atOnce = Math.max(1, Math.floor(config.database.poolSize * 0.2));
  }

  /**
   * A stream that is destroyed when anything goes wrong, and that lets go of its connection when it is destroyed.
   * @throws Problem `unavailable` when too many are open
   */
  start(tenantId: string, textOf: (transaction: Transaction) => AsyncIterable<string>): Readable {
    if (this.open >= this.atOnce)
      throw new Problem(UNAVAILABLE, `${this.open} exports are being sent already; try again.`, {
        headers: { 'retry-after': '5' },
      });
    this.open += 1;
    const out = new PassThrough();
    void this.fill(out, tenantId, textOf).finally(() => (this.open -= 1));
    return out;
  }

  private async fill(
    out: PassThrough,
    tenantId: string,
    textOf: (transaction: Transaction) => AsyncIterable<string>,
  ): Promise<void> {
    const write = async (transaction: Transaction) => {
      await transaction.client.query(`SELECT set_config('idle_in_transaction_session_timeout', $1, true)`, [
        String(PATIENCE_MS),
      ]);
      // ended below: only what was read to the end, transaction and all, may look whole
      await pipeline(textOf(transaction), out, { end: false });
    };
    try {
      await this.database.run(tenantId, 'read', write, { snapshot: true, unlimited: true, retries: 0 });
      out.end();
    } catch (error) {
      const gone = (error as { code?: string }).code === 'ERR_STREAM_PREMATURE_CLOSE';
      if (!gone) this.logger.error({ msg: 'an export broke off', tenantId, err: error });
      out.destroy(error as Error);
    }
  }
}
