import { Injectable } from '@nestjs/common';
import { uuidv7 } from '../../../common/ids/uuid';
import { currentTransaction } from '../../../platform/database/tenant-database';
import { type AccountType, normalBalanceOf } from '../core/account';

export interface ChartAccount {
  readonly code: string;
  readonly type: AccountType;
  readonly open: boolean;
  /** Null: any. */
  readonly currencies: readonly string[] | null;
}

export interface ChartCurrency {
  readonly code: string;
  readonly scale: number;
}

/** A ledger's accounts and the tenant's currencies by the hundred, for whole books. In the caller's transaction. */
@Injectable()
export class ChartService {
  async accounts(ledgerId: string, codes: readonly string[]): Promise<ChartAccount[]> {
    return this.rows(
      `SELECT code, type, status = 'open' AS open, currencies FROM accounts
        WHERE tenant_id = $1 AND ledger_id = $2 AND code = ANY ($3::text[])`,
      [ledgerId, codes],
    );
  }

  /** The next accounts in the order of their codes, after `code`. */
  async accountsAfter(ledgerId: string, code: string, limit: number): Promise<ChartAccount[]> {
    return this.rows(
      `SELECT code, type, status = 'open' AS open, currencies FROM accounts
        WHERE tenant_id = $1 AND ledger_id = $2 AND code > $3 ORDER BY code LIMIT $4`,
      [ledgerId, code, limit],
    );
  }

  async currencies(codes: readonly string[]): Promise<ChartCurrency[]> {
    return this.rows(`SELECT code, scale FROM currencies WHERE tenant_id = $1 AND code = ANY ($2::text[])`, [codes]);
  }

  /** Those that the ledger has balances in. */
  async currenciesOf(ledgerId: string): Promise<ChartCurrency[]> {
    return this.rows(
      `SELECT code, scale FROM currencies c
        WHERE tenant_id = $1 AND EXISTS (SELECT FROM balances b
          WHERE b.tenant_id = c.tenant_id AND b.ledger_id = $2 AND b.currency = c.code)
        ORDER BY code`,
      [ledgerId],
    );
  }

  /** Makes accounts that are missing; those that are there stay as they are. @returns how many were made */
  async createAccounts(
    ledgerId: string,
    accounts: readonly { readonly code: string; readonly type: AccountType }[],
  ): Promise<number> {
    const { client, tenantId } = currentTransaction();
    const { rowCount } = await client.query(
      `INSERT INTO accounts (tenant_id, ledger_id, id, code, type, normal_balance)
       SELECT $1, $2, a.* FROM unnest($3::uuid[], $4::text[], $5::text[], $6::text[]) AS a
       ON CONFLICT (tenant_id, ledger_id, code) DO NOTHING`,
      [
        tenantId,
        ledgerId,
        accounts.map(() => uuidv7()),
        accounts.map(({ code }) => code),
        accounts.map(({ type }) => type),
        accounts.map(({ type }) => normalBalanceOf(type)),
      ],
    );
    return rowCount ?? 0;
  }

  /** Makes custom currencies that are missing. @returns how many were made */
  async createCurrencies(currencies: readonly ChartCurrency[]): Promise<number> {
    const { client, tenantId } = currentTransaction();
    const { rowCount } = await client.query(
      `INSERT INTO currencies (tenant_id, code, scale, name, custom)
       SELECT $1, c.code, c.scale, c.code, true FROM unnest($2::text[], $3::smallint[]) AS c (code, scale)
       ON CONFLICT (tenant_id, code) DO NOTHING`,
      [tenantId, currencies.map(({ code }) => code), currencies.map(({ scale }) => scale)],
    );
    return rowCount ?? 0;
  }

  private async rows<Row>(sql: string, values: readonly unknown[]): Promise<Row[]> {
    const { client, tenantId } = currentTransaction();
    return (await client.query(sql, [tenantId, ...values])).rows as Row[];
  }
}
