-- SPDX-License-Identifier: Apache-2.0
-- The large tables in partitions by range of their number, made ahead by petahour-settle.
--
-- Numbers grow with time, so a partition is a stretch of time: it can be moved to slower disks or
-- detached when nobody asks any more. What finds no partition goes to the DEFAULT one, so that
-- nothing waits for one; the view reconcile_partition says so.

DO $$
BEGIN
    IF EXISTS (SELECT FROM petahour.position WHERE last_seq > 0) THEN
        RAISE EXCEPTION 'this migration needs a database without rows, and these stand at record %',
            (SELECT max(last_seq) FROM petahour.position)
            USING HINT = 'make an empty database, migrate it, and start petahour-settle: it fills '
                         'it from the journal';
    END IF;
    IF EXISTS (SELECT FROM pg_constraint
                WHERE contype = 'f' AND confrelid = ANY (ARRAY['petahour.transfer'::regclass,
                      'petahour."order"'::regclass, 'petahour.contract'::regclass,
                      'petahour.segment'::regclass])) THEN
        RAISE EXCEPTION 'a table refers to one that gets partitions';
    END IF;
END $$;

SET LOCAL ROLE petahour_owner;
SET LOCAL search_path = petahour;

-- Views and policies read the tables that are made anew: kept as text, put back at the end.
CREATE TEMPORARY TABLE kept_view ON COMMIT DROP AS
    SELECT c.oid::bigint AS place, c.relname AS name,
           pg_get_viewdef(c.oid) AS definition, array_to_string(c.reloptions, ', ') AS options,
           (SELECT string_agg(r, ', ')
              FROM unnest(ARRAY['petahour_settle', 'petahour_auditor', 'petahour_member']) r
             WHERE has_table_privilege(r, c.oid, 'SELECT')) AS readers
      FROM pg_class c WHERE c.relnamespace = 'petahour'::regnamespace AND c.relkind = 'v';
CREATE TEMPORARY TABLE kept_policy ON COMMIT DROP AS
    SELECT tablename, policyname, cmd, array_to_string(roles, ', ') AS roles, qual
      FROM pg_policies WHERE schemaname = 'petahour';
DO $$
DECLARE
    one record;
BEGIN
    FOR one IN SELECT * FROM kept_policy LOOP
        EXECUTE format('DROP POLICY %I ON petahour.%I', one.policyname, one.tablename);
    END LOOP;
    FOR one IN SELECT * FROM kept_view LOOP
        EXECUTE format('DROP VIEW IF EXISTS petahour.%I CASCADE', one.name);
    END LOOP;
END $$;

-- What numbers a table goes by, and how many of them one partition holds. An operator may change
-- the width: it holds for the partitions that are made from then on.
CREATE TABLE partitioned (
    name   text PRIMARY KEY,
    key    text NOT NULL,
    grows  text NOT NULL CHECK (grows IN ('record', 'order', 'contract')),
    width  bigint NOT NULL DEFAULT 10000000 CHECK (width > 0),
    filled integer NOT NULL DEFAULT 100 CHECK (filled BETWEEN 10 AND 100)    -- percent of a page
);

-- Makes an empty table of the record a partitioned one: same columns, checks and row triggers.
CREATE PROCEDURE make_partitioned(the_name text, the_key text, grows_with text, primary_key text,
                                  page_filled integer DEFAULT 100)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE petahour.%I RENAME TO kept', the_name);
    EXECUTE format('CREATE TABLE petahour.%I (LIKE petahour.kept INCLUDING DEFAULTS
                    INCLUDING CONSTRAINTS) PARTITION BY RANGE (%I)', the_name, the_key);
    DROP TABLE petahour.kept;
    EXECUTE format('ALTER TABLE petahour.%I ADD PRIMARY KEY (%s)', the_name, primary_key);
    INSERT INTO petahour.partitioned (name, key, grows, filled)
    VALUES (the_name, the_key, grows_with, page_filled);
    EXECUTE format('CREATE TABLE petahour.%I PARTITION OF petahour.%I DEFAULT',
                   the_name || '_default', the_name);
END $$;

CALL make_partitioned('transfer', 'seq', 'record', 'seq, number');
CALL make_partitioned('order', 'id', 'order', 'id', 80);
CALL make_partitioned('contract', 'id', 'contract', 'id');
CALL make_partitioned('segment', 'contract', 'contract', 'contract, number');

