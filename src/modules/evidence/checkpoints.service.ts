import { createHash, type KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type PoolClient } from 'pg';
import { LessThan, MoreThan, MoreThanOrEqual, Repository } from 'typeorm';
import { signJws } from '../../common/crypto/jws';
import { uuidv7 } from '../../common/ids/uuid';
import { Problem } from '../../common/problems/problem';
import { Config } from '../../config/config';
import { TenantDatabase, type Transaction } from '../../platform/database/tenant-database';
import { CursorService } from '../../platform/http/pagination/cursor.service';
import { type PageQuery } from '../../platform/http/pagination/page.dto';
import { KeyRing } from '../auth';
import { FIRST_HASH, LedgersService } from '../transactions';
import { merkleRoot } from './core/merkle';
import { CHECKPOINT_TYPE, digestOf, statementOf } from './core/statement';
import { CheckpointResponse } from './dto/checkpoint.dto';
import { Checkpoint } from './entities/checkpoint.entity';
import { CHECKPOINT_NOT_FOUND, LEDGER_CONTRADICTED } from './evidence.errors';
import { byIndex } from './reading/by-index';
import { hashesOf, leavesOf } from './reading/hash-reader';
import { headOf } from './reading/head-reader';

/** Transactions that one checkpoint covers at the most: what a proof has to read of hashes. */
const SPAN = 16_384;

export interface Made {
  /** The latest; null for a ledger without transactions. */
  readonly checkpoint: Checkpoint | null;
  /** How many were made now. */
  readonly made: number;
}

/**
 * Signed statements of where a ledger's hash chain stood. Each covers the transactions after the one before it and names
 * that one, so that they are a chain of their own.
 */
@Injectable()
export class CheckpointsService {
  constructor(
    private readonly database: TenantDatabase,
    private readonly config: Config,
    private readonly keys: KeyRing,
    private readonly ledgers: LedgersService,
    private readonly cursors: CursorService,
    @InjectRepository(Checkpoint) private readonly checkpoints: Repository<Checkpoint>,
  ) {}

  /**
   * Brings the checkpoints up to the head that the ledger has now, in transactions of its own. A ledger that has not
   * moved since the last one gets none.
   * @throws Problem `ledger-not-found`, `ledger-contradicted`, and the reason of the signal when it is aborted
   */
  async make(tenantId: string, ledgerId: string, signal?: AbortSignal): Promise<Made> {
    const until = await this.database.run(tenantId, 'read', async ({ client }) => {
      await this.ledgers.get(ledgerId);
      return (await headOf(client, tenantId, ledgerId)).sequence;
    });
    for (let made = 0; ;) {
      signal?.throwIfAborted();
      const key = await this.keys.current();
      const step = await this.database.run(tenantId, 'write', (transaction) => this.next(transaction, ledgerId, key), {
        lock: checkpointLock(tenantId, ledgerId),
      });
      if (step.made) made += 1;
      if (!step.made || !step.checkpoint || step.checkpoint.sequence >= until)
        return { checkpoint: step.checkpoint, made };
    }
  }

  /** @throws Problem `checkpoint-not-found` */
  async get(ledgerId: string, id: string): Promise<Checkpoint> {
    const found = await this.checkpoints.findOneBy({ ledgerId, id });
    if (!found) throw new Problem(CHECKPOINT_NOT_FOUND, 'The ledger has no checkpoint with this id.');
    return found;
  }

  latest(ledgerId: string): Promise<Checkpoint | null> {
    return this.checkpoints.findOne({ where: { ledgerId }, order: { sequence: 'DESC' } });
  }

  /** The one that covers this place of the ledger, if there is one yet. */
  covering(ledgerId: string, sequence: bigint): Promise<Checkpoint | null> {
    return this.checkpoints.findOne({
      where: { ledgerId, sequence: MoreThanOrEqual(sequence) },
      order: { sequence: 'ASC' },
    });
  }

