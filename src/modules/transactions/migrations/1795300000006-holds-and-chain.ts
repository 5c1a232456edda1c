import { createHash } from 'node:crypto';
import { type MigrationInterface, type QueryRunner } from 'typeorm';
import { canonicalJson } from '../../../common/crypto/canonical-json';
import { MIGRATION_SETTINGS, systemFunction, tenantTable } from '../../../platform/database/tenant-table';

/** See the ledger's first migration: how checks find rows, and as whom they look. */
const BY_INDEX = `SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_mergejoin = off SET enable_material = off`;
const checkFunction = (signature: string): string => `
    ALTER FUNCTION ${signature} OWNER TO daybook_system;
    REVOKE ALL ON FUNCTION ${signature} FROM PUBLIC;`;

/** What an entry does to the posted balance, debits positive. */
const CHANGE = `CASE WHEN kind IN ('held', 'released') THEN 0 WHEN direction = 'debit' THEN amount ELSE -amount END`;
const POSTED = `kind NOT IN ('held', 'released')`;
const PENDING = `CASE kind WHEN 'held' THEN amount WHEN 'released' THEN -amount END`;
/** What the entries of a balance come to. */
const SUMS = `SELECT count(*) AS n,
            COALESCE(sum(amount) FILTER (WHERE ${POSTED} AND direction = 'debit'), 0) AS d, COALESCE(sum(amount) FILTER (WHERE ${POSTED} AND direction = 'credit'), 0) AS c,
            COALESCE(sum(${PENDING}) FILTER (WHERE direction = 'debit'), 0) AS pd, COALESCE(sum(${PENDING}) FILTER (WHERE direction = 'credit'), 0) AS pc
            FROM public.entries e WHERE e.tenant_id = f.tenant_id AND e.account_id = f.account_id AND e.currency = f.currency`;

/** What the metadata of transactions says in a word. */
const scalarsOf = (table: string) => `
        SELECT f.tenant_id, f.ledger_id, m.key, m.value #>> '{}', f.sequence FROM ${table} f CROSS JOIN LATERAL jsonb_each(f.metadata) m
         WHERE f.metadata <> '{}' AND jsonb_typeof(m.value) IN ('string', 'number', 'boolean') AND length(m.key) <= 255 AND length(m.value #>> '{}') <= 255`;

/** Functions of lists, which read about as many rows as they give, however long the ledger is. */
const forLists = (signature: string): string => `
    ALTER FUNCTION ${signature} OWNER TO daybook_owner;
    REVOKE ALL ON FUNCTION ${signature} FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION ${signature} TO daybook_app;`;
const OF_CALLER = `SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_material = off`;
const BY_AMOUNT = `e.transaction_id, e.amount FROM public.entries e
         WHERE e.tenant_id = public.current_tenant_id() AND e.ledger_id = p_ledger AND e.currency = p_currency AND e.direction = 'debit'
           AND e.amount >= p_least AND e.amount <= p_most AND (e.amount, e.transaction_id) > (p_after, p_after_id) AND (e.amount, e.transaction_id) < (p_before, p_before_id)
           AND NOT EXISTS (SELECT FROM public.entries o WHERE o.tenant_id = e.tenant_id AND o.transaction_id = e.transaction_id AND o.currency = e.currency AND o.direction = 'debit'
                             AND o.amount >= p_least AND (o.amount, o.position) < (e.amount, e.position) OFFSET 0)`;
