import { type MigrationInterface, type QueryRunner } from 'typeorm';
import { MIGRATION_SETTINGS, tenantTable } from '../../../platform/database/tenant-table';

/**
 * How the checks find rows: by index, one by one. Their plans are kept for a connection's life, and the first are made
 * while the tables are nearly empty, when reading all of one looks cheap.
 */
const BY_INDEX = `SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_material = off`;

/**
 * The checks run as `daybook_system`, which row-level security does not filter: they compare whole keys, tenant
 * included, and only ever say no. Under the policies the planner takes a tenant that is new to it for one with hardly
 * any rows, and reads all of them for each batch, which is a thousand times slower by the time the tenant has grown.
 */
const checkFunction = (signature: string): string => `
    ALTER FUNCTION ${signature} OWNER TO daybook_system;
    REVOKE ALL ON FUNCTION ${signature} FROM PUBLIC;`;

/**
 * Ledgers, accounts, balances, transactions and entries. The triggers at the end repeat the invariants of the posting
 * engine (REL-01 to REL-03, REL-08): no SQL that the application may run can leave a book that does not add up.
 */
export class Ledger1795300000003 implements MigrationInterface {
  readonly name = 'Ledger1795300000003';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`${MIGRATION_SETTINGS}
    CREATE TABLE ledgers (
      tenant_id   uuid NOT NULL DEFAULT current_tenant_id(),
      id          uuid NOT NULL,
      name        text NOT NULL,
      description text,
      status      text NOT NULL DEFAULT 'open',
      metadata    jsonb NOT NULL DEFAULT '{}',
      version     integer NOT NULL DEFAULT 1,
      created_at  timestamptz NOT NULL DEFAULT now(),
      updated_at  timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, id),
      CONSTRAINT ledgers_name_key UNIQUE (tenant_id, name),
      CONSTRAINT ledgers_status_check CHECK (status IN ('open', 'closed')),
      CONSTRAINT ledgers_name_check CHECK (length(name) BETWEEN 1 AND 120)
    );
    ${tenantTable('ledgers', 'SELECT, INSERT, UPDATE')}

    -- Apart from ledgers: every batch of postings changes it, and it has no other readers to disturb.
    CREATE TABLE ledger_heads (
      tenant_id uuid NOT NULL DEFAULT current_tenant_id(),
      ledger_id uuid NOT NULL,
      sequence  bigint NOT NULL DEFAULT 0,
      posted_at timestamptz NOT NULL DEFAULT '-infinity',
      PRIMARY KEY (tenant_id, ledger_id),
      CONSTRAINT ledger_heads_ledger_fkey FOREIGN KEY (tenant_id, ledger_id) REFERENCES ledgers (tenant_id, id),
      CONSTRAINT ledger_heads_sequence_check CHECK (sequence >= 0)
    ) WITH (fillfactor = 50);
    ${tenantTable('ledger_heads', 'SELECT, INSERT, UPDATE')}

    -- Every currency that the tenant uses; ISO 4217 ones are adopted on first use, so that a scale never changes under stored amounts.
    CREATE TABLE currencies (
      tenant_id  uuid NOT NULL DEFAULT current_tenant_id(),
      code       text NOT NULL,
      scale      smallint NOT NULL,
      name       text NOT NULL,
      custom     boolean NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, code),
      CONSTRAINT currencies_code_check CHECK (code ~ '^[A-Z0-9.]{2,16}$'),
      CONSTRAINT currencies_scale_check CHECK (scale BETWEEN 0 AND 18)
    );
    ${tenantTable('currencies', 'SELECT, INSERT')}

    CREATE TABLE accounts (
      tenant_id      uuid NOT NULL DEFAULT current_tenant_id(),
      id             uuid NOT NULL,
      ledger_id      uuid NOT NULL,
      code           text COLLATE "C" NOT NULL,
      name           text,
      type           text NOT NULL,
      normal_balance text NOT NULL,
      currencies     text[],
      status         text NOT NULL DEFAULT 'open',
      metadata       jsonb NOT NULL DEFAULT '{}',
      version        integer NOT NULL DEFAULT 1,
      created_at     timestamptz NOT NULL DEFAULT now(),
      updated_at     timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, id),
      CONSTRAINT accounts_code_key UNIQUE (tenant_id, ledger_id, code),
      CONSTRAINT accounts_ledger_key UNIQUE (tenant_id, ledger_id, id),
      CONSTRAINT accounts_ledger_fkey FOREIGN KEY (tenant_id, ledger_id) REFERENCES ledgers (tenant_id, id),
      CONSTRAINT accounts_type_check CHECK (type IN ('asset', 'liability', 'equity', 'revenue', 'expense')),
      CONSTRAINT accounts_normal_balance_check CHECK (normal_balance IN ('debit', 'credit')),
      CONSTRAINT accounts_status_check CHECK (status IN ('open', 'closed')),
      CONSTRAINT accounts_code_check CHECK (length(code) BETWEEN 1 AND 255 AND code !~ '(^:|:$|::|[*[:cntrl:]])')
    );
    ${tenantTable('accounts', 'SELECT, INSERT, UPDATE')}

    CREATE TABLE balances (
      tenant_id      uuid NOT NULL DEFAULT current_tenant_id(),
      account_id     uuid NOT NULL,
      currency       text NOT NULL,
      ledger_id      uuid NOT NULL,
      posted_debits  numeric(38,0) NOT NULL,
      posted_credits numeric(38,0) NOT NULL,
      version        bigint NOT NULL,
      PRIMARY KEY (tenant_id, account_id, currency),
      CONSTRAINT balances_account_fkey FOREIGN KEY (tenant_id, ledger_id, account_id) REFERENCES accounts (tenant_id, ledger_id, id),
      CONSTRAINT balances_currency_fkey FOREIGN KEY (tenant_id, currency) REFERENCES currencies (tenant_id, code),
      CONSTRAINT balances_sign_check CHECK (posted_debits >= 0 AND posted_credits >= 0),
      CONSTRAINT balances_version_check CHECK (version > 0)
    ) WITH (fillfactor = 50); -- rows change in place (HOT): only unindexed columns ever change
    CREATE INDEX balances_ledger ON balances (tenant_id, ledger_id, account_id);
    ${tenantTable('balances', 'SELECT, INSERT, UPDATE')}

    CREATE TABLE transactions (
      tenant_id    uuid NOT NULL DEFAULT current_tenant_id(),
      id           uuid NOT NULL,
      ledger_id    uuid NOT NULL,
      sequence     bigint NOT NULL,
      status       text NOT NULL,
      reference    text,
      description  text,
      effective_at timestamptz NOT NULL,
      created_at   timestamptz NOT NULL,
      created_by   uuid NOT NULL,
      entry_count  smallint NOT NULL,
      metadata     jsonb NOT NULL DEFAULT '{}',
      PRIMARY KEY (tenant_id, id),
      CONSTRAINT transactions_sequence_key UNIQUE (tenant_id, ledger_id, sequence),
      CONSTRAINT transactions_ledger_fkey FOREIGN KEY (tenant_id, ledger_id) REFERENCES ledgers (tenant_id, id),
      CONSTRAINT transactions_status_check CHECK (status IN ('posted')),
      CONSTRAINT transactions_sequence_check CHECK (sequence > 0),
      CONSTRAINT transactions_entry_count_check CHECK (entry_count >= 2)
    );
    CREATE UNIQUE INDEX transactions_reference_key ON transactions (tenant_id, ledger_id, reference) WHERE reference IS NOT NULL;
    ${tenantTable('transactions', 'SELECT, INSERT')}

    CREATE TABLE entries (
      tenant_id      uuid NOT NULL DEFAULT current_tenant_id(),
      transaction_id uuid NOT NULL,
      position       smallint NOT NULL,
      account_id     uuid NOT NULL,
      currency       text NOT NULL,
      direction      text NOT NULL,
      amount         numeric(38,0) NOT NULL,
      version        bigint NOT NULL,
      balance_after  numeric(38,0) NOT NULL,
      effective_at   timestamptz NOT NULL,
      created_at     timestamptz NOT NULL,
      PRIMARY KEY (tenant_id, transaction_id, position),
      CONSTRAINT entries_version_key UNIQUE (tenant_id, account_id, currency, version),
      CONSTRAINT entries_transaction_fkey FOREIGN KEY (tenant_id, transaction_id) REFERENCES transactions (tenant_id, id),
      CONSTRAINT entries_balance_fkey FOREIGN KEY (tenant_id, account_id, currency) REFERENCES balances (tenant_id, account_id, currency),
      CONSTRAINT entries_direction_check CHECK (direction IN ('debit', 'credit')),
      CONSTRAINT entries_amount_check CHECK (amount > 0),
      CONSTRAINT entries_position_check CHECK (position >= 0)
    );
    COMMENT ON COLUMN entries.version IS 'Dense per account and currency, from 1: the place of the entry in that balance.';
    COMMENT ON COLUMN entries.balance_after IS 'Debits minus credits of the account in this currency, after the entry.';
    ${tenantTable('entries', 'SELECT, INSERT')}

    -- REL-03: posted rows do not change, whoever asks and whatever was granted.
    CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
    BEGIN
      RAISE EXCEPTION '% rows are never changed or removed', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END $$;
    ALTER FUNCTION refuse_change() OWNER TO daybook_owner;
    CREATE TRIGGER entries_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON entries EXECUTE FUNCTION refuse_change();
    CREATE TRIGGER transactions_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON transactions EXECUTE FUNCTION refuse_change();

    -- A statement that inserts entries leaves whole, balanced transactions and balances that agree with them. Once per
    -- statement, over all its rows: per row it would cost more than the insert.
    CREATE FUNCTION daybook_system.check_entries() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER ${BY_INDEX} AS $$
    BEGIN
      IF EXISTS (SELECT FROM fresh GROUP BY transaction_id, currency
                 HAVING sum(CASE direction WHEN 'debit' THEN amount ELSE -amount END) <> 0) THEN
        RAISE EXCEPTION 'debits and credits differ' USING ERRCODE = 'check_violation', CONSTRAINT = 'entries_zero_sum', TABLE = 'entries';
      END IF;
      -- all entries of a transaction in one statement, numbered from 0: none can be added later
      IF EXISTS (SELECT FROM (SELECT tenant_id, transaction_id, count(*) AS n, max(position) AS last FROM fresh GROUP BY 1, 2) f
                 LEFT JOIN public.transactions t ON t.tenant_id = f.tenant_id AND t.id = f.transaction_id
                 WHERE t.entry_count IS DISTINCT FROM f.n OR f.last <> f.n - 1) THEN
        RAISE EXCEPTION 'a transaction is not whole' USING ERRCODE = 'check_violation', CONSTRAINT = 'entries_whole', TABLE = 'entries';
      END IF;
      IF EXISTS (SELECT FROM fresh f
                 JOIN public.transactions t ON t.tenant_id = f.tenant_id AND t.id = f.transaction_id
                 JOIN public.balances b ON b.tenant_id = f.tenant_id AND b.account_id = f.account_id AND b.currency = f.currency
                 WHERE b.ledger_id <> t.ledger_id OR f.effective_at <> t.effective_at OR f.created_at <> t.created_at) THEN
        RAISE EXCEPTION 'an entry does not belong to its transaction' USING ERRCODE = 'check_violation', CONSTRAINT = 'entries_same_ledger', TABLE = 'entries';
      END IF;
      -- REL-02: versions follow on without a gap, and the balance is the one before plus the entries
      IF EXISTS (SELECT FROM (SELECT tenant_id, account_id, currency, count(*) AS n, min(version) AS lo, max(version) AS hi,
                                     sum(CASE direction WHEN 'debit' THEN amount ELSE -amount END) AS change
                              FROM fresh GROUP BY 1, 2, 3) f
                 LEFT JOIN public.balances b ON b.tenant_id = f.tenant_id AND b.account_id = f.account_id AND b.currency = f.currency
                 LEFT JOIN public.entries p ON p.tenant_id = f.tenant_id AND p.account_id = f.account_id AND p.currency = f.currency AND p.version = f.lo - 1
                 LEFT JOIN public.entries l ON l.tenant_id = f.tenant_id AND l.account_id = f.account_id AND l.currency = f.currency AND l.version = f.hi
                 WHERE b.version IS DISTINCT FROM f.hi OR f.n <> f.hi - f.lo + 1 OR (f.lo > 1 AND p.version IS NULL)
                    OR l.balance_after IS DISTINCT FROM b.posted_debits - b.posted_credits
                    OR l.balance_after IS DISTINCT FROM COALESCE(p.balance_after, 0) + f.change) THEN
        RAISE EXCEPTION 'balances do not follow from their entries' USING ERRCODE = 'check_violation', CONSTRAINT = 'entries_balance', TABLE = 'entries';
      END IF;
      RETURN NULL;
    END $$;
    ${checkFunction('daybook_system.check_entries()')}
    CREATE TRIGGER entries_check AFTER INSERT ON entries REFERENCING NEW TABLE AS fresh
      FOR EACH STATEMENT EXECUTE FUNCTION daybook_system.check_entries();

    CREATE FUNCTION daybook_system.check_transactions() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER ${BY_INDEX} AS $$
    BEGIN
      IF EXISTS (SELECT FROM fresh t WHERE NOT EXISTS (SELECT FROM public.entries e WHERE e.tenant_id = t.tenant_id AND e.transaction_id = t.id)) THEN
        RAISE EXCEPTION 'a transaction has no entries' USING ERRCODE = 'check_violation', CONSTRAINT = 'transactions_entries', TABLE = 'transactions';
      END IF;
      -- gapless: the statement's sequences follow on from what is there, and the head is the last of them
      IF EXISTS (SELECT FROM (SELECT tenant_id, ledger_id, count(*) AS n, min(sequence) AS lo, max(sequence) AS hi FROM fresh GROUP BY 1, 2) f
                 LEFT JOIN public.ledger_heads h ON h.tenant_id = f.tenant_id AND h.ledger_id = f.ledger_id
                 WHERE h.sequence IS DISTINCT FROM f.hi OR f.n <> f.hi - f.lo + 1
                    OR (f.lo > 1 AND NOT EXISTS (SELECT FROM public.transactions p WHERE p.tenant_id = f.tenant_id AND p.ledger_id = f.ledger_id AND p.sequence = f.lo - 1))) THEN
        RAISE EXCEPTION 'sequences have a gap' USING ERRCODE = 'check_violation', CONSTRAINT = 'transactions_gapless', TABLE = 'transactions';
      END IF;
      RETURN NULL;
    END $$;
    ${checkFunction('daybook_system.check_transactions()')}
    CREATE TRIGGER transactions_check AFTER INSERT ON transactions REFERENCING NEW TABLE AS fresh
      FOR EACH STATEMENT EXECUTE FUNCTION daybook_system.check_transactions();

    -- A balance or head changes only together with the rows that explain it: forward, one step per entry. The checks
    -- above catch a wrong step; this one catches a step without entries, when the transaction ends.
    CREATE FUNCTION daybook_system.check_balance_explained() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER ${BY_INDEX} AS $$
    BEGIN
      IF EXISTS (SELECT FROM fresh f LEFT JOIN public.entries e
                   ON e.tenant_id = f.tenant_id AND e.account_id = f.account_id AND e.currency = f.currency AND e.version = f.version
                 WHERE e.balance_after IS DISTINCT FROM f.posted_debits - f.posted_credits) THEN
        RAISE EXCEPTION 'a balance has no entry that explains it' USING ERRCODE = 'check_violation', CONSTRAINT = 'balances_explained', TABLE = 'balances';
      END IF;
      RETURN NULL;
    END $$;
    ${checkFunction('daybook_system.check_balance_explained()')}
    CREATE TRIGGER balances_explained_insert AFTER INSERT ON balances REFERENCING NEW TABLE AS fresh
      FOR EACH STATEMENT EXECUTE FUNCTION daybook_system.check_balance_explained();
    CREATE TRIGGER balances_explained_update AFTER UPDATE ON balances REFERENCING NEW TABLE AS fresh
      FOR EACH STATEMENT EXECUTE FUNCTION daybook_system.check_balance_explained();

    -- A plan that was made for an empty table stays in use while the table fills up, until statistics are gathered. The
    -- server does that once a minute, which a busy new ledger cannot wait for: the engine asks for it as tables grow.
    CREATE FUNCTION daybook_system.analyze_grown_tables() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DECLARE name text;
    BEGIN
      FOR name IN
        SELECT s.relname FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
         WHERE s.schemaname = 'public' AND s.relname IN ('accounts', 'balances', 'entries', 'idempotency_keys', 'transactions')
           AND s.n_mod_since_analyze > 250 + greatest(c.reltuples, 0) / 2
      LOOP
        EXECUTE format('ANALYZE public.%I', name);
      END LOOP;
    END $$;
    ALTER FUNCTION daybook_system.analyze_grown_tables() OWNER TO daybook_owner; -- only the owner may
    REVOKE ALL ON FUNCTION daybook_system.analyze_grown_tables() FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION daybook_system.analyze_grown_tables() TO daybook_app;
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only: restore, or write the next one'));
  }
}