  /** Newest first. @throws Problem `ledger-not-found` */
  async list(ledgerId: string, query: PageQuery) {
    await this.ledgers.get(ledgerId);
    return this.cursors.page(
      `checkpoints ${ledgerId}`,
      query,
      {},
      ({ direction, key, limit }) => {
        const place = key?.[0] === undefined ? undefined : BigInt(key[0]);
        const sequence =
          place === undefined ? {} : { sequence: direction === 'next' ? LessThan(place) : MoreThan(place) };
        return this.checkpoints.find({
          where: { ledgerId, ...sequence },
          order: { sequence: direction === 'next' ? 'DESC' : 'ASC' },
          take: limit + 1,
        });
      },
      ({ sequence }) => [sequence.toString()],
      (checkpoint) => CheckpointResponse.of(checkpoint),
    );
  }

  /** One more, if the ledger has gone on. Nothing is signed over a contradiction. */
  private async next(
    { client, tenantId, now: createdAt }: Transaction,
    ledgerId: string,
    { kid, privateKey }: { kid: string; privateKey: KeyObject },
  ): Promise<{ checkpoint: Checkpoint | null; made: boolean }> {
    await byIndex(client);
    const before = await this.latest(ledgerId);
    const after = before?.sequence ?? 0n;
    const head = await headOf(client, tenantId, ledgerId);
    const stood = before?.hash.toString('hex') ?? FIRST_HASH;
    const [stands = FIRST_HASH] = after === 0n ? [] : await hashesOf(client, tenantId, ledgerId, after - 1n, after);
    if (stands !== stood)
      throw contradicted(`Transaction ${after} is not the one that the last checkpoint was made for.`);
    if (head.sequence === after && head.hash === stood) return { checkpoint: before, made: false };
    const sequence = head.sequence < after + BigInt(SPAN) ? head.sequence : after + BigInt(SPAN);
    const hashes = await hashesOf(client, tenantId, ledgerId, after, sequence);
    const hash = hashes.at(-1);
    const whole = BigInt(hashes.length) === sequence - after && (sequence < head.sequence || hash === head.hash);
    if (hash === undefined || !whole)
      throw contradicted(`The transactions after ${after} are not those that lead to its head, ${head.sequence}.`);
    const root = merkleRoot(leavesOf(hashes));
    const statement = statementOf({
      iss: this.config.security.tokenIssuer,
      tenant: tenantId,
      ledger: ledgerId,
      after: after.toString(),
      sequence: sequence.toString(),
      hash,
      root: root.toString('hex'),
      previous: before ? digestOf(before.jws) : null,
      currencies: await scalesOf(client, tenantId, ledgerId, after, sequence),
      time: createdAt.toISOString(),
    });
    const id = uuidv7();
    const jws = signJws(CHECKPOINT_TYPE, kid, statement, privateKey);
    const bytes = { hash: Buffer.from(hash, 'hex'), root };
    await this.checkpoints.insert({ id, ledgerId, after, sequence, ...bytes, keyId: kid, jws, createdAt });
    return { checkpoint: await this.get(ledgerId, id), made: true };
  }
}

const contradicted = (detail: string) => new Problem(LEDGER_CONTRADICTED, detail);

/** Decimals of the currencies that these transactions have. */
async function scalesOf(
  client: PoolClient,
  tenantId: string,
  ledgerId: string,
  after: bigint,
  sequence: bigint,
): Promise<Record<string, number>> {
  const { rows } = await client.query<{ code: string; scale: number }>(
    `SELECT c.code, c.scale FROM currencies c
      WHERE c.tenant_id = $1 AND c.code IN (SELECT e.currency FROM transactions t JOIN entries e ON e.tenant_id = t.tenant_id AND e.transaction_id = t.id
        WHERE t.tenant_id = $1 AND t.ledger_id = $2 AND t.sequence > $3 AND t.sequence <= $4) ORDER BY c.code`,
    [tenantId, ledgerId, after.toString(), sequence.toString()],
  );
  return Object.fromEntries(rows.map(({ code, scale }) => [code, scale]));
}

/** Those who make checkpoints of one ledger take turns; postings do not wait for them. */
function checkpointLock(tenantId: string, ledgerId: string): readonly [number, number] {
  const digest = createHash('sha256').update(`checkpoint ${tenantId} ${ledgerId}`).digest();
  return [digest.readInt32BE(0), digest.readInt32BE(4)];
}
