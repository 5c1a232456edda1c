import { type CatalogKnowledge } from '../../platform/features/feature';

/** The last line of REL-01 to REL-03: without these only the code would keep the invariants. */
export const LEDGER_CATALOG: CatalogKnowledge = {
  systemFunctions: [
    // of triggers: they compare whole keys, tenant included, and only ever say no
    'daybook_system check_entries()',
    'daybook_system check_transactions()',
    'daybook_system check_balance_explained()',
    'daybook_system check_remaining()',
    'daybook_system check_head()',
    'daybook_system ledgers_with_due_holds(integer)',
    // of a trigger: files what a tenant's own rows say under the same tenant
    'daybook_system list_metadata()',
    // of the current tenant only; an index over amounts is of no use under row-level security
    'daybook_system transactions_by_amount(uuid, text, numeric, numeric, numeric, uuid, numeric, uuid, boolean, integer)',
    'daybook_system ledgers_with_due_schedules(integer)',
    // only the owner of a table may gather its statistics; row-level security applies to the owner too
    'daybook_owner analyze_grown_tables()',
  ],
  immutableTables: ['transactions', 'entries', 'transaction_metadata', 'transaction_template_versions'],
  guardTriggers: [
    'accounts.accounts_counted',
    'accounts.accounts_kept',
    'accounts.accounts_same',
    'balances.balances_kept',
    'currencies.currencies_kept',
    'currencies.currencies_same',
    'holds.holds_end_once',
    'holds.holds_explained_insert',
    'holds.holds_explained_update',
    'holds.holds_kept',
    'holds.holds_shrink',
    'ledger_heads.ledger_heads_explained_insert',
    'ledger_heads.ledger_heads_explained_update',
    'ledger_heads.ledger_heads_kept',
    'ledger_heads.ledger_heads_same',
    'ledgers.ledgers_kept',
    'scheduled_transactions.scheduled_transactions_end_once',
    'scheduled_transactions.scheduled_transactions_kept',
    'reversals.reversals_explained_insert',
    'reversals.reversals_explained_update',
    'reversals.reversals_kept',
    'reversals.reversals_same',
    'reversals.reversals_shrink',
    'entries.entries_check',
    'entries.entries_immutable',
    'transactions.transactions_check',
    'transactions.transactions_immutable',
    'transactions.transactions_metadata',
    'transaction_template_versions.transaction_template_versions_immutable',
    'balances.balances_explained_insert',
    'balances.balances_explained_update',
  ],
  // a trigger compares it with what it follows from
  signedAmounts: ['entries.balance_after'],
  systemGrants: ['transaction_metadata INSERT'],
};