const HALVING_AND_MERGING = `
    -- The last transaction of a ledger at or before a moment, 0 where there is none; by halving, as above.
    CREATE FUNCTION ledger_sequence_at(p_ledger uuid, p_moment timestamptz) RETURNS bigint LANGUAGE plpgsql STABLE ${OF_CALLER} AS $$
    DECLARE v_low bigint := 0; v_high bigint; v_middle bigint; v_at timestamptz;
    BEGIN
      SELECT sequence INTO v_high FROM ledger_heads WHERE tenant_id = current_tenant_id() AND ledger_id = p_ledger;
      WHILE v_low < v_high LOOP
        v_middle := (v_low + v_high + 1) / 2;
        SELECT created_at INTO v_at FROM transactions WHERE tenant_id = current_tenant_id() AND ledger_id = p_ledger AND sequence = v_middle;
        IF v_at <= p_moment THEN v_low := v_middle; ELSE v_high := v_middle - 1; END IF;
      END LOOP;
      RETURN v_low;
    END $$;
    ${forLists('ledger_sequence_at(uuid, timestamptz)')}

    -- The last entry of a balance whose transaction comes before a sequence, 0 where there is none. The newest is looked
    -- at first, as lists begin there. Then where it would be if the entries were spread evenly, and every other time in
    -- the middle, in case they are not.
    CREATE FUNCTION entry_version_before(p_account uuid, p_currency text, p_sequence bigint) RETURNS bigint LANGUAGE plpgsql STABLE ${OF_CALLER} AS $$
    DECLARE v_low bigint := 0; v_low_at bigint := 0; v_high bigint; v_high_at bigint; v_middle bigint; v_sequence bigint; v_even boolean := true;
    BEGIN
      IF p_sequence <= 1 THEN RETURN 0; END IF;
      SELECT version INTO v_high FROM balances WHERE tenant_id = current_tenant_id() AND account_id = p_account AND currency = p_currency;
      v_middle := v_high;
      WHILE v_low < v_high LOOP
        SELECT t.sequence INTO v_sequence FROM entries e JOIN transactions t ON t.tenant_id = e.tenant_id AND t.id = e.transaction_id
         WHERE e.tenant_id = current_tenant_id() AND e.account_id = p_account AND e.currency = p_currency AND e.version = v_middle;
        IF v_sequence < p_sequence THEN v_low := v_middle; v_low_at := v_sequence; ELSE v_high := v_middle - 1; v_high_at := v_sequence; END IF;
        v_middle := CASE WHEN v_even AND v_high_at > v_low_at
                         THEN LEAST(v_high, v_low + 1 + ((v_high - v_low)::numeric * (p_sequence - v_low_at) / (v_high_at - v_low_at))::bigint)
                         ELSE (v_low + v_high + 1) / 2 END;
        v_even := NOT v_even;
      END LOOP;
      RETURN v_low;
    END $$;
    ${forLists('entry_version_before(uuid, text, bigint)')}

    -- The transactions between two sequences (both exclusive) that have an entry in one of the balances, newest or oldest
    -- first: the heads of all balances are compared and the best one taken, so that no balance is read beyond the answer.
    CREATE FUNCTION transactions_of_balances(p_accounts uuid[], p_currencies text[], p_after bigint, p_before bigint, p_newest boolean, p_limit integer)
      RETURNS TABLE (id uuid, sequence bigint) LANGUAGE plpgsql STABLE ${OF_CALLER} AS $$
    #variable_conflict use_column
    DECLARE
      v_step integer := CASE WHEN p_newest THEN -1 ELSE 1 END;
      v_versions bigint[]; v_sequences bigint[]; v_ids uuid[]; v_due integer[];
      v_best bigint; v_id uuid; v_sequence bigint; i integer; n integer := 0;
    BEGIN
      FOR i IN 1 .. cardinality(p_accounts) LOOP
        v_versions[i] := CASE WHEN p_newest THEN entry_version_before(p_accounts[i], p_currencies[i], p_before) + 1
                              ELSE entry_version_before(p_accounts[i], p_currencies[i], p_after + 1) END;
        v_due[i] := i;
      END LOOP;
      WHILE n < p_limit LOOP
        FOREACH i IN ARRAY v_due LOOP
          v_versions[i] := v_versions[i] + v_step;
          v_id := NULL; v_sequence := NULL;
          SELECT t.id, t.sequence INTO v_id, v_sequence FROM entries e JOIN transactions t ON t.tenant_id = e.tenant_id AND t.id = e.transaction_id
           WHERE e.tenant_id = current_tenant_id() AND e.account_id = p_accounts[i] AND e.currency = p_currencies[i] AND e.version = v_versions[i];
          v_ids[i] := v_id;
          v_sequences[i] := CASE WHEN v_sequence > p_after AND v_sequence < p_before THEN v_sequence END;
        END LOOP;
        v_best := NULL;
        FOR i IN 1 .. cardinality(p_accounts) LOOP
          IF v_best IS NULL OR (p_newest AND v_sequences[i] > v_best) OR (NOT p_newest AND v_sequences[i] < v_best) THEN v_best := v_sequences[i]; v_id := v_ids[i]; END IF;
        END LOOP;
        EXIT WHEN v_best IS NULL;
        -- one transaction may have entries in several of the balances, and several in one
        v_due := '{}';
        FOR i IN 1 .. cardinality(p_accounts) LOOP
          IF v_sequences[i] = v_best THEN v_due := v_due || i; END IF;
        END LOOP;
        IF sequence IS DISTINCT FROM v_best THEN
          id := v_id; sequence := v_best; n := n + 1;
          RETURN NEXT;
        END IF;
      END LOOP;
    END $$;
    ${forLists('transactions_of_balances(uuid[], text[], bigint, bigint, boolean, integer)')}

    -- Transactions by the smallest of their debits between two amounts, between two places (both exclusive) of that order.
    -- Comparing numerics is not leakproof, so row-level security would keep the index from being used.
    CREATE FUNCTION daybook_system.transactions_by_amount(p_ledger uuid, p_currency text, p_least numeric, p_most numeric,
                                                          p_after numeric, p_after_id uuid, p_before numeric, p_before_id uuid, p_upward boolean, p_limit integer)
      RETURNS TABLE (transaction_id uuid, amount numeric) LANGUAGE plpgsql STABLE SECURITY DEFINER ${BY_INDEX} SET enable_hashjoin = off SET enable_bitmapscan = off AS $$
    #variable_conflict use_column
    BEGIN
      IF p_upward THEN
        RETURN QUERY SELECT ${BY_AMOUNT} ORDER BY e.amount, e.transaction_id LIMIT p_limit;
      ELSE
        RETURN QUERY SELECT ${BY_AMOUNT} ORDER BY e.amount DESC, e.transaction_id DESC LIMIT p_limit;
      END IF;
    END $$;
    ${systemFunction('daybook_system.transactions_by_amount(uuid, text, numeric, numeric, numeric, uuid, numeric, uuid, boolean, integer)')}
`;

/**
 * Holds, reversals, limits and the hash chain.
 *
 * Every change of a ledger is a row of `transactions`, immutable and in the gapless sequence, holds and what becomes of
 * them included: a hold has `held` entries, which count in the pending balance; a capture, void or expiry `released`
 * ones, which take them out again. What may still change has its state in `holds` and `reversals`, and the checks
 * compare it with the rows that explain it.
 *
 * The foreign keys of entries and transactions go: PostgreSQL checks them row by row, which was half of a batch's time.
 * The statement checks ask the same of all rows at once (docs/decisions/0006-checks-per-statement.md).
 */
