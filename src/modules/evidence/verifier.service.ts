import { createPublicKey, type KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { type PoolClient } from 'pg';
import { TenantDatabase, type Transaction } from '../../platform/database/tenant-database';
import { KeyRing } from '../auth';
import { LedgersService, transactionHash } from '../transactions';
import { BalanceCheck } from './core/balance-check';
import { ChainCheck } from './core/chain-check';
import { CheckpointCheck } from './core/checkpoint-check';
import { type Finding, Findings } from './core/findings';
import { type LedgerRow } from './core/ledger-row';
import { checkState } from './core/state-check';
import { checkTransaction } from './core/transaction-check';
import { type AccountRow, readAccounts, readEntries } from './reading/balance-reader';
import { byIndex } from './reading/by-index';
import { readCheckpoints } from './reading/checkpoint-reader';
import { readLedger } from './reading/ledger-reader';
import { type Head, headOf } from './reading/head-reader';

const STATEMENT_TIMEOUT_MS = 60_000;
/** Of the progress, what the transactions are; the balances are the rest. */
const TRANSACTIONS_PERCENT = 75;

export interface VerifyOptions {
  readonly signal?: AbortSignal;
  /** Percent. */
  readonly progress?: (percent: number, message: string) => Promise<void>;
}

export interface VerifyResult {
  /** Head of the ledger at the moment that was verified. */
  readonly sequence: bigint;
  readonly entries: bigint;
  readonly balances: bigint;
  readonly checkpoints: bigint;
  readonly findingCount: number;
  /** The first of them. */
  readonly findings: readonly Finding[];
}

/**
 * Recomputes a ledger from its rows: sums, balances, versions, sequence, hash chain, holds, reversals and checkpoints
 * (REL-12, REL-13). All of it as of one moment, page by page: memory does not grow with the ledger.
 */
@Injectable()
export class Verifier {
  constructor(
    private readonly database: TenantDatabase,
    private readonly ledgers: LedgersService,
    private readonly keys: KeyRing,
  ) {}

  /** @throws Problem `ledger-not-found`, and the reason of the signal when it is aborted */
  async verify(tenantId: string, ledgerId: string, options: VerifyOptions = {}): Promise<VerifyResult> {
    const published = await this.keys.checkpointSet();
    const keys = new Map(published.map((key) => [key.kid, createPublicKey({ key: { ...key }, format: 'jwk' })]));
    return this.database.run(
      tenantId,
      'read',
      async (transaction) => {
        await this.ledgers.get(ledgerId);
        return new LedgerWalk(transaction, ledgerId, keys, options).run();
      },
      { snapshot: true, unlimited: true, retries: 0, statementTimeoutMs: STATEMENT_TIMEOUT_MS },
    );
  }
}

class LedgerWalk {
  private readonly client: PoolClient;
  private readonly tenantId: string;
  private readonly findings = new Findings();
  private recorded = 0n;

  constructor(
    transaction: Transaction,
    private readonly ledgerId: string,
    private readonly keys: ReadonlyMap<string, KeyObject>,
    private readonly options: VerifyOptions,
  ) {
    this.client = transaction.client;
    this.tenantId = transaction.tenantId;
  }

  async run(): Promise<VerifyResult> {
    await byIndex(this.client);
    const head = await headOf(this.client, this.tenantId, this.ledgerId);
    const checkpoints = await this.checkTransactions(head);
    const { balances, entries } = await this.checkBalances();
    // both walks see the same entries, unless one hangs on a transaction or an account that is gone
    if (entries !== this.recorded) await this.nameStrayEntries();
    const { count, kept } = this.findings;
    return { sequence: head.sequence, entries, balances, checkpoints, findingCount: count, findings: kept };
  }

  private async checkTransactions(head: Head): Promise<bigint> {
    const { client, tenantId, ledgerId, findings } = this;
    const chain = new ChainCheck(hashOf, findings);
    const rows = readCheckpoints(client, tenantId, ledgerId, this.keys);
    const checkpoints = new CheckpointCheck(async () => (await rows.next()).value ?? undefined, findings);
    await checkpoints.begin();
    for await (const page of readLedger(client, tenantId, ledgerId)) {
      for (const row of page) {
        checkTransaction(row, chain.next(row), findings);
        checkState(row, findings);
        await checkpoints.next(row);
        this.recorded += BigInt(row.entries.length);
      }
      const share = head.sequence === 0n ? 1 : Math.min(1, Number(chain.sequence) / Number(head.sequence));
      await this.step(share * TRANSACTIONS_PERCENT, `${chain.sequence} of ${head.sequence} transactions`);
    }
    chain.end(head);
    await checkpoints.end();
    return checkpoints.count;
  }

  private async checkBalances(): Promise<{ balances: bigint; entries: bigint }> {
    const { client, tenantId, ledgerId } = this;
    let [balances, entries] = [0n, 0n];
    for await (const accounts of readAccounts(client, tenantId, ledgerId)) {
      entries += await this.checkAccounts(accounts);
      balances += BigInt(accounts.reduce((sum, account) => sum + account.balances.length, 0));
      const share = this.recorded === 0n ? 1 : Math.min(1, Number(entries) / Number(this.recorded));
      await this.step(TRANSACTIONS_PERCENT + share * (100 - TRANSACTIONS_PERCENT), `${balances} balances`);
    }
    return { balances, entries };
  }

  private async checkAccounts(accounts: readonly AccountRow[]): Promise<bigint> {
    const codes = new Map(accounts.map(({ id, code }) => [id, code]));
    const open = new Map<string, BalanceCheck>();
    for (const balance of accounts.flatMap((account) => account.balances))
      open.set(`${balance.accountId} ${balance.currency}`, new BalanceCheck(balance, this.findings));
    for await (const steps of readEntries(this.client, this.tenantId, accounts)) {
      for (const step of steps) {
        const key = `${step.accountId} ${step.currency}`;
        let check = open.get(key);
        if (!check) {
          const { accountId, currency } = step;
          const none = { debits: 0n, credits: 0n, pendingDebits: 0n, pendingCredits: 0n, version: 0n };
          check = new BalanceCheck(
            { accountId, account: codes.get(accountId) ?? '', currency, ...none },
            this.findings,
          );
          open.set(key, check);
        }
        check.add(step);
      }
      this.options.signal?.throwIfAborted();
    }
    let entries = 0n;
    for (const check of open.values()) {
      check.end();
      entries += check.entries;
    }
    return entries;
  }

  private async nameStrayEntries(): Promise<void> {
    const { rows } = await this.client.query<{ transaction_id: string; position: number; account: string }>(
      `SELECT e.transaction_id, e.position, a.code AS account FROM accounts a JOIN entries e ON e.tenant_id = a.tenant_id AND e.account_id = a.id
        WHERE a.tenant_id = $1 AND a.ledger_id = $2
          AND NOT EXISTS (SELECT FROM transactions t WHERE t.tenant_id = e.tenant_id AND t.id = e.transaction_id AND t.ledger_id = a.ledger_id) LIMIT 100`,
      [this.tenantId, this.ledgerId],
    );
    for (const { transaction_id: id, position, account } of rows)
      this.findings.add(
        'entries',
        `transaction ${id}`,
        `it is gone, and its entry ${position} of account ${account} is not`,
      );
  }

  private async step(percent: number, message: string): Promise<void> {
    this.options.signal?.throwIfAborted();
    await this.options.progress?.(percent, message);
  }
}

/** Undefined where the row cannot be written in the canonical form at all. */
function hashOf(previous: string, row: LedgerRow): string | undefined {
  try {
    // an account or a currency that is gone is null, which no hash was made with
    return transactionHash(previous, row as Parameters<typeof transactionHash>[1]);
  } catch {
    return undefined;
  }
}