-- The triggers of a partitioned table fire for rows of its partitions, but TRUNCATE of a partition
-- is its own affair.
CREATE PROCEDURE keep_partition(name regclass)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON %s
                    FOR EACH STATEMENT EXECUTE FUNCTION petahour.refuse_change()', name);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER append_only_truncate', name);
END $$;

CALL make_append_only('transfer');
CALL make_append_only('contract');
CALL make_append_only('segment');
CREATE TRIGGER ends_once BEFORE UPDATE OR DELETE ON "order"
    FOR EACH ROW EXECUTE FUNCTION order_ends_once();
CREATE TRIGGER ends_once_truncate BEFORE TRUNCATE ON "order"
    FOR EACH STATEMENT EXECUTE FUNCTION order_ends_once();
ALTER TABLE "order" ENABLE ALWAYS TRIGGER ends_once;
ALTER TABLE "order" ENABLE ALWAYS TRIGGER ends_once_truncate;
CALL keep_partition('transfer_default');
CALL keep_partition('order_default');
CALL keep_partition('contract_default');
CALL keep_partition('segment_default');

-- When delivery begins and ends, in seconds since 1970: what a person asks by.
ALTER TABLE contract
    ADD COLUMN begins_s bigint NOT NULL,
    ADD COLUMN ends_s bigint NOT NULL,
    ADD CONSTRAINT ends_later CHECK (begins_s < ends_s);

-- The index that a question needs, and no other: each costs a share of the rate.
CREATE INDEX order_of_participant ON "order" (participant, id);
CREATE INDEX contract_of_buyer ON contract (buyer, ends_s);
CREATE INDEX contract_of_supplier ON contract (supplier, ends_s);
CREATE INDEX contract_of_reseller ON contract (seller) WHERE from_contract IS NOT NULL;
CREATE INDEX contract_of_resold ON contract (from_contract) WHERE from_contract IS NOT NULL;
CREATE INDEX contract_by_time ON contract USING brin (at_ns) WITH (pages_per_range = 16);
CREATE INDEX transfer_out_of_contract ON transfer (debit_id) WHERE debit_kind IN (3, 4, 6, 7);
CREATE INDEX transfer_from_cash ON transfer (debit_id, seq) WHERE debit_kind = 2;
CREATE INDEX transfer_to_cash ON transfer (credit_id, seq) WHERE credit_kind = 2;