export class HoldsAndChain1795300000006 implements MigrationInterface {
  readonly name = 'HoldsAndChain1795300000006';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`${MIGRATION_SETTINGS}
    ALTER TABLE ledgers ADD COLUMN unknown_accounts text NOT NULL DEFAULT 'refused',
      ADD CONSTRAINT ledgers_unknown_accounts_check CHECK (unknown_accounts IN ('refused', 'created'));
    ALTER TABLE ledger_heads ADD COLUMN hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex'), ADD COLUMN accounts_version bigint NOT NULL DEFAULT 0,
      ADD CONSTRAINT ledger_heads_hash_check CHECK (length(hash) = 32);
    ALTER TABLE accounts ADD COLUMN frozen text, ADD COLUMN limits jsonb NOT NULL DEFAULT '[]',
      ADD CONSTRAINT accounts_frozen_check CHECK (frozen IN ('debit', 'credit', 'both'));
    COMMENT ON COLUMN accounts.limits IS 'Per currency; amounts are minor units as text.';
    ALTER TABLE balances ADD COLUMN pending_debits numeric(38,0) NOT NULL DEFAULT 0, ADD COLUMN pending_credits numeric(38,0) NOT NULL DEFAULT 0,
      DROP CONSTRAINT balances_sign_check,
      ADD CONSTRAINT balances_sign_check CHECK (posted_debits >= 0 AND posted_credits >= 0 AND pending_debits >= 0 AND pending_credits >= 0);

    -- a third of the index over the texts, and every posting adds to it (src/platform/http/idempotency/idempotency-id.ts)
    ALTER TABLE idempotency_keys ADD COLUMN id uuid;
    UPDATE idempotency_keys SET id = substr(encode(sha256(convert_to(principal_id || ' ' || operation || ' ' || key, 'UTF8')), 'hex'), 1, 32)::uuid;
    ALTER TABLE idempotency_keys DROP CONSTRAINT idempotency_keys_pkey, ADD PRIMARY KEY (tenant_id, id);

    DROP TRIGGER entries_check ON entries;
    DROP TRIGGER transactions_check ON transactions;
    DROP TRIGGER balances_explained_insert ON balances;
    DROP TRIGGER balances_explained_update ON balances;
    ALTER TABLE entries DISABLE TRIGGER entries_immutable;
    ALTER TABLE transactions DISABLE TRIGGER transactions_immutable;

    ALTER TABLE transactions
      ADD COLUMN kind text NOT NULL DEFAULT 'posting',
      ADD COLUMN parent_id uuid,
      ADD COLUMN template_id uuid,
      ADD COLUMN hash bytea,
      ADD CONSTRAINT transactions_kind_check CHECK (kind IN ('posting', 'hold', 'capture', 'void', 'expiry', 'reversal')),
      ADD CONSTRAINT transactions_parent_check CHECK ((parent_id IS NULL) = (kind IN ('posting', 'hold'))),
      ADD CONSTRAINT transactions_parent_fkey FOREIGN KEY (tenant_id, parent_id) REFERENCES transactions (tenant_id, id),
      ADD CONSTRAINT transactions_hash_check CHECK (length(hash) = 32),
      DROP CONSTRAINT transactions_status_check,
      DROP COLUMN status,
      DROP CONSTRAINT transactions_ledger_fkey;
    ALTER TABLE transactions ALTER COLUMN kind DROP DEFAULT;
    COMMENT ON COLUMN transactions.parent_id IS 'Of a capture, void or expiry: the hold. Of a reversal: the original.';
    COMMENT ON COLUMN transactions.hash IS 'SHA-256 of the hash before it in the ledger and the canonical transaction.';
    CREATE INDEX transactions_parent ON transactions (tenant_id, parent_id) WHERE parent_id IS NOT NULL;
    -- prefixes are ranges, in an order that is the same under any locale
    ALTER TABLE transactions ALTER COLUMN reference TYPE text COLLATE "C";
    CREATE INDEX transactions_effective ON transactions (tenant_id, ledger_id, effective_at, sequence);
    CREATE INDEX transactions_kind ON transactions (tenant_id, ledger_id, kind, sequence) WHERE kind <> 'posting';
    CREATE INDEX balances_currency ON balances (tenant_id, ledger_id, currency, account_id);

    ALTER TABLE entries
      ADD COLUMN ledger_id uuid,
      ADD COLUMN kind text NOT NULL DEFAULT 'posted',
      ADD CONSTRAINT entries_kind_check CHECK (kind IN ('posted', 'captured', 'reversed', 'held', 'released')),
      -- as many as the balance says, above zero and none twice: dense
      ADD CONSTRAINT entries_version_check CHECK (version > 0),
      DROP CONSTRAINT entries_transaction_fkey,
      DROP CONSTRAINT entries_balance_fkey;
    ALTER TABLE entries ALTER COLUMN kind DROP DEFAULT;
    UPDATE entries e SET ledger_id = t.ledger_id FROM transactions t WHERE t.tenant_id = e.tenant_id AND t.id = e.transaction_id;
    ALTER TABLE entries ALTER COLUMN ledger_id SET NOT NULL;
    CREATE INDEX entries_amount ON entries (tenant_id, ledger_id, currency, amount, transaction_id) WHERE direction = 'debit';

    -- Transactions by what their metadata says: a jsonb index cannot be used under row-level security, equal texts can.
    CREATE TABLE transaction_metadata (
      tenant_id uuid NOT NULL DEFAULT current_tenant_id(),
      ledger_id uuid NOT NULL,
      key       text COLLATE "C" NOT NULL,
      value     text COLLATE "C" NOT NULL,
      sequence  bigint NOT NULL,
      PRIMARY KEY (tenant_id, ledger_id, key, value, sequence),
      CONSTRAINT transaction_metadata_length_check CHECK (length(key) <= 255 AND length(value) <= 255)
    );
    COMMENT ON TABLE transaction_metadata IS 'Scalars of at most 255 characters at the top of the metadata, as text.';
    ${tenantTable('transaction_metadata', 'SELECT')}
    GRANT INSERT ON transaction_metadata TO daybook_system;
    INSERT INTO transaction_metadata (tenant_id, ledger_id, key, value, sequence) ${scalarsOf('transactions')};

    -- A hold from the moment it is made: how much of it is left, and what became of it. Its entries never change.
    CREATE TABLE holds (
      tenant_id      uuid NOT NULL DEFAULT current_tenant_id(),
      transaction_id uuid NOT NULL,
      ledger_id      uuid NOT NULL,
      sequence       bigint NOT NULL,
      status         text NOT NULL,
      expires_at     timestamptz,
      remaining      numeric(38,0)[] NOT NULL,
      PRIMARY KEY (tenant_id, transaction_id),
      CONSTRAINT holds_transaction_fkey FOREIGN KEY (tenant_id, transaction_id) REFERENCES transactions (tenant_id, id),
      CONSTRAINT holds_status_check CHECK (status IN ('pending', 'posted', 'voided', 'expired')),
      CONSTRAINT holds_remaining_check CHECK (0 <= ALL (remaining) AND (status = 'pending') = (0 < ANY (remaining)))
    ) WITH (fillfactor = 70);
    COMMENT ON COLUMN holds.remaining IS 'Per entry of the hold, in their order: minor units that are still reserved.';
    CREATE INDEX holds_due ON holds (expires_at) WHERE status = 'pending' AND expires_at IS NOT NULL;
    CREATE INDEX holds_ledger_due ON holds (tenant_id, ledger_id, expires_at) WHERE status = 'pending' AND expires_at IS NOT NULL;
    CREATE INDEX holds_status ON holds (tenant_id, ledger_id, status, sequence);
    ${tenantTable('holds', 'SELECT, INSERT, UPDATE')}

    -- A posted transaction that was reversed at least in part: how much of it is left to reverse.
    CREATE TABLE reversals (
      tenant_id      uuid NOT NULL DEFAULT current_tenant_id(),
      transaction_id uuid NOT NULL,
      ledger_id      uuid NOT NULL,
      sequence       bigint NOT NULL,
      whole          boolean NOT NULL,
      remaining      numeric(38,0)[] NOT NULL,
      PRIMARY KEY (tenant_id, transaction_id),
      CONSTRAINT reversals_transaction_fkey FOREIGN KEY (tenant_id, transaction_id) REFERENCES transactions (tenant_id, id),
      CONSTRAINT reversals_remaining_check CHECK (0 <= ALL (remaining) AND whole = (NOT 0 < ANY (remaining)))
    ) WITH (fillfactor = 70);
    COMMENT ON COLUMN reversals.remaining IS 'Per entry of the original, in their order: minor units that were not reversed yet.';
    CREATE INDEX reversals_whole ON reversals (tenant_id, ledger_id, sequence) WHERE whole;
    ${tenantTable('reversals', 'SELECT, INSERT, UPDATE')}
    `);
    await chainWhatIsThere(runner);
    await runner.query(`
    ALTER TABLE transactions ALTER COLUMN hash SET NOT NULL;
    ALTER TABLE entries ENABLE TRIGGER entries_immutable;
    ALTER TABLE transactions ENABLE TRIGGER transactions_immutable;
    -- what others refer to is not removed: nothing else keeps entries from standing alone
    CREATE TRIGGER ledgers_kept BEFORE DELETE OR TRUNCATE ON ledgers EXECUTE FUNCTION refuse_change();
    CREATE TRIGGER ledger_heads_kept BEFORE DELETE OR TRUNCATE ON ledger_heads EXECUTE FUNCTION refuse_change();
    CREATE TRIGGER currencies_kept BEFORE DELETE OR TRUNCATE ON currencies EXECUTE FUNCTION refuse_change();
    CREATE TRIGGER accounts_kept BEFORE DELETE OR TRUNCATE ON accounts EXECUTE FUNCTION refuse_change();
    CREATE TRIGGER balances_kept BEFORE DELETE OR TRUNCATE ON balances EXECUTE FUNCTION refuse_change();
    CREATE TRIGGER holds_kept BEFORE DELETE OR TRUNCATE ON holds EXECUTE FUNCTION refuse_change();
    CREATE TRIGGER reversals_kept BEFORE DELETE OR TRUNCATE ON reversals EXECUTE FUNCTION refuse_change();
    -- nor does it become another: codes of accounts are in the chain, sides and scales say what the numbers mean
    CREATE FUNCTION refuse_another() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
    BEGIN
      RAISE EXCEPTION 'what identifies rows of % is never changed', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END $$;
    ALTER FUNCTION refuse_another() OWNER TO daybook_owner;
    CREATE TRIGGER ledger_heads_same BEFORE UPDATE OF tenant_id, ledger_id ON ledger_heads EXECUTE FUNCTION refuse_another();
    CREATE TRIGGER currencies_same BEFORE UPDATE OF tenant_id, code, scale, custom ON currencies EXECUTE FUNCTION refuse_another();
    CREATE TRIGGER accounts_same BEFORE UPDATE OF tenant_id, id, ledger_id, code, type, normal_balance ON accounts EXECUTE FUNCTION refuse_another();
    CREATE TRIGGER reversals_same BEFORE UPDATE OF tenant_id, transaction_id, ledger_id, sequence ON reversals EXECUTE FUNCTION refuse_another();

    -- A statement that inserts entries leaves whole, balanced transactions and balances that agree with them. Once per
    -- statement, over all its rows: per row it would cost more than the insert.
    CREATE OR REPLACE FUNCTION daybook_system.check_entries() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER ${BY_INDEX} SET enable_hashjoin = off AS $$
    BEGIN
      -- REL-01: what is posted balances, and so does what is held and released
      IF EXISTS (SELECT FROM fresh GROUP BY tenant_id, transaction_id, currency, kind
                 HAVING sum(CASE direction WHEN 'debit' THEN amount ELSE -amount END) <> 0) THEN
        RAISE EXCEPTION 'debits and credits differ' USING ERRCODE = 'check_violation', CONSTRAINT = 'entries_zero_sum', TABLE = 'entries';
      END IF;
      -- all entries of a transaction in one statement, numbered from 0 and of its kind and times: none can be added later
      IF EXISTS (SELECT FROM (SELECT tenant_id, ledger_id, transaction_id, effective_at, created_at, count(*) AS n, max(position) AS last,
                                     bit_or(CASE kind WHEN 'posted' THEN 1 WHEN 'held' THEN 2 WHEN 'captured' THEN 4 WHEN 'released' THEN 8 ELSE 16 END) AS kinds
                              FROM fresh GROUP BY 1, 2, 3, 4, 5) f
                 LEFT JOIN public.transactions t ON t.tenant_id = f.tenant_id AND t.id = f.transaction_id AND t.ledger_id = f.ledger_id
                       AND t.effective_at = f.effective_at AND t.created_at = f.created_at
                 WHERE t.entry_count IS DISTINCT FROM f.n OR f.last <> f.n - 1
                    OR f.kinds <> CASE t.kind WHEN 'posting' THEN 1 WHEN 'hold' THEN 2 WHEN 'capture' THEN 12 WHEN 'reversal' THEN 16 ELSE 8 END) THEN
        RAISE EXCEPTION 'a transaction is not whole' USING ERRCODE = 'check_violation', CONSTRAINT = 'entries_whole', TABLE = 'entries';
      END IF;
      -- REL-06: a capture posts no more than it releases, account by account
      IF EXISTS (SELECT FROM fresh WHERE kind IN ('captured', 'released') GROUP BY tenant_id, transaction_id, account_id, currency, direction
                 HAVING sum(CASE kind WHEN 'captured' THEN amount ELSE -amount END) > 0) THEN
        RAISE EXCEPTION 'more is captured than released' USING ERRCODE = 'check_violation', CONSTRAINT = 'entries_captured', TABLE = 'entries';
      END IF;
      -- REL-02: the balance is what the last entry says, and each entry says what the ones after it leave
      IF EXISTS (SELECT FROM (SELECT tenant_id, ledger_id, account_id, currency, balance_after, max(version) OVER k AS last,
                                     sum(${CHANGE}) OVER k AS total, sum(${CHANGE}) OVER (k ORDER BY version) AS so_far
                              FROM fresh WINDOW k AS (PARTITION BY tenant_id, ledger_id, account_id, currency)) f
                 LEFT JOIN public.balances b ON b.tenant_id = f.tenant_id AND b.account_id = f.account_id AND b.currency = f.currency AND b.ledger_id = f.ledger_id
                 WHERE b.version IS DISTINCT FROM f.last OR f.balance_after <> b.posted_debits - b.posted_credits - f.total + f.so_far) THEN
        RAISE EXCEPTION 'balances do not follow from their entries' USING ERRCODE = 'check_violation', CONSTRAINT = 'entries_balance', TABLE = 'entries';
      END IF;
      RETURN NULL;
    END $$;
    ${checkFunction('daybook_system.check_entries()')}
    CREATE TRIGGER entries_check AFTER INSERT ON entries REFERENCING NEW TABLE AS fresh
      FOR EACH STATEMENT EXECUTE FUNCTION daybook_system.check_entries();

    -- A balance changes only together with the entries that explain it: each of its four sums by what they say, and its
    -- version by how many they are.
    DROP FUNCTION daybook_system.check_balance_explained();
    CREATE FUNCTION daybook_system.check_balance_explained() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER ${BY_INDEX} SET enable_nestloop = off AS $$
    DECLARE unexplained boolean;
    BEGIN
      IF TG_OP = 'INSERT' THEN
        unexplained := EXISTS (SELECT FROM fresh f CROSS JOIN LATERAL (
          ${SUMS} AND e.version <= f.version) s
          WHERE (s.n, s.d, s.c, s.pd, s.pc) <> (f.version, f.posted_debits, f.posted_credits, f.pending_debits, f.pending_credits));
      ELSE
        unexplained := EXISTS (SELECT FROM fresh f LEFT JOIN stale o ON o.tenant_id = f.tenant_id AND o.account_id = f.account_id AND o.currency = f.currency
          CROSS JOIN LATERAL (
          ${SUMS} AND e.version > o.version AND e.version <= f.version) s
          WHERE o.version IS NULL OR o.ledger_id <> f.ledger_id OR (s.n, s.d, s.c, s.pd, s.pc)
             <> (f.version - o.version, f.posted_debits - o.posted_debits, f.posted_credits - o.posted_credits, f.pending_debits - o.pending_debits, f.pending_credits - o.pending_credits));
      END IF;
      IF unexplained THEN
        RAISE EXCEPTION 'a balance has no entries that explain it' USING ERRCODE = 'check_violation', CONSTRAINT = 'balances_explained', TABLE = 'balances';
      END IF;
      RETURN NULL;
    END $$;
    ${checkFunction('daybook_system.check_balance_explained()')}
    CREATE TRIGGER balances_explained_insert AFTER INSERT ON balances REFERENCING NEW TABLE AS fresh
      FOR EACH STATEMENT EXECUTE FUNCTION daybook_system.check_balance_explained();
    CREATE TRIGGER balances_explained_update AFTER UPDATE ON balances REFERENCING OLD TABLE AS stale NEW TABLE AS fresh
      FOR EACH STATEMENT EXECUTE FUNCTION daybook_system.check_balance_explained();

    -- Counts changes of a ledger's accounts, whoever makes them: what a process remembers of them is good while it stands.
    CREATE FUNCTION count_account_changes() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
    BEGIN
      UPDATE ledger_heads h SET accounts_version = accounts_version + 1
        FROM (SELECT DISTINCT tenant_id, ledger_id FROM fresh) f WHERE h.tenant_id = f.tenant_id AND h.ledger_id = f.ledger_id;
      RETURN NULL;
    END $$;
    ALTER FUNCTION count_account_changes() OWNER TO daybook_owner;
    CREATE TRIGGER accounts_counted AFTER UPDATE ON accounts REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION count_account_changes();

    -- REL-06, REL-07: what is left of a hold is what was held minus what its captures, voids and expiry released; what is
    -- left to reverse of a transaction is what it posted minus what its reversals took back. Per account, side and currency.
    -- The state of a hold is what its last transaction made of it.
    CREATE FUNCTION daybook_system.remaining_is_explained(p_tenant uuid, p_transaction uuid) RETURNS boolean LANGUAGE sql STABLE ${BY_INDEX} AS $$
      WITH state AS (
        SELECT h.ledger_id, h.sequence, h.remaining, t.kind = 'hold' AND t.ledger_id = h.ledger_id AND t.sequence = h.sequence AND array_length(h.remaining, 1) = t.entry_count
               AND h.status = (SELECT CASE WHEN bool_or(c.kind = 'void') THEN 'voided' WHEN bool_or(c.kind = 'expiry') THEN 'expired' WHEN 0 < ANY (h.remaining) THEN 'pending' ELSE 'posted' END
                                 FROM public.transactions c WHERE c.tenant_id = p_tenant AND c.parent_id = p_transaction) AS fits
          FROM public.holds h JOIN public.transactions t ON t.tenant_id = h.tenant_id AND t.id = h.transaction_id
         WHERE h.tenant_id = p_tenant AND h.transaction_id = p_transaction
        UNION ALL
        SELECT r.ledger_id, r.sequence, r.remaining, t.kind IN ('posting', 'capture') AND t.ledger_id = r.ledger_id AND t.sequence = r.sequence AND array_length(r.remaining, 1) = t.entry_count
          FROM public.reversals r JOIN public.transactions t ON t.tenant_id = r.tenant_id AND t.id = r.transaction_id
         WHERE r.tenant_id = p_tenant AND r.transaction_id = p_transaction
      ), own AS (
        SELECT account_id, currency, direction, CASE kind WHEN 'released' THEN 0 ELSE amount END - (SELECT remaining[position + 1] FROM state) AS gone
          FROM public.entries WHERE tenant_id = p_tenant AND transaction_id = p_transaction
      ), taken AS (
        SELECT e.account_id, e.currency, CASE WHEN t.kind = 'reversal' THEN CASE e.direction WHEN 'debit' THEN 'credit' ELSE 'debit' END ELSE e.direction END AS direction, e.amount
          FROM public.transactions t JOIN public.entries e ON e.tenant_id = t.tenant_id AND e.transaction_id = t.id AND e.kind IN ('released', 'reversed') AND e.ledger_id = (SELECT ledger_id FROM state)
         WHERE t.tenant_id = p_tenant AND t.parent_id = p_transaction
      )
      SELECT COALESCE((SELECT bool_and(fits) FROM state), false)
         AND NOT EXISTS (SELECT FROM own WHERE gone IS NULL OR gone < 0)
         AND NOT EXISTS (SELECT FROM (SELECT account_id, currency, direction, gone FROM own UNION ALL SELECT account_id, currency, direction, -amount FROM taken) x
                          GROUP BY account_id, currency, direction HAVING sum(gone) IS DISTINCT FROM 0)
    $$;
    ${checkFunction('daybook_system.remaining_is_explained(uuid, uuid)')}
    CREATE FUNCTION daybook_system.check_remaining() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER ${BY_INDEX} AS $$
    BEGIN
      IF EXISTS (SELECT FROM fresh f WHERE NOT daybook_system.remaining_is_explained(f.tenant_id, f.transaction_id)) THEN
        RAISE EXCEPTION 'what remains does not follow from the entries' USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_explained', TABLE = TG_TABLE_NAME;
      END IF;
      RETURN NULL;
    END $$;
    ${checkFunction('daybook_system.check_remaining()')}
    CREATE TRIGGER holds_explained_insert AFTER INSERT ON holds REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION daybook_system.check_remaining();
    CREATE TRIGGER holds_explained_update AFTER UPDATE ON holds REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION daybook_system.check_remaining();
    CREATE TRIGGER reversals_explained_insert AFTER INSERT ON reversals REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION daybook_system.check_remaining();
    CREATE TRIGGER reversals_explained_update AFTER UPDATE ON reversals REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION daybook_system.check_remaining();

    -- REL-06: a hold leaves "pending" once, and nothing but its state and what is left of it ever changes; that becomes less.
    CREATE FUNCTION refuse_second_end() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
    BEGIN
      IF OLD.status <> 'pending' OR (OLD.tenant_id, OLD.transaction_id, OLD.ledger_id, OLD.sequence) <> (NEW.tenant_id, NEW.transaction_id, NEW.ledger_id, NEW.sequence)
         OR OLD.expires_at IS DISTINCT FROM NEW.expires_at THEN
        RAISE EXCEPTION 'the hold has come to its end' USING ERRCODE = 'restrict_violation';
      END IF;
      RETURN NEW;
    END $$;
    ALTER FUNCTION refuse_second_end() OWNER TO daybook_owner;
    CREATE FUNCTION refuse_more_remaining() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
    BEGIN
      IF EXISTS (SELECT FROM unnest(OLD.remaining, NEW.remaining) AS r (before, after) WHERE (after <= before) IS NOT TRUE) THEN
        RAISE EXCEPTION 'more remains than before' USING ERRCODE = 'restrict_violation';
      END IF;
      RETURN NEW;
    END $$;
    ALTER FUNCTION refuse_more_remaining() OWNER TO daybook_owner;
    CREATE TRIGGER holds_shrink BEFORE UPDATE ON holds FOR EACH ROW EXECUTE FUNCTION refuse_more_remaining();
    CREATE TRIGGER reversals_shrink BEFORE UPDATE ON reversals FOR EACH ROW EXECUTE FUNCTION refuse_more_remaining();
    CREATE TRIGGER holds_end_once BEFORE UPDATE ON holds FOR EACH ROW EXECUTE FUNCTION refuse_second_end();

    CREATE OR REPLACE FUNCTION daybook_system.check_transactions() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER ${BY_INDEX} SET enable_hashjoin = off AS $$
    BEGIN
      IF EXISTS (SELECT FROM fresh t WHERE NOT EXISTS (SELECT FROM public.entries e WHERE e.tenant_id = t.tenant_id AND e.transaction_id = t.id)) THEN
        RAISE EXCEPTION 'a transaction has no entries' USING ERRCODE = 'check_violation', CONSTRAINT = 'transactions_entries', TABLE = 'transactions';
      END IF;
      -- gapless: the statement's sequences follow on from what is there, and the head is the last of them; time does too
      IF EXISTS (SELECT FROM (SELECT tenant_id, ledger_id, count(*) AS n, min(sequence) AS lo, max(sequence) AS hi, (array_agg(hash ORDER BY sequence DESC))[1] AS hash,
                                     min(created_at) AS first, max(created_at) AS last FROM fresh GROUP BY 1, 2) f
                 LEFT JOIN public.ledger_heads h ON h.tenant_id = f.tenant_id AND h.ledger_id = f.ledger_id
                 LEFT JOIN public.transactions p ON p.tenant_id = f.tenant_id AND p.ledger_id = f.ledger_id AND p.sequence = f.lo - 1
                 WHERE h.sequence IS DISTINCT FROM f.hi OR h.hash <> f.hash OR f.n <> f.hi - f.lo + 1 OR (f.lo > 1 AND p.id IS NULL)
                    OR f.first <> f.last OR f.first < p.created_at) THEN
        RAISE EXCEPTION 'sequences have a gap' USING ERRCODE = 'check_violation', CONSTRAINT = 'transactions_gapless', TABLE = 'transactions';
      END IF;
      -- what settles a hold settles one of its ledger, what reverses takes back what was posted there
      IF EXISTS (SELECT FROM (SELECT tenant_id, ledger_id, kind, parent_id FROM fresh WHERE parent_id IS NOT NULL) f
                 LEFT JOIN public.transactions p ON p.tenant_id = f.tenant_id AND p.id = f.parent_id
                 WHERE p.ledger_id IS DISTINCT FROM f.ledger_id OR CASE f.kind WHEN 'reversal' THEN p.kind NOT IN ('posting', 'capture') ELSE p.kind <> 'hold' END) THEN
        RAISE EXCEPTION 'a transaction settles or reverses what it cannot' USING ERRCODE = 'check_violation', CONSTRAINT = 'transactions_parent', TABLE = 'transactions';
      END IF;
      IF EXISTS (SELECT FROM fresh f WHERE f.kind = 'hold' AND NOT EXISTS (SELECT FROM public.holds h WHERE h.tenant_id = f.tenant_id AND h.transaction_id = f.id))
         OR EXISTS (SELECT FROM (SELECT DISTINCT tenant_id, parent_id FROM fresh WHERE parent_id IS NOT NULL) f WHERE NOT daybook_system.remaining_is_explained(f.tenant_id, f.parent_id)) THEN
        RAISE EXCEPTION 'what remains does not follow from the entries' USING ERRCODE = 'check_violation', CONSTRAINT = 'transactions_explained', TABLE = 'transactions';
      END IF;
      RETURN NULL;
    END $$;
    ${checkFunction('daybook_system.check_transactions()')}
    CREATE TRIGGER transactions_check AFTER INSERT ON transactions REFERENCING NEW TABLE AS fresh
      FOR EACH STATEMENT EXECUTE FUNCTION daybook_system.check_transactions();

    -- A head moves only together with the transaction that it stands for, and stands for the last.
    CREATE FUNCTION daybook_system.check_head() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER ${BY_INDEX} AS $$
    DECLARE fits boolean;
    BEGIN
      IF NEW.sequence = 0 THEN
        fits := NEW.hash = decode(repeat('00', 32), 'hex') AND NEW.posted_at = '-infinity';
      ELSE
        fits := EXISTS (SELECT FROM public.transactions t WHERE t.tenant_id = NEW.tenant_id AND t.ledger_id = NEW.ledger_id AND t.sequence = NEW.sequence
                           AND t.hash = NEW.hash AND t.created_at = NEW.posted_at);
      END IF;
      IF NOT fits OR EXISTS (SELECT FROM public.transactions t WHERE t.tenant_id = NEW.tenant_id AND t.ledger_id = NEW.ledger_id AND t.sequence = NEW.sequence + 1) THEN
        RAISE EXCEPTION 'the head of a ledger is not its last transaction' USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_heads_explained', TABLE = 'ledger_heads';
      END IF;
      RETURN NULL;
    END $$;
    ${checkFunction('daybook_system.check_head()')}
    CREATE TRIGGER ledger_heads_explained_insert AFTER INSERT ON ledger_heads FOR EACH ROW EXECUTE FUNCTION daybook_system.check_head();
    CREATE TRIGGER ledger_heads_explained_update AFTER UPDATE ON ledger_heads FOR EACH ROW
      WHEN ((OLD.sequence, OLD.hash, OLD.posted_at) IS DISTINCT FROM (NEW.sequence, NEW.hash, NEW.posted_at)) EXECUTE FUNCTION daybook_system.check_head();

    CREATE FUNCTION daybook_system.list_metadata() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    BEGIN
      IF EXISTS (SELECT FROM fresh WHERE metadata <> '{}') THEN
        INSERT INTO public.transaction_metadata (tenant_id, ledger_id, key, value, sequence) ${scalarsOf('fresh')};
      END IF;
      RETURN NULL;
    END $$;
    ${checkFunction('daybook_system.list_metadata()')}
    CREATE TRIGGER transactions_metadata AFTER INSERT ON transactions REFERENCING NEW TABLE AS fresh
      FOR EACH STATEMENT EXECUTE FUNCTION daybook_system.list_metadata();

    -- The last entry of a balance at or before a moment, 0 where there is none. Versions and times rise together, so it is
    -- found by halving: a look at some twenty rows, however many there are.
    CREATE FUNCTION entry_version_at(p_account uuid, p_currency text, p_moment timestamptz) RETURNS bigint LANGUAGE plpgsql STABLE
      SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off AS $$
    DECLARE v_low bigint := 0; v_high bigint; v_middle bigint; v_at timestamptz;
    BEGIN
      SELECT version INTO v_high FROM balances WHERE tenant_id = current_tenant_id() AND account_id = p_account AND currency = p_currency;
      IF v_high IS NULL THEN RETURN 0; END IF;
      WHILE v_low < v_high LOOP
        v_middle := (v_low + v_high + 1) / 2;
        SELECT created_at INTO v_at FROM entries
         WHERE tenant_id = current_tenant_id() AND account_id = p_account AND currency = p_currency AND version = v_middle;
        IF v_at <= p_moment THEN v_low := v_middle; ELSE v_high := v_middle - 1; END IF;
      END LOOP;
      RETURN v_low;
    END $$;
    ALTER FUNCTION entry_version_at(uuid, text, timestamptz) OWNER TO daybook_owner;
    REVOKE ALL ON FUNCTION entry_version_at(uuid, text, timestamptz) FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION entry_version_at(uuid, text, timestamptz) TO daybook_app;

${HALVING_AND_MERGING}
    -- Ledgers in which a hold has expired and that is not recorded yet: ids only, for the job that records it.
    CREATE FUNCTION daybook_system.ledgers_with_due_holds(p_limit integer) RETURNS TABLE (tenant_id uuid, ledger_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
      SELECT DISTINCT d.tenant_id, d.ledger_id FROM (
        SELECT h.tenant_id, h.ledger_id FROM public.holds h WHERE h.status = 'pending' AND h.expires_at <= clock_timestamp() ORDER BY h.expires_at LIMIT p_limit) d
    $$;
    ALTER FUNCTION daybook_system.ledgers_with_due_holds(integer) OWNER TO daybook_system;
    REVOKE ALL ON FUNCTION daybook_system.ledgers_with_due_holds(integer) FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION daybook_system.ledgers_with_due_holds(integer) TO daybook_app;
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only: restore, or write the next one'));
  }
}

interface Row {
  readonly tenant_id: string;
  readonly ledger_id: string;
  readonly id: string;
  readonly sequence: string;
  readonly reference: string | null;
  readonly description: string | null;
  readonly effective_at: Date;
  readonly created_at: Date;
  readonly created_by: string;
  readonly metadata: Record<string, unknown>;
  readonly entries: string[][];
}

/** Chains the transactions that were posted before there was a chain. A frozen copy of the first form of the hash. */
async function chainWhatIsThere(runner: QueryRunner): Promise<void> {
  const heads = (await runner.query('SELECT tenant_id, ledger_id FROM ledger_heads WHERE sequence > 0')) as Row[];
  for (const { tenant_id, ledger_id } of heads) {
    let previous = '0'.repeat(64);
    for (let after = '0'; ;) {
      const rows = (await runner.query(
        `SELECT t.*, (SELECT json_agg(json_build_array(e.account_id, a.code, e.currency, e.direction, e.kind, e.amount::text, e.version::text, e.balance_after::text) ORDER BY e.position)
                        FROM entries e JOIN accounts a ON a.tenant_id = e.tenant_id AND a.id = e.account_id
                       WHERE e.tenant_id = t.tenant_id AND e.transaction_id = t.id) AS entries
           FROM transactions t WHERE t.tenant_id = $1 AND t.ledger_id = $2 AND t.sequence > $3 ORDER BY t.sequence LIMIT 1000`,
        [tenant_id, ledger_id, after],
      )) as Row[];
      if (rows.length === 0) break;
      const hashes = rows.map((row) => {
        const canonical = JSON.stringify([
          'daybook.transaction.1',
          row.ledger_id,
          row.sequence,
          row.id,
          'posting',
          null,
          null,
          row.reference,
          row.description,
          row.effective_at.toISOString(),
          row.created_at.toISOString(),
          row.created_by,
          null,
          canonicalJson(row.metadata),
          row.entries,
        ]);
        previous = createHash('sha256')
          .update(previous + canonical)
          .digest('hex');
        return previous;
      });
      await runner.query(
        `UPDATE transactions t SET hash = decode(h.hash, 'hex') FROM unnest($2::uuid[], $3::text[]) AS h (id, hash)
          WHERE t.tenant_id = $1 AND t.id = h.id`,
        [tenant_id, rows.map(({ id }) => id), hashes],
      );
      after = rows[rows.length - 1]?.sequence ?? after;
    }
    await runner.query(`UPDATE ledger_heads SET hash = decode($3, 'hex') WHERE tenant_id = $1 AND ledger_id = $2`, [
      tenant_id,
      ledger_id,
      previous,
    ]);
  }
}
