import { Injectable } from '@nestjs/common';
import { formatAmount } from '../../../common/money/amount';
import { VALIDATION_FAILED } from '../../../common/problems/http.problems';
import { formatInstant, parseInstant } from '../../../common/time/instant';
import { currentTransaction } from '../../../platform/database/tenant-database';
import { AccountsService } from '../accounts/accounts.service';
import { readSums, sumsIn } from '../balances/balance-sums';
import { amountAt } from '../core/amount-at';
import { postedAmount } from '../core/balance';
import { type BookedChange, reconcile, type StatementLine } from '../core/reconcile';
import { fieldRefused } from '../core/refusal';
import { CurrenciesService } from '../ledgers/currencies.service';
import { type FoundElsewhere, type ReconcileRequest, type ReconciliationResponse } from './reconciliation.dto';
import { type Account } from '../entities/account.entity';
import { UNKNOWN_CURRENCY } from '../core/refusals.errors';
import { RECONCILIATION_TOO_LARGE } from './reconciliation.errors';

/** Transactions of the account that one comparison reads, at the most. */
const TRANSACTIONS_MAX = 20_000;

interface Booked extends BookedChange {
  readonly effectiveAt: Date;
}

/** What is compared, once the request was understood. */
interface Scope {
  readonly account: Account;
  readonly currency: string;
  readonly scale: number;
  readonly from: Date;
  readonly to: Date;
}

/** Compares an account with a record of it that somebody else keeps (REL-12). */
@Injectable()
export class ReconciliationService {
  constructor(
    private readonly accounts: AccountsService,
    private readonly currencies: CurrenciesService,
  ) {}

  /** @throws Problem `account-not-found`, `unknown-currency`, `amount-precision`, `amount-out-of-range`, `reconciliation-too-large` */
  async reconcile(ledgerId: string, idOrCode: string, request: ReconcileRequest): Promise<ReconciliationResponse> {
    const scope = await this.scopeOf(ledgerId, idOrCode, request);
    const { account, currency, scale, from, to } = scope;
    const amount = (text: string, pointer: string) => amountAt(text, currency, scale, pointer);
    const lines = request.lines.map(({ reference, direction, amount: text }, index): StatementLine => {
      const minor = amount(text, `/lines/${index}/amount`);
      return { reference, change: direction === 'debit' ? minor : -minor };
    });
    const { closingBalance } = request;
    const stated = closingBalance === undefined ? undefined : amount(closingBalance, '/closingBalance');
    const { matched, missing, extra, different } = reconcile(lines, await bookedIn(scope));
    const elsewhere = await transactionsWith(
      ledgerId,
      missing.map(({ reference }) => reference),
    );
    const booked = stated === undefined ? undefined : await closingBalanceOf(scope);
    const format = (minor: bigint) => formatAmount(minor, scale);
    const ours = ({ transactionId, reference, change, effectiveAt }: Booked) => ({
      transactionId,
      reference,
      ledger: format(change),
      effectiveAt: formatInstant(effectiveAt),
    });
    return {
      accountId: account.id,
      account: account.code,
      currency,
      effectiveFrom: formatInstant(from),
      effectiveTo: formatInstant(to),
      reconciled: missing.length + extra.length + different.length === 0 && stated === booked,
      matched,
      missing: missing.map(({ reference, change }) => ({
        reference,
        statement: format(change),
        elsewhere: elsewhere.get(reference) ?? null,
      })),
      extra: extra.map(ours),
      different: different.map((one) => ({ ...ours(one.booked), statement: format(one.change) })),
      closing:
        stated === undefined || booked === undefined
          ? null
          : { statement: format(stated), ledger: format(booked), difference: format(stated - booked) },
    };
  }

  private async scopeOf(ledgerId: string, idOrCode: string, request: ReconcileRequest): Promise<Scope> {
    const { currency, effectiveFrom, effectiveTo } = request;
    const account = await this.accounts.get(ledgerId, idOrCode);
    const scale = (await this.currencies.scaleOf([currency]))(currency);
    if (scale === undefined)
      throw fieldRefused(
        UNKNOWN_CURRENCY,
        '/currency',
        `"${currency}" is neither an ISO 4217 currency nor one of this tenant.`,
      );
    const [from, to] = [parseInstant(effectiveFrom), parseInstant(effectiveTo)];
    if (!from || !to || to <= from)
      throw fieldRefused(VALIDATION_FAILED, '/effectiveTo', 'must be after effectiveFrom');
    return { account, currency, scale, from, to };
  }
}

/** What transactions of that time did to the account, by time. */
async function bookedIn({ account, currency, from, to }: Scope): Promise<Booked[]> {
  const { client, tenantId } = currentTransaction();
  const { rows } = await client.query<{ id: string; reference: string | null; change: string; effective_at: Date }>(
    // the times of both, so that either the account's entries or the ledger's transactions may lead
    `SELECT t.id, t.reference, t.effective_at, sum(CASE e.direction WHEN 'debit' THEN e.amount ELSE -e.amount END)::text AS change
       FROM entries e JOIN transactions t ON t.tenant_id = e.tenant_id AND t.id = e.transaction_id
      WHERE e.tenant_id = $1 AND e.account_id = $3 AND e.currency = $4 AND e.effective_at >= $5 AND e.effective_at < $6
        AND e.kind NOT IN ('held', 'released')
        AND t.ledger_id = $2 AND t.effective_at >= $5 AND t.effective_at < $6
      GROUP BY t.tenant_id, t.id ORDER BY t.effective_at, t.sequence LIMIT $7`,
    [tenantId, account.ledgerId, account.id, currency, from, to, TRANSACTIONS_MAX + 1],
  );
  if (rows.length > TRANSACTIONS_MAX)
    throw fieldRefused(
      RECONCILIATION_TOO_LARGE,
      '/effectiveTo',
      `The account has more than ${TRANSACTIONS_MAX} transactions in this time.`,
    );
  return rows.map(({ id, reference, change, effective_at }) => ({
    transactionId: id,
    reference,
    change: BigInt(change),
    effectiveAt: effective_at,
  }));
}

/** Transactions of the ledger with these references, whatever their time and accounts. */
async function transactionsWith(
  ledgerId: string,
  references: readonly string[],
): Promise<ReadonlyMap<string, FoundElsewhere>> {
  if (references.length === 0) return new Map();
  const { client, tenantId } = currentTransaction();
  const { rows } = await client.query<{ id: string; reference: string; effective_at: Date }>(
    'SELECT id, reference, effective_at FROM transactions WHERE tenant_id = $1 AND ledger_id = $2 AND reference = ANY ($3::text[])',
    [tenantId, ledgerId, references],
  );
  return new Map(
    rows.map(({ id, reference, effective_at }) => [
      reference,
      { transactionId: id, effectiveAt: formatInstant(effective_at) },
    ]),
  );
}

/** What was posted just before the end of the time, in the sign of the account's normal balance. */
async function closingBalanceOf({ account, currency, to }: Scope): Promise<bigint> {
  // moments have milliseconds: the last one before the end
  const moment = new Date(to.getTime() - 1);
  const [row] = await readSums({ ledgerId: account.ledgerId, accountId: account.id, currency, moment });
  return row ? postedAmount(sumsIn(row), account.normalBalance) : 0n;
}