-- Makes the next partition of a table, after all others and after what DEFAULT took. It is attached
-- rather than created in place, because that does not wait for those who read the table.
CREATE FUNCTION make_next_partition(the_name text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = petahour, pg_temp AS $$
DECLARE
    p partitioned;
    place integer;
    from_key bigint;
    stray bigint;
    fresh text;
BEGIN
    SELECT * INTO STRICT p FROM partitioned WHERE name = the_name;
    SELECT count(*), coalesce(max((regexp_match(pg_get_expr(c.relpartbound, c.oid),
                                                'TO \(''?(\d+)''?\)'))[1]::bigint), 0)
      INTO place, from_key
      FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = format('petahour.%I', the_name)::regclass
       AND c.relname <> the_name || '_default';
    EXECUTE format('SELECT max(%I) + 1 FROM petahour.%I', p.key, the_name || '_default')
       INTO stray;
    from_key := greatest(from_key, stray);
    fresh := format('%s_p%s', the_name, place + 1);
    EXECUTE format('CREATE TABLE petahour.%I (LIKE petahour.%I INCLUDING DEFAULTS
                    INCLUDING CONSTRAINTS) WITH (fillfactor = %s)', fresh, the_name, p.filled);
    EXECUTE format('ALTER TABLE petahour.%I ATTACH PARTITION petahour.%I FOR VALUES FROM (%s) TO (%s)',
                   the_name, fresh, from_key, from_key + p.width);
    CALL keep_partition(format('petahour.%I', fresh)::regclass);
    RETURN from_key + p.width;
END $$;

-- Makes partitions until every table has room for these numbers and for one partition more. Gives
-- the numbers from which it is to be asked again.
CREATE FUNCTION partitions_ahead(last_record bigint, last_order bigint, last_contract bigint)
RETURNS TABLE (records bigint, orders bigint, contracts bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = petahour, pg_temp SET lock_timeout = '100ms' AS $$
DECLARE
    p partitioned;
    wanted bigint;
    room bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(7307199662470232);
    FOR p IN SELECT * FROM partitioned ORDER BY name LOOP
        wanted := p.width + CASE p.grows WHEN 'record' THEN last_record
                                         WHEN 'order' THEN last_order ELSE last_contract END;
        SELECT coalesce(max((regexp_match(pg_get_expr(c.relpartbound, c.oid),
                                          'TO \(''?(\d+)''?\)'))[1]::bigint), 0)
          INTO room
          FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
         WHERE i.inhparent = format('petahour.%I', p.name)::regclass
           AND c.relname <> p.name || '_default';
        WHILE room <= wanted LOOP
            room := make_next_partition(p.name);
        END LOOP;
        CASE p.grows WHEN 'record' THEN records := least(records, room - p.width);
                     WHEN 'order' THEN orders := least(orders, room - p.width);
                     ELSE contracts := least(contracts, room - p.width); END CASE;
    END LOOP;
    RETURN NEXT;
END $$;

CREATE TEMPORARY TABLE waiting_view ON COMMIT DROP AS SELECT * FROM kept_view;
DO $$
DECLARE
    one record;
    before bigint;
BEGIN
    -- A view may read another one that has yet to come back: those that cannot stand wait for the
    -- next round, as long as each round brings one back.
    LOOP
        before := (SELECT count(*) FROM waiting_view);
        FOR one IN SELECT * FROM waiting_view ORDER BY place LOOP
            BEGIN
                EXECUTE format('CREATE VIEW petahour.%I WITH (%s) AS %s', one.name, one.options,
                               one.definition);
                IF one.readers IS NOT NULL THEN
                    EXECUTE format('GRANT SELECT ON petahour.%I TO %s', one.name, one.readers);
                END IF;
                DELETE FROM waiting_view WHERE name = one.name;
            EXCEPTION WHEN undefined_table THEN
                CONTINUE;
            END;
        END LOOP;
        EXIT WHEN (SELECT count(*) FROM waiting_view) IN (0, before);
    END LOOP;
    FOR one IN SELECT relname AS name FROM pg_class
                WHERE relname IN ('transfer', 'order', 'contract', 'segment')
                  AND relnamespace = 'petahour'::regnamespace LOOP
        EXECUTE format('ALTER TABLE petahour.%I ENABLE ROW LEVEL SECURITY', one.name);
        EXECUTE format('ALTER TABLE petahour.%I FORCE ROW LEVEL SECURITY', one.name);
        EXECUTE format('GRANT SELECT ON petahour.%I TO petahour_settle, petahour_auditor,
                        petahour_member', one.name);
        EXECUTE format('GRANT INSERT ON petahour.%I TO petahour_settle', one.name);
    END LOOP;
    FOR one IN SELECT * FROM kept_policy LOOP
        EXECUTE format('CREATE POLICY %I ON petahour.%I FOR %s TO %s USING (%s)', one.policyname,
                       one.tablename, one.cmd, one.roles, one.qual);
    END LOOP;
END $$;

GRANT UPDATE (state, cancel_reason, cancelled, ended_seq) ON "order" TO petahour_settle;
GRANT SELECT ON partitioned TO petahour_auditor, petahour_settle;
REVOKE ALL ON FUNCTION make_next_partition, partitions_ahead FROM PUBLIC;
REVOKE ALL ON PROCEDURE make_partitioned, keep_partition FROM PUBLIC;
GRANT EXECUTE ON FUNCTION partitions_ahead TO petahour_settle;

-- Verify: four tables by range with a DEFAULT each, row security forced, triggers that fire always.
DO $$
BEGIN
    ASSERT (SELECT count(*) FROM pg_class c WHERE c.relnamespace = 'petahour'::regnamespace
             AND c.relkind = 'p' AND c.relrowsecurity AND c.relforcerowsecurity) = 4,
        'four tables have partitions and row security';
    ASSERT (SELECT count(*) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
             WHERE c.relname IN ('transfer', 'order', 'contract', 'segment', 'transfer_default',
                                 'order_default', 'contract_default', 'segment_default')
               AND NOT t.tgisinternal AND t.tgenabled = 'A') = 16,
        'rows and tables of the record are guarded always';
    ASSERT NOT EXISTS (SELECT FROM kept_view v
                        WHERE to_regclass('petahour.' || quote_ident(v.name)) IS NULL),
        'no view was lost';
END $$;
